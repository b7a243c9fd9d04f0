"""Whether a statement that nobody heard of again took effect: decided by what it touches, before it and now.

DDL is atomic by statement on MariaDB 10.6 and MySQL 8.0 (their manuals, «Atomic DDL»), so what it touches is either as
it was or as it was to be. One exception is known: MariaDB's DROP TABLE of several drops them one by one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum

from giveaminute.versioning.touched import renames, touched

ABSENT = "absent"


class Verdict(Enum):
    """What is known of a statement in doubt."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """What a server's objects were at one moment. `server`: its version, whose spelling of definitions this is."""

    server: str
    definitions: dict[str, str]

    def to_json(self) -> str:
        """For the journal."""
        return json.dumps({"server": self.server, "definitions": self.definitions}, ensure_ascii=False)

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
    if before.definitions != now.definitions:
        return Verdict.NOT_APPLIED if _dropped_in_part(statement, now) else Verdict.APPLIED
    return Verdict.UNKNOWN if _changes_places(statement, before) else Verdict.NOT_APPLIED


def _changes_places(statement: str, before: Evidence) -> bool:
    """Whether a RENAME of several would leave all as it looks, since two tables of the same shape change places."""
    pairs = renames(statement)
    after = dict(before.definitions)
    for old, new in pairs:
        after[new.path], after[old.path] = after[old.path], ABSENT
    return bool(pairs) and after == before.definitions


_DROPS = re.compile(r"(\s*DROP\s+(?:TABLES?|VIEW)\s+)(?!IF\b)", re.IGNORECASE)


def _dropped_in_part(statement: str, now: Evidence) -> bool:
    return _DROPS.match(statement) is not None and any(text != ABSENT for text in now.definitions.values())


def again(statement: str) -> str:
    """The statement as it is sent a second time: a DROP of several passes over those that are gone."""
    return _DROPS.sub(r"\1IF EXISTS ", statement, count=1) if _DROPS.match(statement) else statement
