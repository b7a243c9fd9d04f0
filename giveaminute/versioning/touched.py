"""Which objects of a MySQL or MariaDB database a statement defines, told from its tokens alone.

After a crash the journal asks the live database about exactly these: they say whether the statement took effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import islice

from giveaminute.versioning.sqltokens import bare, words


class ObjectKind(Enum):
    """What SHOW CREATE is asked for; views and sequences are asked for as tables."""

    TABLE = "table"
    TRIGGER = "trigger"
    PROCEDURE = "procedure"
    FUNCTION = "function"
    EVENT = "event"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Touched:
    """One object by name. `schema` is None for the session's own database; so is the name of that database."""

    kind: ObjectKind
    name: str | None
    schema: str | None = None

    @property
    def path(self) -> str:
        """What it is called in the journal: `kind/schema/name`."""
        return "/".join((self.kind.value, self.schema or "", self.name or ""))


Words = Sequence[str]
_TABLE_LIKE = {"TABLE", "TABLES", "VIEW", "SEQUENCE"}
_PROGRAMS = {
    "TRIGGER": ObjectKind.TRIGGER,
    "PROCEDURE": ObjectKind.PROCEDURE,
    "FUNCTION": ObjectKind.FUNCTION,
    "EVENT": ObjectKind.EVENT,
}
# Running one of these twice is running it once, and no definition shows it.
_HARMLESS = {"ANALYZE", "OPTIMIZE", "REPAIR", "FLUSH", "GRANT"}
# What they move or fill in is in no definition: whether they took effect cannot be seen there.
_INVISIBLE = {"EXCHANGE", "IMPORT", "DISCARD", "TRUNCATE", "RESTART"}


@lru_cache(maxsize=8)  # several ask for the statement under way
def touched(statement: str) -> tuple[Touched, ...] | None:
    """The objects that a definition makes, changes or drops, sorted; empty where doing it again does no harm.

    None where that cannot be told from the statement: CALL, CREATE USER, EXCHANGE PARTITION.
    """
    found = list(words(statement))
    first = found[0].upper() if found else ""
    if first in _HARMLESS:
        return ()
    reader = {
        "ALTER": _of_alter,
        "CREATE": _of_create,
        "DROP": _of_drop,
        "RENAME": _of_rename,
        "TRUNCATE": _of_truncate,
    }.get(first)
    objects = reader(found[1:]) if reader else None
    return None if objects is None else tuple(sorted(set(objects), key=lambda each: each.path))


def verb(statement: str) -> str:
    """The first word, in upper case; empty where there is none."""
    return next(words(statement), "").upper()


def drops(statement: str) -> bool:
    """Whether all that it touches is to be gone after it: a DROP, but not of an index."""
    start = [word.upper() for word in islice(words(statement), 4)]
    return start[:1] == ["DROP"] and "INDEX" not in start


def renames(statement: str) -> list[tuple[Touched, Touched]]:
    """The pairs of a RENAME TABLE in their order, each an old name and a new one; none for any other statement."""
    found = _of_rename(list(words(statement))[1:]) if verb(statement) == "RENAME" else None
    return list(zip(found[::2], found[1::2], strict=True)) if found else []


def _of_alter(tail: Words) -> list[Touched] | None:
    place = _first(tail, _TABLE_LIKE | set(_PROGRAMS) | {"DATABASE", "SCHEMA"})
    if place is None:
        return None
    what, rest = tail[place].upper(), _past(tail[place + 1 :], "IF", "EXISTS")
    if what in ("DATABASE", "SCHEMA"):
        return _database(rest)
    if what in _PROGRAMS:
        return _named(_PROGRAMS[what], rest)
    upper = [word.upper() for word in rest]
    if _INVISIBLE & set(upper):
        return None
    return [*_named(ObjectKind.TABLE, rest), *_new_name(rest, upper)]


def _database(rest: Words) -> list[Touched]:
    unnamed = not rest or rest[0].upper() in ("CHARACTER", "CHARSET", "DEFAULT", "COLLATE", "COMMENT", "ENCRYPTION")
    return [Touched(ObjectKind.DATABASE, None if unnamed else bare(rest[0]))]


def _new_name(rest: Words, upper: Words) -> list[Touched]:
    """The other name of ALTER TABLE ... RENAME [TO | AS | =] name."""
    for place, word in enumerate(upper):
        if word == "RENAME" and upper[place + 1 : place + 2] not in (["COLUMN"], ["INDEX"], ["KEY"]):
            after = rest[place + 1 :]
            return _named(ObjectKind.TABLE, after[1:] if upper[place + 1] in ("TO", "AS", "=") else after)
    return []


def _of_create(tail: Words) -> list[Touched] | None:
    place = _first(tail, _TABLE_LIKE | set(_PROGRAMS) | {"INDEX"})
    if place is None:
        return None
    what, rest = tail[place].upper(), _past(tail[place + 1 :], "IF", "NOT", "EXISTS")
    if what == "INDEX":
        return _of_index(rest)
    return _named(_PROGRAMS.get(what, ObjectKind.TABLE), rest)


def _of_index(rest: Words) -> list[Touched] | None:
    place = _first(rest, {"ON"})
    return None if place is None else _named(ObjectKind.TABLE, rest[place + 1 :])


def _of_drop(tail: Words) -> list[Touched] | None:
    place = _first(tail, _TABLE_LIKE | set(_PROGRAMS) | {"INDEX"})
    if place is None:
        return None
    what, rest = tail[place].upper(), _past(tail[place + 1 :], "IF", "EXISTS")
    if what == "INDEX":
        return _of_index(rest)
    if what in _PROGRAMS:
        return _named(_PROGRAMS[what], rest)
    return [each for part in _listed(rest) for each in _named(ObjectKind.TABLE, part)]


def _of_rename(tail: Words) -> list[Touched] | None:
    if not tail or tail[0].upper() not in ("TABLE", "TABLES"):
        return None
    found: list[Touched] = []
    for part in _listed(_past(tail[1:], "IF", "EXISTS")):
        place = _first(part, {"TO"})
        if place is None:
            return None
        found += _named(ObjectKind.TABLE, part) + _named(ObjectKind.TABLE, part[place + 1 :])
    return found


def _of_truncate(tail: Words) -> list[Touched] | None:
    return _named(ObjectKind.TABLE, _past(tail, "TABLE"))


def _listed(tail: Words) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in tail:
        if word == ",":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _named(kind: ObjectKind, tail: Words) -> list[Touched]:
    """`name` or `schema.name` at the start of the tail."""
    if not tail:
        return []
    if len(tail) > 2 and tail[1] == ".":
        return [Touched(kind, bare(tail[2]), bare(tail[0]))]
    return [Touched(kind, bare(tail[0]))]


def _first(tail: Words, wanted: set[str]) -> int | None:
    """Where the first of the wanted tail stands, before any parenthesis."""
    for place, word in enumerate(tail):
        if word == "(" and tail[place + 1 : place + 2] != [")"]:  # those of CURRENT_USER() are no body
            return None
        if word.upper() in wanted:
            return place
    return None


def _past(tail: Words, *phrase: str) -> Words:
    """The tail after the phrase, where they start with it."""
    return tail[len(phrase) :] if [word.upper() for word in tail[: len(phrase)]] == list(phrase) else tail
