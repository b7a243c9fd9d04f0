"""Which version a live schema is at, judged by what each version promises. Pure: no database is needed for it.

What is missing or different contradicts a version, and so does what another version has. What no version knows (a
city's own table, column or index) contradicts none. Engine, character sets, comments, options and the order of
columns are tolerated: real installs are MyISAM and latin1 where a migration that is run today makes InnoDB. But of two
versions that nothing contradicts, the one that has less to tolerate, and nothing that the other has not, is the better
fit, and the other is no match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from giveaminute.versioning.compare import Difference, Kind, Wording, compare, compare_tables
from giveaminute.versioning.describe import check_text, foreign_key_text
from giveaminute.versioning.promises import Promises
from giveaminute.versioning.schema import ForeignKey, Schema, Table

Key = tuple[Kind, "str | None", str]

NEAR = 100
"""Versions that are judged at least; of more, those that the names of tables and views leave possible, or nearest."""
MISSING_WEIGHT = 4
"""What is missing counts so much more than what is too much: no later migration brings it."""

_WORDING = Wording(expected="should be")
_TELLING = {
    Kind.ENGINE,
    Kind.COLLATION,
    Kind.COMMENT,
    Kind.OPTION,
    Kind.PARTITIONING,
    Kind.POSITION,
    Kind.VISIBILITY,
}
_ENFORCING = frozenset({None, "InnoDB"})
"""The engines that hold a foreign key; SQLite has none to name."""


class Weight(Enum):
    """What a difference says about a version."""

    CONTRADICTION = "contradiction"
    TOLERATED = "tolerated"
    REMARK = "remark"


@dataclass(frozen=True)
class Finding:
    """One difference between a version's promise and the live schema. `extra`: it is too much, not missing or other."""

    weight: Weight
    key: Key
    words: str
    extra: bool
    note: str = ""


@dataclass(frozen=True)
class Fit:
    """How well one version fits. `found`: how many of its `promised` tables and views are there."""

    version: int
    promised: int
    found: int
    findings: tuple[Finding, ...]

    def of(self, weight: Weight) -> tuple[Finding, ...]:
        """The findings of this weight."""
        return tuple(each for each in self.findings if each.weight is weight)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """In words."""
        return tuple(each.words for each in self.of(Weight.CONTRADICTION))

    @property
    def remarks(self) -> tuple[str, ...]:
        """All else that differs, in words."""
        return tuple(each.words for each in self.findings if each.weight is not Weight.CONTRADICTION)

    @property
    def distance(self) -> int:
        """0 where nothing contradicts."""
        return sum(1 if each.extra else MISSING_WEIGHT for each in self.of(Weight.CONTRADICTION))

    @property
    def tolerated(self) -> frozenset[Key]:
        """What could tell this version from another that nothing contradicts either."""
        return frozenset(each.key for each in self.of(Weight.TOLERATED))


