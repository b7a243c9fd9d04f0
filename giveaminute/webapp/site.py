"""What the pages of the status page show: the facts of an overview, of the scripts and of the checks, put together."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from giveaminute.errors import MigrationToolError
from giveaminute.settings import Settings
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.masking import MASK
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.status import Position
from giveaminute.webapp import scripts, wording
from giveaminute.webapp.checks import Drift, Job, Outcome, Picture, Rehearsed, drift, picture, rehearsal
from giveaminute.webapp.overview import Overview, Overviews
from giveaminute.webapp.page_settings import Checks, PageSettings
from giveaminute.webapp.scripts import Pending

MOST_PENDING = 25
"""Pending migrations whose text is on the page; each has a page of its own besides."""
MOST_ROWS = 20
"""Rows of a table, unless all are asked for."""
LIVE_SECONDS = 20.0
"""For which a diagram of the live schema serves everybody."""
PATIENCE = 15.0
"""Seconds that a diagram may take until the page is shown without."""
WHILE_BUSY = 3
"""Seconds after which a page without JavaScript asks again while something is going on."""

_READABLE = frozenset({Position.CURRENT, Position.BEHIND})
"""Where a comparison and a rehearsal mean something."""


@dataclass(frozen=True)
class PendingView:
    """A pending migration on the page."""

    number: str
    title: str
    file: str
    source: str | None
    sql: str | None
    sql_note: str
    losses: tuple[str, ...]
    error: str | None


@dataclass(frozen=True)
class DriftView:
    """Whether the schema is as promised. `form`: where the button sends to; None where there is none."""

    tone: str
    words: str
    remedy: str | None = None
    findings: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    form: str | None = None
    button: str = "Compare now"
    explained: str = ""


@dataclass(frozen=True)
class StatusView:
    """The page itself."""

    database: str
    tone: str
    headline: str
    words: str
    command: tuple[wording.Part, ...]
    version: str
    head: str
    pending_count: int
    running: wording.Running | None
    stopped: str | None
    pending: tuple[PendingView, ...]
    pending_note: str
    pending_more: str
    drift: DriftView
    runs: tuple[wording.RunRow, ...]
    runs_note: str
    migrations: tuple[wording.MigrationRow, ...]
    migrations_note: str
    all_href: str | None
    here: str


@dataclass(frozen=True)
class DiagramView:
    """The page of the diagram."""

    database: str
    words: str
    picture: Picture | None = None
    note: str = ""


class Site:
    """One database and its scripts, as one process shows them. For any number of threads."""

    def __init__(self, settings: Settings, page: PageSettings) -> None:
        self.settings = settings
        self.page = page
        self._overviews = Overviews(settings)
        least, turn = 60 * page.check_minutes, threading.Lock()
        self._drift: Job[Drift] = Job(lambda: drift(settings), least, turn)
        self._rehearsal: Job[Rehearsed] = Job(lambda: rehearsal(settings), least, turn)
        self._to_come: Job[Picture] = Job(lambda: picture(settings, pending=True), least, turn)
        self._live: Job[Picture] = Job(lambda: picture(settings, pending=False), LIVE_SECONDS)

    def overview(self) -> Overview:
        """How it stands now."""
        return self._overviews.now()

    def close(self, seconds: float) -> None:
        """Wait for the checks under way, so that they drop their scratch databases."""
        for job in self._jobs:
            job.wait(seconds)

    @property
    def _jobs(self) -> tuple[Job[Any], ...]:
        return (self._drift, self._rehearsal, self._to_come)

    # Checks

    def check(self, found: Overview) -> None:
        """Begin the checks that are not at work and whose last answer is old, where they mean something."""
        if self.page.checks is Checks.OFF or found.position not in _READABLE:
            return
        self._drift.ask(self._about(found))
        if found.position is Position.BEHIND:
            self._to_come.ask(self._about(found))
        if self._is_python_pending(found):
            self._rehearsal.ask(self._about(found))

    def _about(self, found: Overview) -> tuple[int | None, int | None]:
        return (found.version, found.head)

    def _is_python_pending(self, found: Overview) -> bool:
        return any(each.source is not None for each in self._pending(found))

    @property
    def checking(self) -> bool:
        """Whether a check is under way."""
        return any(job.running for job in self._jobs)

    def busy(self, found: Overview) -> bool:
        """Whether there is something to look at every second."""
        return found.position is Position.MIGRATING or self.checking

    def stamp(self, found: Overview) -> str:
        """Another text when a page shows something that is not so any more, but for what moves while it runs."""
        if found.position is Position.MIGRATING:
            moving: object = (found.holder is not None, found.underway is not None)
        else:
            runs = [(run.id, run.outcome.value) for run in found.runs[:1]]
            moving = (found.version, found.head, runs, found.words, found.paused)
        checks = [(job.running, job.outcome and job.outcome.at) for job in self._jobs]
        return hashlib.sha256(repr((found.position, moving, checks)).encode()).hexdigest()[:16]

    # The page

    def status_view(self, found: Overview, base: str, all_rows: bool) -> StatusView:
        """The page. `base`: where it is mounted."""
        most = None if all_rows else MOST_ROWS
        migrations = tuple(reversed(found.migrations))
        to_come = self._pending(found)
        count = wording.pending(found)
        more = count - len(to_come)
        return StatusView(
            database=found.database,
            tone=wording.TONES[found.position],
            headline=wording.headline(found),
            words=wording.sentence(found),
            command=wording.parts(found.command),
            version="–" if found.version is None else str(found.version),
            head="–" if found.head is None else str(found.head),
            pending_count=count,
            running=wording.running(found),
            stopped=found.statement if found.position is Position.HALF_APPLIED else None,
            pending=tuple(self._pending_view(each, found) for each in to_come),
            pending_note=self._rehearsal_note(to_come),
            pending_more=f"and {more:,} more, whose text is on pages of their own (below)" if more > 0 else "",
            drift=self._drift_view(found, base),
            runs=tuple(wording.run_row(run) for run in found.runs[:most]),
            runs_note=_note(len(found.runs), most),
            migrations=tuple(
                wording.migration_row(each, f"{base}/source/{each.version}") for each in migrations[:most]
            ),
            migrations_note=_note(len(migrations), most),
            all_href=f"{base}?all=1" if max(len(migrations), len(found.runs)) > (most or 10**9) else None,
            here=base or "/",
        )

    def _pending(self, found: Overview) -> tuple[Pending, ...]:
        if found.position not in (Position.BEHIND, Position.HALF_APPLIED) or found.head is None:
            return ()
        first = (found.version or 0) + 1
        versions = range(first, min(found.head, first + MOST_PENDING - 1) + 1)
        return scripts.pending(Repository(self.settings.repository), for_family(self.settings.url.family), versions)

    def _pending_view(self, each: Pending, found: Overview) -> PendingView:
        sql, note = self._sql(each, found)
        return PendingView(
            number=f"{each.version:03d}",
            title=each.title or each.file,
            file=each.file,
            source=each.source,
            sql=None if sql is None else _script(sql),
            sql_note=note,
            losses=each.losses,
            error=each.error,
        )

    def _rehearsed(self, found: Overview) -> Outcome[Rehearsed] | None:
        outcome = self._rehearsal.outcome
        return outcome if outcome is not None and outcome.about == self._about(found) else None

    def _sql(self, each: Pending, found: Overview) -> tuple[tuple[str, ...] | None, str]:
        if each.sql is not None:
            return each.sql, f"{len(each.sql)} statements" if len(each.sql) != 1 else "1 statement"
        outcome = self._rehearsed(found)
        if outcome is None or outcome.value is None:
            return None, ""
        sql = outcome.value.statements.get(each.version)
        if sql is None:
            return None, ""
        note = f"rehearsed on {outcome.value.place}"
        if not sql:
            return (), f"none to send, as {note}"
        return sql, f"{note}, values of rows masked" if any(MASK in text for text in sql) else note

    def _rehearsal_note(self, to_come: Sequence[Pending]) -> str:
        """Why the SQL of Python migrations is not there."""
        if not any(each.source is not None for each in to_come):
            return ""
        if self._rehearsal.running:
            return "A rehearsal is under way, which tells the SQL of the Python migrations."
        outcome = self._rehearsal.outcome
        if outcome is not None and outcome.error is not None:
            return f"The SQL of Python migrations is not known, since they cannot be rehearsed: {outcome.error}"
        if outcome is not None and outcome.value is not None:
            failed = outcome.value.failure
            return f"In the rehearsal: {failed}" if failed else ""
        if self.page.checks is Checks.OFF:
            return "The SQL of Python migrations is told by: invoke upgrade --dry-run"
        return "What SQL a Python migration sends is known once it was rehearsed: press the button under «Drift»."

    def _drift_view(self, found: Overview, base: str) -> DriftView:
        if found.position not in _READABLE:
            return DriftView("note", "There is nothing to compare as it stands.")
        if self.page.checks is Checks.OFF:
            return DriftView("note", "Not compared here (checks: off). Run: invoke check")
        if self.checking:
            return DriftView("note", "Comparing just now …")
        buttons: dict[str, Any] = {"form": f"{base}/check", "explained": self._explained(found)}
        outcome = self._drift.outcome
        if outcome is None:
            return DriftView("note", "Not compared yet since this process started.", **buttons)
        still = outcome.about == self._about(found)
        buttons["button"] = "Compare again"
        if still and outcome.at + 60 * self.page.check_minutes > time.time():
            again = wording.moment(outcome.at + 60 * self.page.check_minutes)
            buttons = {"explained": f"It can be compared again from {again} on."}
        return _drift_found(outcome, still, buttons)

    def _explained(self, found: Overview) -> str:
        rehearse = " and rehearses the Python migrations" if self._is_python_pending(found) else ""
        return (
            f"It builds the promised schema in a scratch database{rehearse}, at most every {self.page.check_minutes:g}"
            " minutes. The database itself is only read."
        )

    # The diagram

    def diagram_view(self, found: Overview) -> DiagramView:
        """The live schema, and in colour what the pending migrations change in it, where that was worked out."""
        if found.position in (Position.UNREACHABLE, Position.UNKNOWN):
            return DiagramView(found.database, "There is nothing to draw as it stands.")
        outcome = self._to_come.outcome
        if found.position is Position.BEHIND and outcome is not None and outcome.about == self._about(found):
            if outcome.value is not None:
                words = f"What it has, and in colour what becomes of it up to version {found.head}."
                return DiagramView(found.database, words, outcome.value)
            return self._live_view(found, f"What is pending cannot be drawn: {outcome.error}")
        if found.position is Position.BEHIND and self._to_come.running:
            return self._live_view(found, "What is pending is being worked out just now.")
        if found.position is Position.BEHIND and self.page.checks is not Checks.OFF:
            return self._live_view(found, "The button under «Drift» on the status page works out what is pending, too.")
        return self._live_view(found, "")

    def _live_view(self, found: Overview, note: str) -> DiagramView:
        self._live.ask(self._about(found))
        self._live.wait(PATIENCE)
        outcome = self._live.outcome
        if outcome is None or outcome.value is None:
            reason = "it takes too long" if outcome is None else outcome.error
            return DiagramView(found.database, f"It cannot be drawn: {reason}", None, note)
        return DiagramView(found.database, "What the database has.", outcome.value, note)

    # JSON

    def moment(self, found: Overview) -> dict[str, Any]:
        """The little that a page asks for every second."""
        running = wording.running(found)
        return {
            "stamp": self.stamp(found),
            "busy": self.busy(found),
            "state": found.position.value,
            "words": wording.sentence(found),
            "version": found.version,
            "head": found.head,
            "pending": wording.pending(found),
            "running": None
            if running is None
            else {
                "what": running.what,
                "value": running.value,
                "text": running.text,
                "statement": running.statement,
                "sql": running.sql,
            },
        }

    def document(self, found: Overview) -> dict[str, Any]:
        """All facts, for programs."""
        drifted = self._drift.outcome
        return {
            "at": datetime.fromtimestamp(found.at, timezone.utc).isoformat(timespec="seconds"),
            "database": found.database,
            "state": found.position.value,
            "words": found.words,
            "next_command": found.command,
            "version": found.version,
            "head": found.head,
            "pending": [self._pending_document(each, found) for each in self._pending(found)],
            "migrations": [_plain(asdict(each)) for each in found.migrations],
            "history": [_plain(asdict(each)) for each in found.runs],
            "holder": None if found.holder is None else asdict(found.holder),
            "running": None
            if found.underway is None
            else {**asdict(found.underway), "whole": found.underway.whole, "seconds_left": found.seconds_left},
            "paused": found.paused,
            "drift": None
            if drifted is None
            else {
                "at": datetime.fromtimestamp(drifted.at, timezone.utc).isoformat(timespec="seconds"),
                "current": drifted.about == self._about(found),
                "findings": None if drifted.value is None else list(drifted.value.findings),
                "error": drifted.error,
            },
        }

    def _pending_document(self, each: Pending, found: Overview) -> dict[str, Any]:
        sql, _ = self._sql(each, found)
        return {
            "version": each.version,
            "title": each.title,
            "file": each.file,
            "statements": None if sql is None else list(sql),
            "source": each.source,
            "loses": list(each.losses),
            "error": each.error,
        }

    # Sources

    def source(self, number: int) -> tuple[str, tuple[scripts.File, ...]] | None:
        """The title and the files of a migration; None where there is none of that number."""
        try:
            found = Repository(self.settings.repository).scripts.get(number)
        except MigrationToolError:
            return None
        return None if found is None else (found.title, scripts.files(found))


def _drift_found(outcome: Outcome[Drift], still: bool, buttons: dict[str, Any]) -> DriftView:
    when = f"{wording.moment(outcome.at)}, in {wording.duration(outcome.seconds)}"
    if outcome.value is None:
        words = f"It could not be compared ({when}): {outcome.error}"
        return DriftView("bad", words, outcome.remedy, **buttons)
    past = "" if still else " That was before the database or the scripts changed; compare again."
    findings, seen = outcome.value.findings, {"unseen": outcome.value.unseen, **buttons}
    if not findings:
        words = f"Schema and applied scripts were as promised ({when}).{past}"
        return DriftView("good" if still else "note", words, **seen)
    count = "1 thing was" if len(findings) == 1 else f"{len(findings)} things were"
    diff = tuple(outcome.value.diff.splitlines())
    return DriftView("bad", f"{count} not as promised ({when}).{past}", None, findings, diff, **seen)


def _script(statements: Sequence[str]) -> str:
    return "\n".join(f"{text.strip().rstrip(';')};" for text in statements)


def _note(count: int, most: int | None) -> str:
    return f"; {most} of {count:,}" if most is not None and count > most else ""


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
