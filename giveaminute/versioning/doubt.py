"""Whether a statement that nobody heard of again took effect: decided by what it touches, before it and now.

DDL is atomic by statement on MariaDB 10.6 and MySQL 8.0 (their manuals, «Atomic DDL»), so what it touches is either as
it was or as it was to be. Two exceptions are known on MariaDB: DROP TABLE of several drops them one by one, and CREATE
OR REPLACE drops before it creates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

from giveaminute.versioning.sqltokens import Syntax, tokens
from giveaminute.versioning.touched import drops, renames, touched, verb

ABSENT = "absent"
HAS_ROWS = "\n-- has rows"
"""What the definition of a table that is to be emptied ends with, if there is something to empty."""
_LISTED = {"TABLE", "TABLES", "VIEW", "SEQUENCE"}


class Verdict(Enum):
    """What is known of a statement in doubt. IN_PART: of a DROP of several some are gone, and the rest is to go."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    IN_PART = "in part"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """What a server's objects were at one moment. `server`: its version, whose spelling of definitions this is."""

    server: str
    definitions: dict[str, str]

    def to_json(self) -> str:
        """For the journal. Of ASCII alone: a script may have given the session another character set."""
        return json.dumps({"server": self.server, "definitions": self.definitions})

    @classmethod
    def from_json(cls, text: str) -> Evidence:
        """From the journal."""
        found = json.loads(text)
        return cls(found["server"], found["definitions"])


def decide(statement: str, before: Evidence | None, now: Evidence | None) -> Verdict:
    """Pure. UNKNOWN where there is no evidence, or it proves nothing."""
    if touched(statement) == ():
        return Verdict.NOT_APPLIED  # doing it again does no harm
    if before is None or now is None or before.server != now.server:
        return Verdict.UNKNOWN
    if before.definitions == now.definitions:
        return _unchanged(statement, before)
    there = [text != ABSENT for text in now.definitions.values()]
    if drops(statement) and any(there):
        return Verdict.IN_PART
    if verb(statement) == "CREATE" and not all(there):
        return Verdict.NOT_APPLIED  # CREATE OR REPLACE drops first, and is not atomic on MariaDB 10.11
    return Verdict.APPLIED if _moved(statement, now) else Verdict.UNKNOWN


def _moved(statement: str, now: Evidence) -> bool:
    """Whether all that a RENAME moves is where it was to come; true of any other statement."""
    pairs = renames(statement)
    news = {new.path for _, new in pairs}
    gone = all(now.definitions.get(old.path, ABSENT) == ABSENT for old, _ in pairs if old.path not in news)
    passing = {old.path for old, _ in pairs}  # a name that is only passed through
    return gone and all(now.definitions.get(path, ABSENT) != ABSENT for path in news - passing)


def _unchanged(statement: str, before: Evidence) -> Verdict:
    if verb(statement) == "TRUNCATE" and HAS_ROWS in "".join(before.definitions.values()):
        return Verdict.UNKNOWN  # not emptied, or emptied and written to since
    return Verdict.UNKNOWN if _changes_places(statement, before) else Verdict.NOT_APPLIED


def is_told(statement: str, before: Evidence | None) -> bool:
    """Whether the live schema would tell of a definition that came to its end that it did."""
    return before is not None and verb(statement) in ("ALTER", "CREATE", "DROP")


def changes_a_table(statement: str, before: Evidence) -> bool:
    """Whether it changes one table that was there: so might others have done since, and what it does can be tried."""
    texts = list(before.definitions.values())
    return verb(statement) in ("ALTER", "CREATE", "DROP") and len(texts) == 1 and texts[0].startswith("CREATE TABLE ")


def _changes_places(statement: str, before: Evidence) -> bool:
    """Whether a RENAME of several would leave all as it looks, since two tables of the same shape change places."""
    pairs = renames(statement)
    after = dict(before.definitions)
    for old, new in pairs:
        after[new.path], after[old.path] = after[old.path], ABSENT
    return bool(pairs) and after == before.definitions


def again(statement: str) -> str:
    """A DROP that was done in part as it is sent again: it passes over those that are gone."""
    words = list(tokens(statement, Syntax.MYSQL))
    upper = [word.upper() for word in words]
    place = next((n for n, word in enumerate(upper) if word in _LISTED), None)
    if verb(statement) != "DROP" or place is None or upper[place + 1 : place + 3] == ["IF", "EXISTS"]:
        return statement
    return " ".join([*words[: place + 1], "IF EXISTS", *words[place + 1 :]])
