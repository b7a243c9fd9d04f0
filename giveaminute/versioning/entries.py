"""The rows of `migrate_journal`: the statements of the run under way, and what each proves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from giveaminute.versioning import history
from giveaminute.versioning.answers import Answer
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects.base import Change
from giveaminute.versioning.doubt import Evidence
from giveaminute.versioning.lease import Lease, NoLease
from giveaminute.versioning.recorder import shown

TOO_MUCH = "too much to keep"
"""What stands for answers of more bytes than MOST_ANSWERS."""
MOST_TEXT = 16_384
"""Characters of a statement that are kept; a longer one is known by its hash."""
MOST_ANSWERS = 4 * 1024 * 1024
"""Bytes of answers kept with one statement; a script that asks for more should walk its rows in batches."""


class State(Enum):
    """What an entry proves: SENT is in doubt when it is the last one, and done when another follows it.

    WALKING is a backfill whose `reply` is the place that it has come to, committed with all rows up to there.
    """

    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    WALKING = "walking"


@dataclass(frozen=True)
class Entry:
    """One statement of an unfinished run. `answers`: the hash of each question since the one before, and its answer.

    `reply` is the error that the server answered, or the rows of a change that returns some; `last_id` the
    AUTO_INCREMENT value made; `evidence` what a definition's objects were before it.
    """

    number: int
    state: State
    hash: str
    statement: str
    answers: list[Any]
    matched: int = 0
    last_id: int = 0
    reply: Answer | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Stopped:
    """A run that is taken up again: its row in the history, what of it is known to be done, and whether the next
    statement was sent before, in vain.
    """

    run: int
    done: list[Entry]
    again: bool = False


def read(database: Database, run: int) -> list[Entry]:
    """The statements of an unfinished run in their order. Only asks."""
    rows = database.query(
        "SELECT number, state, hash, statement, answers, matched, last_id, reply, evidence FROM migrate_journal"
        " WHERE run = :run ORDER BY number",
        {"run": run},
    )
    return [
        Entry(
            number,
            State(state),
            digest,
            text,
            json.loads(told),
            matched or 0,
            last_id or 0,
            reply and json.loads(reply),
            evidence and Evidence.from_json(evidence),
        )
        for number, state, digest, text, told, matched, last_id, reply, evidence in rows
    ]


def last(database: Database, run: int) -> Entry | None:
    """The newest statement of an unfinished run, without the answers before it. Only asks."""
    rows = database.query(
        "SELECT number, state, hash, statement, matched, reply FROM migrate_journal WHERE run = :run"
        " ORDER BY number DESC LIMIT 1",
        {"run": run},
    )
    for number, state, digest, statement, matched, reply in rows:
        return Entry(number, State(state), digest, statement, [], matched or 0, reply=reply and json.loads(reply))
    return None


def clear(database: Database) -> None:
    """Forget the statements of every run that has ended."""
    database.execute(
        "DELETE j FROM migrate_journal j JOIN migrate_history h ON h.id = j.run"
        " WHERE h.outcome NOT IN ('running', 'stopped')"
    )


def walked(database: Database, run: int, number: int, matched: int, place: Answer) -> None:
    """Write down how far a backfill has come, in the transaction of its batch."""
    database.execute(
        "UPDATE migrate_journal SET matched = :matched, reply = :place WHERE run = :run AND number = :number",
        {"matched": matched, "place": json.dumps(place), "run": run, "number": number},
    )


def settle(database: Database, run: int, last: Entry, *, applied: bool) -> None:
    """Write down what is known by now of the statement in doubt."""
    where = {"run": run, "number": last.number}
    if applied:
        database.execute(
            "UPDATE migrate_journal SET state = :state, reply = NULL WHERE run = :run AND number = :number",
            {"state": State.DONE.value, **where},
        )
    else:
        database.execute("DELETE FROM migrate_journal WHERE run = :run AND number = :number", where)


def settle_sent(database: Database, run: int, committed: int) -> None:
    """Write down that the first `committed` statements of a run came back from the server."""
    database.execute(
        "UPDATE migrate_journal SET state = :done WHERE run = :run AND state = :sent AND number <= :committed",
        {"done": State.DONE.value, "sent": State.SENT.value, "run": run, "committed": committed},
    )


def fingerprint(statement: str, parameters: Any) -> str:
    """What a statement is recognised by on a resume. Moments are left out: a second run has other ones."""
    return hashlib.sha256(f"{statement}\0{_stable(parameters)}".encode()).hexdigest()


def _stable(parameters: Any) -> str:
    if isinstance(parameters, dict):
        return repr(sorted((str(name), _stable(value)) for name, value in parameters.items()))
    if isinstance(parameters, (list, tuple)):
        return repr([_stable(value) for value in parameters])
    return type(parameters).__name__ if isinstance(parameters, (datetime, date, time)) else repr(parameters)


def text(statement: str, parameters: Any) -> str:
    """What is kept of a statement: with its parameters, cut at MOST_TEXT."""
    if parameters:
        statement = f"{statement}  -- {shown(repr(parameters))}"
    return statement if len(statement) <= MOST_TEXT else f"{statement[:MOST_TEXT]} …"


def as_done(entry: Entry) -> Entry:
    """The entry of a statement that counts as done, with what was asked before it."""
    return replace(entry, state=State.DONE, reply=None, evidence=None)


def write(database: Database, run: int, entry: Entry, lease: Lease | None = None) -> None:
    """Write a statement down; with a lease only while that is held. Raises LeaseLost."""
    lease = lease or NoLease()
    lease.guarded(database.execute(*writing(run, entry, lease)) > 0)


def writing(run: int, entry: Entry, lease: Lease) -> Change:
    """What writes a statement down; it matches no row where that lease is not held."""
    told = json.dumps(entry.answers)
    statement = ":statement"
    if not entry.statement.isascii():  # in digits, since the script may have given the session another character set
        statement = f"CONVERT(X'{entry.statement.encode().hex()}' USING utf8mb4)"
    return Change(
        "REPLACE INTO migrate_journal"
        " (number, run, state, hash, statement, answers, evidence, matched, last_id, started, reply)"
        f" SELECT :number, :run, :state, :hash, {statement}, :answers, :evidence, :matched, :last_id, :started, :reply"
        f"{lease.guard}",
        {
            "number": entry.number,
            "run": run,
            "state": entry.state.value,
            "hash": entry.hash,
            "statement": entry.statement,
            "answers": told if len(told) <= MOST_ANSWERS else json.dumps([TOO_MUCH]),
            "evidence": None if entry.evidence is None else entry.evidence.to_json(),
            "matched": entry.matched,
            "last_id": entry.last_id,
            "started": history.now(),
            "reply": None if entry.reply is None else json.dumps(entry.reply),
        },
    )
