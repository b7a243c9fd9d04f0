"""All that the status page tells of a database, read in one go: nothing is written, and no row shows."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from giveaminute.errors import Busy, MigrationToolError
from giveaminute.settings import Settings
from giveaminute.versioning import history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.history import Run
from giveaminute.versioning.lease import Holder
from giveaminute.versioning.masking import masked_error, masked_statement
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.sqltokens import Syntax
from giveaminute.versioning.status import MigrationStatus, Position, Status, read_both
from giveaminute.versioning.underway import Underway, underway
from giveaminute.webapp.standing import impatient, is_away

FRESH = 0.5
"""Seconds for which one reading serves everybody who asks."""
PATIENCE = 1.0
"""Seconds that a request waits for a reading that another began, where there is an older one; and that a reading waits
for a lock on an SQLite file.
"""
SILENCE = 5.0
"""Seconds that the server may take to accept a connection, and to answer each question."""
MOST_RUNS = 200
"""Runs of the history that are read."""
RECENT = 30.0
"""Seconds over which it is measured how fast a migration goes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Overview:
    """A database and its scripts at one moment. `at`: Unix time; `words` and `command`: for who runs the site.

    `version`: None where there is none, or where it cannot be told. `seconds_left`: of the statement under way.
    """

    at: float
    database: str
    position: Position
    words: str
    command: str | None
    version: int | None = None
    head: int | None = None
    migrations: tuple[MigrationStatus, ...] = ()
    runs: tuple[Run, ...] = ()
    holder: Holder | None = None
    underway: Underway | None = None
    run: Run | None = None
    statement: str | None = None
    paused: str | None = None
    seconds_left: float | None = None


class Overviews:
    """Reads overviews, one at a time whoever asks, and measures between two of them how fast a migration goes."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[float, Overview] | None = None
        self._pace = Pace()

    def now(self) -> Overview:
        """The overview of this moment; the last one, where the database is slow to tell. Raises nothing."""
        if not self._lock.acquire(timeout=-1 if self._last is None else PATIENCE):
            assert self._last is not None
            return self._last[1]
        try:
            if self._last is None or self._clock() - self._last[0] >= FRESH:
                found = read_overview(self._settings)
                found = replace(found, seconds_left=self._pace.left(found, self._clock()))
                self._last = (self._clock(), found)
            return self._last[1]
        finally:
            self._lock.release()


class Pace:
    """How fast the statement under way gets on, from when it was looked at."""

    def __init__(self) -> None:
        self._of: tuple[int | None, int | None] = (None, None)
        self._seen: deque[tuple[float, float]] = deque()

    def left(self, found: Overview, now: float) -> float | None:
        """Seconds to go; None where nobody can tell."""
        at, run = found.underway, found.run
        if at is None or at.part is None or run is None:
            self._seen.clear()
            return None
        if self._of != (run.id, at.statement) or (self._seen and at.part < self._seen[-1][1]):
            self._of = (run.id, at.statement)
            self._seen.clear()
        self._seen.append((now, at.part))
        while len(self._seen) > 2 and self._seen[1][0] < now - RECENT:
            self._seen.popleft()
        since, part = self._seen[0]
        gone = at.part - part
        return None if gone <= 0 else (1 - at.part) * (now - since) / gone


def read_overview(settings: Settings) -> Overview:
    """Ask the database and list the scripts now. Raises nothing: what goes wrong is told in the overview."""
    repository, url = Repository(settings.repository), settings.url
    nothing = Overview(time.time(), url.name, Position.UNKNOWN, "", None)
    connected = False
    try:
        with opened(impatient(url, SILENCE), read_only=True, wait=PATIENCE) as database:
            connected = True
            return _read(database, repository)
    except Busy as error:
        return replace(nothing, position=Position.MIGRATING, words=error.message)
    except MigrationToolError as error:
        position = Position.UNREACHABLE if is_away(error, connected) else Position.UNKNOWN
        return replace(nothing, position=position, words=error.message, command=error.remedy)
    except Exception as error:
        logger.exception("the overview of %s cannot be read", url)
        return replace(nothing, words=f"{url.name}: {type(error).__name__}, which the log tells more about.")


def _read(database: Database, repository: Repository) -> Overview:
    status, advice = read_both(database, repository)
    syntax = database.dialect.syntax
    run, holder = status.unfinished, status.holder
    found = Overview(
        at=time.time(),
        database=status.database,
        position=advice.position,
        words=advice.discreet or advice.summary,
        command=status.next_command if holder is None else None,
        version=status.version,
        head=status.head,
        migrations=status.migrations,
        runs=tuple(_safe_run(each, syntax) for each in history.runs(database, repository, MOST_RUNS)),
        run=run and _safe_run(run, syntax),
        statement=_safe_statement(status, syntax),
        paused=status.paused,
    )
    if holder is None:
        return found
    at = underway(database, repository, holder, run)
    return replace(found, holder=replace(holder, doing=masked_statement(holder.doing, syntax)), underway=at)


def _safe_run(run: Run, syntax: Syntax) -> Run:
    return run if run.error is None else replace(run, error=masked_error(run.error, syntax))


def _safe_statement(status: Status, syntax: Syntax) -> str | None:
    """The statement that a stopped run had come to."""
    if status.statement is None or status.holder is not None:
        return None
    number, _, text = status.statement.partition(": ")
    return f"{number}: {masked_statement(text, syntax)}"
