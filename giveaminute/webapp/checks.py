"""What takes too long for a request, done beside it: at most every few minutes, one at a time, its outcome kept.

All of it reads the given database and writes only to a scratch database of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from giveaminute.errors import Busy, HalfApplied, MigrationFailed, MigrationToolError
from giveaminute.settings import Settings
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.masking import masked_error, masked_statement
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.sqltokens import Syntax
from giveaminute.versioning.statementkinds import StatementKind, kind

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of it: a value, or an error in words with its remedy. `at`: Unix time; `about`: what it is of."""

    about: object
    at: float
    seconds: float
    value: T | None = None
    error: str | None = None
    remedy: str | None = None


class Queue:
    """Lets one job work at a time; once it is closed, those that wait do nothing."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.closed = False


class Job(Generic[T]):
    """One question that takes long. For any number of threads."""

    def __init__(self, answer: Callable[[], T], least_seconds: float, queue: Queue | None = None) -> None:
        """`answer` may raise. `least_seconds`: from the end of one answer to the begin of the next."""
        self._answer = answer
        self._least = least_seconds
        self._queue = queue or Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._outcome: Outcome[T] | None = None

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    @property
    def outcome(self) -> Outcome[T] | None:
        """The last one; None where there is none yet."""
        return self._outcome

    def ask(self, about: object) -> bool:
        """Begin, unless it is at work or the last answer was about the same and is young; True where it was begun."""
        with self._lock:
            last = self._outcome
            if self.running or (last is not None and last.about == about and time.time() - last.at < self._least):
                return False
            self._thread = threading.Thread(target=self._run, args=(about,), name="migrations check", daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds: float) -> None:
        """Until it has ended, so that what it made is unmade, `seconds` at most."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self, about: object) -> None:
        with self._queue.turn:
            if not self._queue.closed:
                self._outcome = self._answered(about)

    def _answered(self, about: object) -> Outcome[T]:
        began = time.monotonic()
        value, error, remedy = None, None, None
        try:
            value = self._answer()
        except MigrationToolError as failure:
            error, remedy = failure.message, failure.remedy
        except BaseException as failure:  # a thread that dies in silence would look as if it had found nothing
            logger.exception("a check of the status page")
            error = f"Unexpected: {type(failure).__name__}, which the log tells more about."
        return Outcome(about, time.time(), time.monotonic() - began, value, error, remedy)


@dataclass(frozen=True)
class Drift:
    """Where the live schema and the applied scripts are not what was promised, in words; `diff` as SQL."""

    findings: tuple[str, ...]
    diff: str
    unseen: tuple[str, ...]


def drift(settings: Settings) -> Drift:
    """Compare the live schema with what the scripts build in a scratch database. Raises MigrationToolError."""
    from giveaminute.versioning.checking import Context, Subject, check

    with _told(settings):
        context = Context(settings.url, Repository(settings.repository), None, None)
        report = check(context, (Subject.SCHEMA, Subject.SCRIPTS))
    return Drift(tuple(each.words for each in report.findings), report.diff, report.unseen)


@contextmanager
def _told(settings: Settings) -> Iterator[None]:
    """Errors without the values of rows that they may hold: of a migration there, or of one that is half applied."""
    try:
        yield
    except MigrationFailed as error:
        words = masked_error(error.message, for_family(settings.url.family).syntax)
        raise MigrationToolError(words, error.remedy) from None
    except (HalfApplied, Busy):
        raise MigrationToolError(
            "A migration has changed a part of the schema.", "Look again when it has come to its end."
        ) from None


@dataclass(frozen=True)
class Rehearsed:
    """The SQL of pending migrations by version, as it was sent on a scratch copy; `failure`: what ended it early.

    Where rows are changed the values are masked: a migration may have read them from other rows, in the database or
    among those that an earlier one kept.
    """

    statements: Mapping[int, tuple[str, ...]]
    place: str
    failure: str | None


def rehearsal(settings: Settings) -> Rehearsed:
    """What the pending migrations would send. Raises MigrationToolError."""
    from giveaminute.versioning.dry_run import rehearse
    from giveaminute.versioning.runner import Move

    with _told(settings):
        found = rehearse(settings.url, Repository(settings.repository), Move(Direction.UPGRADE))
    syntax = Syntax(found.family)
    statements = {
        step.version: tuple(
            masked_statement(text, syntax) if step.questions or kind(text) is StatementKind.CHANGE else text
            for each in step.statements
            for text in (*each.session, *each.sql)
        )
        for step in found.steps
    }
    failure = None if found.failure is None else masked_error(found.failure.message, syntax)
    return Rehearsed(statements, found.place, failure)


@dataclass(frozen=True)
class Picture:
    """A diagram as SVG for a page; `changes`: what is coloured in it, in words; `notes`: what is not to be seen."""

    svg: str
    changes: tuple[str, ...]
    notes: tuple[str, ...]


def picture(settings: Settings, *, pending: bool) -> Picture:
    """The live schema; with `pending` what becomes of it, which is built in a scratch database.

    Raises MigrationToolError.
    """
    from giveaminute.versioning.diagram import LIVE, drawn
    from giveaminute.versioning.diagrams import svg

    repository = Repository(settings.repository)
    with _told(settings):
        found = drawn(settings.url, repository, "head", LIVE) if pending else drawn(settings.url, repository, LIVE)
    return Picture(svg(found, standalone=False), found.changes, tuple(note.words for note in found.notes))
