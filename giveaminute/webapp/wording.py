"""The facts of an overview as the page words them. Pure; escaping is the templates' business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from giveaminute.versioning.history import Outcome, Run
from giveaminute.versioning.repository import Direction
from giveaminute.versioning.status import MigrationStatus, Position, State
from giveaminute.webapp.overview import Overview

TONES = {
    Position.CURRENT: "good",
    Position.BEHIND: "warn",
    Position.AHEAD: "bad",
    Position.HALF_APPLIED: "bad",
    Position.MIGRATING: "busy",
    Position.UNCONTROLLED: "warn",
    Position.UNKNOWN: "bad",
    Position.UNREACHABLE: "bad",
}
_HEADLINES = {
    Position.CURRENT: "Up to date",
    Position.AHEAD: "Ahead of this code",
    Position.HALF_APPLIED: "Half applied",
    Position.MIGRATING: "Being migrated",
    Position.UNCONTROLLED: "Not under version control",
    Position.UNKNOWN: "Cannot be told",
    Position.UNREACHABLE: "Out of reach",
}
_OUTCOMES = {
    Outcome.RUNNING: "busy",
    Outcome.STOPPED: "bad",
    Outcome.DONE: "good",
    Outcome.FAILED: "bad",
    Outcome.ABANDONED: "warn",
}
_STATES = {State.APPLIED: "good", State.PENDING: "warn", State.STOPPED: "bad", State.RUNNING: "busy"}
_COMMAND = re.compile(
    r"((?:invoke|python -m giveaminute) [a-z-]+(?: --[a-z-]+(?: (?:[\w+./-]+|'[^']*'))?| [\w+./-]+(?<!\.))*)"
)


@dataclass(frozen=True)
class Part:
    """A piece of advice; `code` where it is to be typed."""

    text: str
    code: bool


@dataclass(frozen=True)
class Fact:
    """A name and what there is to say."""

    name: str
    text: str


@dataclass(frozen=True)
class Running:
    """The migration under way. `value`: percent of it, None where nobody knows."""

    what: str
    value: float | None
    text: str
    statement: int | None
    sql: str | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class RunRow:
    """A run of the history."""

    number: str
    title: str
    direction: str
    outcome: str
    tone: str
    error: str | None
    datetime: str
    started: str
    who: str
    took: str
    backup: str


@dataclass(frozen=True)
class MigrationRow:
    """A script and how it stands."""

    number: str
    title: str
    href: str
    state: str
    tone: str
    when: str
    who: str
    took: str


def pending(found: Overview) -> int | None:
    """How many migrations there are to run; None where nobody can tell."""
    if found.position in (Position.UNCONTROLLED, Position.UNKNOWN, Position.UNREACHABLE):
        return None
    return max(0, (found.head or 0) - (found.version or 0))


def headline(found: Overview) -> str:
    """How it stands, in a word or two."""
    if found.position is not Position.BEHIND:
        return _HEADLINES[found.position]
    count = pending(found) or 0
    return "1 migration pending" if count == 1 else f"{count:,} migrations pending"


def sentence(found: Overview) -> str:
    """The words, without the database's name in front, which stands above them."""
    rest = found.words.removeprefix(f"{found.database} ")
    if rest != found.words:
        return f"It {rest}"
    rest = found.words.removeprefix(f"{found.database}: ")
    return rest[:1].upper() + rest[1:] if rest.partition(" ")[0].isalpha() else rest  # not the name of a table or file


def parts(advice: str | None) -> tuple[Part, ...]:
    """Advice with the commands in it told apart."""
    pieces = _COMMAND.split(advice or "")
    return tuple(Part(text, place % 2 == 1) for place, text in enumerate(pieces) if text)


def running(found: Overview) -> Running | None:
    """The migration under way; None where there is none."""
    if found.position is not Position.MIGRATING or found.holder is None or found.underway is None:
        return None
    at, run, holder = found.underway, found.run, found.holder
    what = f"{holder.command[:1].upper()}{holder.command[1:]}"
    if run is not None:
        what = f"{run.direction.value.capitalize()} of {run.version:03d} {run.title}"
    value = None if at.whole is None else round(100 * at.whole, 1)
    facts = [
        Fact("By", f"{holder.user}@{holder.host}, process {holder.process}"),
        Fact("Since (UTC)", holder.since[:19]),
        Fact("Last sign of life", f"{holder.silent:.0f} s ago"),
    ]
    if found.paused:
        facts.append(Fact("Backfills", found.paused))
    return Running(what, value, _amount(found), at.statement, at.text, tuple(facts))


def _amount(found: Overview) -> str:
    at = found.underway
    if at is None or at.statement is None:
        return "It has not come to a statement yet."
    told = [f"Statement {at.statement}" + (f" of {at.statements}" if at.statements else "")]
    if at.rows is not None:
        told.append(f"{at.rows:,}{f' of about {at.rows_about:,}' if at.rows_about else ''} rows")
    if at.part is not None:
        told.append(f"{at.part:.0%} of it")
    elif at.stage:
        told.append(at.stage)
    if at.resting:
        told.append(f"resting: {at.resting}")
    if found.seconds_left is not None:
        told.append(f"about {_roughly(found.seconds_left)} left")
    return ", ".join(told)


def _roughly(seconds: float) -> str:
    """A length of time that is a guess anyway."""
    return duration(seconds) if seconds >= 10 else f"{max(1, round(seconds))} s"


def duration(seconds: float | None) -> str:
    """A length of time for people; empty for one that is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def run_row(run: Run) -> RunRow:
    """A run of the history as the table has it."""
    return RunRow(
        number=f"{run.version:03d}",
        title=run.title,
        direction="" if run.direction is Direction.UPGRADE else run.direction.value,
        outcome=run.outcome.value,
        tone=_OUTCOMES[run.outcome],
        error=run.error,
        datetime=f"{run.started[:19].replace(' ', 'T')}Z",
        started=run.started[:16],
        who=f"{run.user}@{run.host}",
        took=duration(run.seconds),
        backup=run.backup or "",
    )


def migration_row(each: MigrationStatus, href: str) -> MigrationRow:
    """A script as the table has it; one that the old tool ran has neither moment nor name."""
    when = each.when[:16] if each.when else ""
    return MigrationRow(
        number=f"{each.version:03d}",
        title=each.title or "(without a title)",
        href=href,
        state=each.state.value,
        tone=_STATES[each.state],
        when=when,
        who=each.who or "",
        took=duration(each.seconds),
    )


def moment(at: float) -> str:
    """A Unix time for people."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