@dataclass(frozen=True)
class NearMiss:
    """Versions that the same differences contradict."""

    versions: tuple[int, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """How each likely version fits; the others have other tables.

    `obstacle`: why nothing is known above the version `reached`.
    """

    fits: Mapping[int, Fit]
    reached: int
    obstacle: str | None = None
    unseen: tuple[str, ...] = ()
    """What this user's rights do not show, and tells nothing, in words."""

    @property
    def matches(self) -> tuple[int, ...]:
        """The versions that the live schema can be at."""
        possible = [fit for fit in self.fits.values() if not fit.contradictions]
        return tuple(fit.version for fit in possible if not any(_beats(other, fit) for other in possible))

    def near_misses(self) -> tuple[NearMiss, ...]:
        """The versions that are contradicted, nearest first; those that the same contradicts are one."""
        contradicted = sorted(
            (fit for fit in self.fits.values() if fit.contradictions),
            key=lambda fit: (fit.distance, -len(fit.contradictions), fit.contradictions, fit.version),
        )
        return tuple(
            NearMiss(tuple(fit.version for fit in fits), differences)
            for differences, fits in groupby(contradicted, key=lambda fit: fit.contradictions)
        )

    def against(self, version: int) -> tuple[str, ...]:
        """What speaks against this version, in words: what contradicts it, else where a match is the better fit."""
        fit = self.fits[version]
        if fit.contradictions or version in self.matches:
            return fit.contradictions
        better = [self.fits[match].tolerated for match in self.matches if _beats(self.fits[match], fit)]
        return tuple(each.words for each in fit.of(Weight.TOLERATED) if any(each.key not in keys for keys in better))


def _beats(one: Fit, other: Fit) -> bool:
    return one.tolerated < other.tolerated


def judge(promises: Promises, live: Schema, asked: int | None = None) -> Evidence:
    """How the versions that are likely fit the live schema, and the one that is asked for."""
    judging = _Judging(live, promises.schemas, {})
    versions = {*likely(promises.schemas, live), *({asked} if asked is not None else ())}
    fits = {version: judging.fit(version) for version in sorted(versions & promises.schemas.keys())}
    return Evidence(fits, promises.reached, promises.obstacle)


def likely(promised: Mapping[int, Schema], live: Schema) -> list[int]:
    """The versions that the names of tables and views leave possible, then the nearest of the others: NEAR at least."""
    names = {version: _names(schema) for version, schema in promised.items()}
    there = _names(live)
    known = frozenset[str]().union(*names.values())
    far = {version: MISSING_WEIGHT * len(mine - there) + len((there & known) - mine) for version, mine in names.items()}
    nearest = sorted(far, key=lambda version: far[version])
    return nearest[: max(NEAR, sum(distance == 0 for distance in far.values()))]


def _names(schema: Schema) -> frozenset[str]:
    return frozenset({*schema.tables, *schema.views})


@dataclass(frozen=True)
class _Judging:
    """The live schema and what each version promises; the differences of each promised table that was compared."""

    live: Schema
    promised: Mapping[int, Schema]
    compared: dict[int, list[Difference]]

    def fit(self, version: int) -> Fit:
        schema = self.promised[version]
        findings = tuple(self._finding(version, each) for each in self._differences(schema))
        return Fit(version, len(_names(schema)), len(_names(schema) & _names(self.live)), findings)

    def _differences(self, schema: Schema) -> Iterator[Difference]:
        """As `compare` has them, less the database's defaults, which are the server's until a migration sets them.

        A table that several versions share is compared once.
        """
        common = schema.tables.keys() & self.live.tables.keys()
        one_sided = compare(schema.without(common), self.live.without(common), _WORDING)
        yield from (each for each in one_sided if each.kind is not Kind.DATABASE)
        for name in sorted(common):
            table = schema.tables[name]
            if id(table) not in self.compared:
                self.compared[id(table)] = compare_tables(table, self.live.tables[name], _WORDING)
            yield from self.compared[id(table)]

    def _finding(self, version: int, difference: Difference) -> Finding:
        key = (difference.kind, difference.table, difference.name)
        promised, there = has(self.promised[version], key), has(self.live, key)
        if promised and not there:
            return self._missing(self.promised[version], key, difference.words)
        if there and not promised:
            return self._extra(version, key, difference.words)
        weight = Weight.CONTRADICTION
        if difference.kind in _TELLING:
            weight = Weight.TOLERATED
        elif self._is_hidden(difference):
            weight = Weight.REMARK
        return Finding(weight, key, difference.words, extra=False, note=_note(difference))

    def _missing(self, promised: Schema, key: Key, words: str) -> Finding:
        table = promised.tables.get(key[1] or "")
        if table is not None and any(not self._enforces(table, each) for each in _references(table, key)):
            kind = "foreign keys" if key[0] is Kind.FOREIGN_KEY else "indexes of foreign keys"
            note = f"{kind} that the engine cannot hold"
            return Finding(Weight.REMARK, key, f"{words} (the engine cannot hold it)", extra=False, note=note)
        return Finding(Weight.CONTRADICTION, key, words, extra=False)

    def _enforces(self, table: Table, reference: ForeignKey) -> bool:
        found = (self.live.tables.get(name) for name in (table.name, reference.referred_table))
        return all(each is None or each.engine in _ENFORCING for each in found)

    def _extra(self, version: int, key: Key, words: str) -> Finding:
        versions = [each for each, schema in sorted(self.promised.items()) if has(schema, key)]
        if not versions:
            return Finding(Weight.REMARK, key, f"{words} (no version knows it)", extra=True)
        has_it = next((each for each in versions if each > version), versions[-1])
        return Finding(Weight.CONTRADICTION, key, f"{words} (version {has_it} has it)", extra=True)

    def _is_hidden(self, difference: Difference) -> bool:
        """Whether the server keeps the text of a view or routine from this user."""
        view = self.live.views.get(difference.name) if difference.kind is Kind.VIEW else None
        if view is not None:
            return not view.definition
        routines = [each for (_, name), each in self.live.routines.items() if name == difference.name]
        return difference.kind is Kind.ROUTINE and any(not each.body for each in routines)


def _note(difference: Difference) -> str:
    of_table = difference.name == difference.table or difference.kind is Kind.OPTION
    return f"{difference.kind.value} of {'tables' if of_table else 'columns'}"


def _references(table: Table, key: Key) -> list[ForeignKey]:
    """The foreign key of this name, or the one that the server made this index for."""
    if key[0] is Kind.FOREIGN_KEY:
        return [each for each in table.foreign_keys if (each.name or foreign_key_text(each)) == key[2]]
    return [each for each in table.foreign_keys if key[0] is Kind.INDEX and each.name == key[2]]


def has(schema: Schema, key: Key) -> bool:
    """Whether the schema has what `compare` calls so; what of a thing is different is none."""
    kind, owner, name = key
    if kind in (Kind.TABLE, Kind.VIEW):
        return name in schema.tables or name in schema.views
    if kind is Kind.ROUTINE:
        return any(name == routine for _, routine in schema.routines)
    table = schema.tables.get(owner or "")
    if kind is Kind.TRIGGER:
        owning = table or schema.views.get(owner or "")
        return owning is not None and any(each.name == name for each in owning.triggers)
    return table is not None and name in _members(table, kind)


def _members(table: Table, kind: Kind) -> Iterable[str]:
    if kind is Kind.COLUMN:
        return (each.name for each in table.columns)
    if kind is Kind.INDEX:
        return (each.name for each in table.indexes)
    if kind is Kind.FOREIGN_KEY:
        return (each.name or foreign_key_text(each) for each in table.foreign_keys)
    return (each.name or check_text(each) for each in table.checks) if kind is Kind.CHECK else ()
