"""Statements that no migration may send, judged by their words."""

from __future__ import annotations

import re

from giveaminute.versioning.sessionstate import of_last, prepared
from giveaminute.versioning.statementkinds import StatementKind, kind

TRANSACTIONS = "transactions belong to the run, which commits each migration as a whole (on MySQL each statement)"
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
    last = of_last(statement)
    if last is not None:
        return f"{last} tells of what the run writes down between two statements, not of the script's own"
    reasons = [refusal(kind(text), text) for text in prepared(statement)]
    if any(reasons):
        return next(reason for reason in reasons if reason is not None)
    if what not in (StatementKind.SESSION, StatementKind.TRANSACTION):
        return None
    words = [word.lower() for word in _WORD.findall(statement)]
    if what is StatementKind.TRANSACTION or "autocommit" in words:
        return TRANSACTIONS
    return _BELONGS_TO_THE_RUN.get(words[0]) if words else None


def shown(statement: str) -> str:
    """A statement in one short line, for a message."""
    line = " ".join(statement.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
