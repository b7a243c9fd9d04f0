"""A change of a table as a program for online changes takes it: the table, and what follows its name. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from giveaminute.versioning.sqltokens import bare, words
from giveaminute.versioning.touched import touched, verb

_NAME = r"(`(?:[^`]|``)+`|[\w$]+)"
_COMMENTS = r"\s*(?:/\*(?![!M+]).*?\*/\s*|--\s[^\n]*\n\s*|#[^\n]*\n\s*)*"
_ALTER = re.compile(rf"{_COMMENTS}ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_NAME}\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_INDEX = re.compile(
    rf"{_COMMENTS}CREATE\s+(?P<kind>(?:FULLTEXT\s+|SPATIAL\s+)?INDEX\s+{_NAME})\s+ON\s+{_NAME}\s*(?P<rest>\(.+)",
    re.IGNORECASE | re.DOTALL,
)
_UNFIT = {
    "UNIQUE": "a unique key, of which rows that differ in nothing else would be lost",
    "PRIMARY": "the primary key, by which the rows are found",
    "RENAME": "a name, which is done at once without it",
    "PARTITION": "partitions",
    "EXCHANGE": "partitions",
    "TABLESPACE": "tablespaces",
}
_OWN_WAY = ("ALGORITHM", "LOCK")
_WITHOUT_TRANSACTIONS = {"MYISAM", "ARIA", "MEMORY", "HEAP", "CSV", "ARCHIVE", "BLACKHOLE", "MERGE", "MRG_MYISAM"}


@dataclass(frozen=True)
class Alteration:
    """`change`: what an ALTER TABLE has behind the table's name."""

    table: str
    change: str


def altered(statement: str, own: str = "") -> str | None:
    """The table of an ALTER TABLE, CREATE INDEX or DROP INDEX in the session's database; None for another statement.

    `own`: that database's name, for a statement that names it.
    """
    found = [word.upper() for _, word in zip(range(8), words(statement), strict=False)]
    if not found or verb(statement) not in ("ALTER", "CREATE", "DROP"):
        return None
    if ("TABLE" if found[0] == "ALTER" else "INDEX") not in found[1:4]:
        return None
    if found[0] != "ALTER" and "TABLE" in found[1:3]:
        return None
    objects = touched(statement) or ()
    names = [each.name for each in objects if each.schema is None or each.schema == own]
    return _first_named(statement, [name for name in names if name is not None])


def _first_named(statement: str, names: list[str]) -> str | None:
    """Of ALTER TABLE ... RENAME the old name."""
    return next((bare(word) for word in words(statement) if bare(word) in names), None)


def alteration(statement: str) -> Alteration | None:
    """The statement as one; None where it has another form."""
    found = _ALTER.fullmatch(statement.strip().rstrip(";"))
    if found is not None:
        return Alteration(bare(found[1]), found["rest"].strip())
    found = _INDEX.fullmatch(statement.strip().rstrip(";"))
    if found is None:
        return None
    return Alteration(bare(found[3]), f"ADD {found['kind']} {found['rest'].strip()}")


def unfit(change: str) -> str | None:
    """What of a change a copy beside the table cannot give, or not safely, and what to do; None for nothing."""
    found = [word.upper() for word in words(change)]
    named = next((word for word in _OWN_WAY if word in found), None)
    if named is not None:
        return f"it says {named}: leave that out"
    if _leaves_transactions(change):
        return "it changes the engine to one without transactions, which would keep a write that is rolled back"
    reason = next((reason for word, reason in _UNFIT.items() if word in found), None) or _by_name(change, found)
    return reason and f"it changes {reason}: put that into a statement of its own"


def _by_name(change: str, found: list[str]) -> str | None:
    for place, word in enumerate(found):
        if word == "DROP" and found[place + 1 : place + 2] in (["FOREIGN"], ["CONSTRAINT"], ["CHECK"]):
            return "a constraint by its name, which is done at once without it"
        if word == "CHANGE" and _renames(change, place):
            return "a name, which is done at once without it"
    return None


def _leaves_transactions(change: str) -> bool:
    found = [word.strip("`'\"").upper() for word in words(change) if word != "="]
    return any(pair[0] == "ENGINE" and pair[1] in _WITHOUT_TRANSACTIONS for pair in pairwise(found))


def _renames(change: str, place: int) -> bool:
    rest = [bare(word) for word in words(change)][place + 1 :]
    if rest and rest[0].upper() == "COLUMN":
        rest = rest[1:]
    return rest[:1] != rest[1:2]
