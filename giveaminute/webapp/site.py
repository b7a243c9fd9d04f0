"""One database as the status page knows it in one process: its overview, the checks beside it, and its scripts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from giveaminute.advice import placed_for
from giveaminute.errors import MigrationToolError
from giveaminute.settings import Settings
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.masking import MASK
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.status import Position
from giveaminute.webapp import scripts
from giveaminute.webapp.checks import Drift, Job, Picture, Queue, Rehearsed, drift, picture, rehearsal
from giveaminute.webapp.overview import Overview, Overviews
from giveaminute.webapp.page_settings import Checks, PageSettings
from giveaminute.webapp.scripts import Pending
from giveaminute.webapp.standing import Stamp, stamp_of

MOST_PENDING = 25
"""Pending migrations whose text is on the page; each has a page of its own besides."""
LIVE_SECONDS = 20.0
"""For which a diagram of the live schema serves everybody."""

_WITH_PENDING = frozenset({Position.BEHIND, Position.HALF_APPLIED, Position.MIGRATING})
COMPARABLE = frozenset({Position.CURRENT, Position.BEHIND})
"""Where a comparison and a rehearsal mean something."""


@dataclass(frozen=True)
class _Kept:
    """The migrations to come, of the overview of that moment, and of the files as they were."""

    at: float = 0.0
    about: object = None
    migrations: tuple[Pending, ...] = ()


class Site:
    """One database and its scripts, as one process shows them. For any number of threads."""

    def __init__(self, settings: Settings, page: PageSettings) -> None:
        self.settings = settings
        self.page = page
        self._overviews = Overviews(settings)
        self._pending = _Kept()
        least, self._queue = 60 * page.check_minutes, Queue()
        self.drift: Job[Drift] = Job(lambda: drift(settings), least, self._queue)
        self.rehearsal: Job[Rehearsed] = Job(lambda: rehearsal(settings), least, self._queue)
        self.to_come: Job[Picture] = Job(lambda: picture(settings, pending=True), least, self._queue)
        self.live: Job[Picture] = Job(lambda: picture(settings, pending=False), LIVE_SECONDS)

    def overview(self) -> Overview:
        """How it stands now."""
        found = self._overviews.now()
        return replace(found, command=found.command and self.placed(found.command))

    def placed(self, advice: str) -> str:
        """With the commands in it as they are to be typed for these scripts."""
        return placed_for(self.settings, advice)

    def wait(self, seconds: float) -> None:
        """Until the checks under way have ended; `seconds` at most for each."""
        for job in self._jobs:
            job.wait(seconds)

    def close(self, seconds: float) -> None:
        """Begin no check any more, and wait for the one at work, so that it drops its scratch database."""
        self._queue.closed = True
        self.wait(seconds)

    @property
    def _jobs(self) -> tuple[Job[Any], ...]:
        return (self.drift, self.rehearsal, self.to_come)

    # Checks

    def check(self, found: Overview) -> None:
        """Begin the checks that are not at work and whose last answer is old, where they mean something."""
        if self.page.checks is Checks.OFF or found.position not in COMPARABLE:
            return
        self.drift.ask(self.about(found))
        if found.position is Position.BEHIND:
            self.to_come.ask(self.about(found))
        if self.is_python_pending(found):
            self.rehearsal.ask(self.about(found))

    def about(self, found: Overview) -> tuple[int | None, int | None, Stamp]:
        """What a check is of: it is stale when this is another."""
        return (found.version, found.head, stamp_of(Repository(self.settings.repository).versions))

    def is_python_pending(self, found: Overview) -> bool:
        """Whether there is something to rehearse."""
        return any(each.source is not None for each in self.pending(found))

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
            moving: object = (found.holder is not None, found.version)
        else:
            runs = [(run.id, run.outcome.value) for run in found.runs[:1]]
            moving = (found.version, found.head, runs, found.words, found.paused)
        checks = [(job.running, job.outcome and job.outcome.at) for job in self._jobs]
        return hashlib.sha256(repr((found.position, moving, checks)).encode()).hexdigest()[:16]

    # Scripts

    def pending(self, found: Overview) -> tuple[Pending, ...]:
        """The first of the migrations to come, with their text."""
        if found.position not in _WITH_PENDING or found.head is None:
            return ()
        running = found.run.version if found.run is not None and found.position is Position.MIGRATING else 0
        first = max(found.version or 0, running) + 1
        versions = range(first, min(found.head, first + MOST_PENDING - 1) + 1)
        kept = self._pending
        if kept.at != found.at:
            self._pending = kept = self._read_pending(kept, found.at, versions)
        return kept.migrations

    def _read_pending(self, kept: _Kept, at: float, versions: range) -> _Kept:
        repository = Repository(self.settings.repository)
        about = (versions, scripts.stamp(repository, versions))
        if about == kept.about:
            return replace(kept, at=at)
        dialect = for_family(self.settings.url.family)
        return _Kept(at, about, scripts.pending(repository, dialect, versions))

    def sql(self, each: Pending, found: Overview) -> tuple[tuple[str, ...] | None, str]:
        """What a migration sends, None where that is not known, and how it is known."""
        if each.sql is not None:
            return each.sql, f"{len(each.sql)} statements" if len(each.sql) != 1 else "1 statement"
        outcome = self.rehearsal.outcome
        if outcome is None or outcome.value is None or outcome.about != self.about(found):
            return None, ""
        sql = outcome.value.statements.get(each.version)
        if sql is None:
            return None, ""
        note = f"rehearsed on {outcome.value.place}"
        if not sql:
            return (), f"none to send, as {note}"
        return sql, f"{note}, values of rows masked" if any(MASK in text for text in sql) else note

    def source(self, number: int) -> tuple[str, tuple[scripts.File, ...]] | None:
        """The title and the files of a migration; None where there is none of that number."""
        try:
            found = Repository(self.settings.repository).scripts.get(number)
        except MigrationToolError:
            return None
        return None if found is None else (found.title, scripts.files(found))
