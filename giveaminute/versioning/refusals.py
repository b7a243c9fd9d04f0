"""Statements that no migration may send, judged by their words."""

from __future__ import annotations

import re

from giveaminute.versioning.sessionstate import count_of_last
from giveaminute.versioning.statementkinds import StatementKind

SHOWN = 70
"""Characters of a statement in a message."""
_WORD = re.compile(r"\w+")

_BELONGS_TO_THE_RUN = {
    "use": "the journal is in this database",
    "lock": "the journal's own tables would be locked out",
    "unlock": "it is of no use without LOCK TABLES",
}


def refusal(what: StatementKind, statement: str) -> str | None:
    """Why a statement is refused that would end the run's transaction, take its tables away, or be told of what the
    run itself sends; None for any other.
    """
    counted = count_of_last(statement)
    if counted is not None:
        return f"{counted} counts the rows of what the run writes down between two statements, not those of the script"
    if what not in (StatementKind.SESSION, StatementKind.TRANSACTION):
        return None
    words = [word.lower() for word in _WORD.findall(statement)]
    if what is StatementKind.TRANSACTION or "autocommit" in words:
        return "transactions belong to the run, which commits each migration as a whole (on MySQL each statement)"
    return _BELONGS_TO_THE_RUN.get(words[0]) if words else None


def shown(statement: str) -> str:
    """A statement in one short line, for a message."""
    line = " ".join(statement.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
