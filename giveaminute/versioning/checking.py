"""Whether what is there is what was promised: live schema, models, snapshot and scripts, alone or together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import history, status
from giveaminute.versioning.building import build
from giveaminute.versioning.compare import Difference, Kind, compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.history import Outcome
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.unseen import NOTHING, Unseen, unseen

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.versioning.authoring.from_drift import Remedy
    from giveaminute.versioning.schema import Schema
    from giveaminute.versioning.script import PythonMigration, SqlMigration


class Subject(Enum):
    """What can be checked."""

    SCHEMA = "schema"
    MODELS = "models"
    SNAPSHOT = "snapshot"
    SCRIPTS = "scripts"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as promised, in words."""

    subject: Subject
    words: str


@dataclass(frozen=True)
class Fix:
    """The migration that was written for a drift. `by_hand`: what it does not do, in words."""

    path: Path
    by_hand: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found; nothing found is good. `diff`: of schema and snapshot, in SQL."""

    database: str
    version: int | None
    checked: tuple[Subject, ...]
    findings: tuple[Finding, ...]
    diff: str = ""
    fix: Fix | None = None
    unseen: tuple[str, ...] = ()
    """What this user may not see, and was left out, in words."""


@dataclass(frozen=True)
class _Told:
    """What one check found: in words, and where SQL says more a unified diff."""

    words: Sequence[str]
    diff: str = ""
    promised: Schema | None = None
    live: Schema | None = None
    unseen: Unseen = NOTHING


@dataclass(frozen=True)
class Context:
    """What the checks need: the database is only read."""

    url: DatabaseUrl
    repository: Repository
    snapshots: Path | None
    metadata: sqlalchemy.MetaData | None


def check(context: Context, subjects: Sequence[Subject], fix: Remedy | None = None) -> Report:
    """Ask each subject in turn; with `fix` write a migration for what the schema was found to differ in.

    Raises NotUnderVersionControl, DatabaseAhead, CannotConnect; UsageError where there is nothing to write it on;
    HalfApplied and Busy where a migration has changed a part of what is asked about.
    """
    with opened(context.url, read_only=True) as database:
        version = history.version(database, context.repository)
        if {Subject.SCHEMA, Subject.SCRIPTS} & set(subjects):
            status.refuse_unfinished(database, context.repository)
    told = {subject: _CHECKS[subject](context) for subject in subjects}
    found = [Finding(subject, words) for subject, each in told.items() for words in each.words]
    written = _fixed(context, version, told.get(Subject.SCHEMA), fix) if fix is not None else None
    diff = "".join(each.diff for each in told.values())
    left_out = tuple(words for each in told.values() for words in each.unseen.words)
    return Report(context.url.name, version, tuple(subjects), tuple(found), diff, written, left_out)


def _fixed(context: Context, version: int | None, told: _Told | None, remedy: Remedy) -> Fix | None:
    from giveaminute.versioning import templates
    from giveaminute.versioning.authoring import from_drift

    if told is None:
        raise UsageError("--fix is for a schema that has drifted, and that is not checked.", "Leave --only out.")
    if told.promised is None or told.live is None or not told.words:
        return None
    if version != context.repository.head:
        raise UsageError(
            f"{context.url.name} is at version {version}: a script written now would come after those still to run.",
            "Bring it to the newest version first: invoke upgrade",
        )
    with opened(context.url, read_only=True) as database:
        draft = from_drift.author(database, context.repository, told.promised, told.live, remedy, told.unseen)
    path = templates.write(context.repository, draft.title, draft.text())
    return Fix(path, draft.left)


def _schema(context: Context) -> _Told:
    with opened(context.url, read_only=True) as live, scratch(context.url) as made:
        version, _ = Move(Direction.UPGRADE).steps(live, context.repository)  # refuses one that is ahead
        found = live.dialect.read_schema(live).without()
        hidden = unseen(live.dialect.unseen_kinds(live), found)
        found = hidden.left_out(found)
        live.roll_back()  # building takes a while, and a transaction left open holds up others
        with opened(made.url, read_only=False) as built:
            build(built, context.repository, context.url, version)
            promised = hidden.left_out(built.dialect.read_schema(built).without())
            differences = compare(promised, found)
            name = context.url.name
            sides = (
                _lines(built, promised, differences),
                _lines(live, found, differences),
                f"{name} (as promised at version {version})",
                f"{name} (as it is)",
            )
    diff = "".join(difflib.unified_diff(*sides)) if differences else ""
    return _Told([each.words for each in differences], diff, promised, found, hidden)


def _lines(database: Database, schema: Schema, differences: Sequence[Difference]) -> list[str]:
    """What differs, as SQL; routines have no form that both families share, and are left out."""
    from giveaminute.versioning.schema import Schema

    names = {each.table or each.name for each in differences}
    is_default = any(each.kind is Kind.DATABASE for each in differences)
    some = Schema(
        tables={name: table for name, table in schema.tables.items() if name in names},
        views={name: view for name, view in schema.views.items() if name in names},
        charset=schema.charset if is_default else None,
        collation=schema.collation if is_default else None,
    )
    pieces = database.dialect.snapshot(database, some)
    return "".join(each for each in pieces if not each.startswith("SET ")).splitlines(keepends=True)


def _models(context: Context) -> _Told:
    from giveaminute.versioning.model_diff import between

    if context.metadata is None:
        return _Told(())
    return _Told(between(context.url, context.repository, context.metadata).words)


def _snapshot(context: Context) -> _Told:
    from giveaminute.versioning.snapshot import generate, making

    if context.snapshots is None:
        return _Told(())
    snapshots = generate(context.url, context.repository, context.snapshots, check=True).snapshots
    stale = [each for each in snapshots if each.changed]
    words = [f"{each.path} is stale (make it anew: {making(context.snapshots)})" for each in stale]
    return _Told(words, "".join(each.diff for each in stale))


def _scripts(context: Context) -> _Told:
    with opened(context.url, read_only=True) as database:
        version = history.version(database, context.repository) or 0
        return _Told(list(_Scripts(database, context.repository, version).findings()))


@dataclass(frozen=True)
class _Scripts:
    """The scripts on disk beside those that were applied here, each known by its number and its checksum."""

    database: Database
    repository: Repository
    version: int
    _read: dict[int, PythonMigration | SqlMigration] = field(default_factory=dict)

    def findings(self) -> Iterator[str]:
        """What was edited, renumbered, merged late or is gone since it was applied, in words."""
        applied = _applied(self.database, self.repository, self.version)
        astray = {number: run for number, run in applied.items() if self._checksum(number) != run.checksum}
        if not astray:
            return
        for number in sorted({*astray, *(each for each in self.repository.scripts if each > self.version)}):
            if number in self.repository.scripts:
                yield from self._script(number, astray)
            elif self._place_of(astray[number]) is None:
                yield f"migration {number:03d} «{astray[number].title}» was applied, and its script is gone"

    def _script(self, number: int, astray: Mapping[int, history.Run]) -> Iterator[str]:
        """What is wrong with a script that is not the one applied under its number."""
        name = self._migration(number).path.name
        former = [old for old, run in astray.items() if old != number and run.checksum == self._checksum(number)]
        run = astray.get(number)
        if former:
            again = " and would run again" if number > self.version else ""
            yield f"{name} was applied here as {former[0]:03d}{again}: give it that number back"
        elif run is None:
            return
        elif self._place_of(run) is not None or run.title != self.repository.scripts[number].title:
            if self._place_of(run) is None:
                yield f"migration {number:03d} «{run.title}» was applied, and its script is gone"
            yield (
                f"{name} was merged late: version {self.version} was reached here without it"
                f" ({number:03d} was «{run.title}»), and it never ran: renumber it as the next"
            )
        else:
            yield f"{name} was edited since it was applied ({run.started[:19]} UTC): its meaning is another"

    def _place_of(self, run: history.Run) -> int | None:
        """The number under which the script of a run is now."""
        places = (number for number in self.repository.scripts if self._checksum(number) == run.checksum)
        return next(places, None)

    def _checksum(self, number: int) -> str | None:
        return self._migration(number).checksum if number in self.repository.scripts else None

    def _migration(self, number: int) -> PythonMigration | SqlMigration:
        from giveaminute.versioning.script import read

        if number not in self._read:
            dialect = self.database.dialect
            script = self.repository.scripts[number]
            self._read[number] = read(script, dialect.name, Direction.UPGRADE, dialect.syntax)
        return self._read[number]


def _applied(database: Database, repository: Repository, version: int) -> dict[int, history.Run]:
    """The last upgrade of each version that is applied; those of the old tool have none."""
    runs = [run for run in reversed(history.runs(database, repository)) if run.outcome is Outcome.DONE]
    last = {run.version: run for run in runs}
    return {number: run for number, run in last.items() if run.direction is Direction.UPGRADE and number <= version}


_CHECKS: dict[Subject, Callable[[Context], _Told]] = {
    Subject.SCHEMA: _schema,
    Subject.MODELS: _models,
    Subject.SNAPSHOT: _snapshot,
    Subject.SCRIPTS: _scripts,
}


def subjects_of(text: str | None) -> tuple[Subject, ...]:
    """`schema,models` as subjects; None is all. Raises UsageError."""
    if text is None:
        return tuple(Subject)
    known = {subject.value: subject for subject in Subject}
    asked = [word.strip() for word in text.split(",")]
    for word in asked:
        if word not in known:
            raise UsageError(f"«{word}» is nothing that can be checked.", f"Give some of: {','.join(known)}")
    return tuple(known[word] for word in asked)
