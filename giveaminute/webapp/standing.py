"""Where the database stands, known to every request without asking the database each time. Nothing here writes."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from dataclasses import dataclass, field, replace
from pathlib import Path

from giveaminute.errors import Busy, CannotConnect, ConnectionLost, MigrationToolError
from giveaminute.settings import MYSQL, DatabaseUrl, Settings
from giveaminute.versioning.database import opened
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.status import Advice, Position, compared, read_advice

EVERY = 2.0
"""Seconds between two questions to the database."""
LOOK = 0.1
"""Seconds between two looks at the folder of the scripts: a look at each request would be a third of what it costs."""
PATIENCE = 0.5
"""Seconds that a request waits for an answer at most, counted from when the question was asked."""
SILENCE = 2.0
"""Seconds that the server may take to accept a connection, and to answer each question."""

logger = logging.getLogger(__name__)

Stamp = tuple[int, int] | None
"""What changes when a script comes or goes; None where there is no folder."""


@dataclass(frozen=True)
class Standing:
    """Where the database is, seen from the scripts at hand.

    `version`: None for an empty database, for one that is not under version control, and where it was never seen; out
    of reach it is the last that was seen. `head`: None where the scripts contradict one another. `words` and
    `command` are for those who run the site, and may name hosts and users. `seen`: Unix time of the answer.
    """

    position: Position
    version: int | None
    head: int | None
    words: str
    command: str | None = None
    seen: float = field(default=0.0, compare=False)

    @property
    def current(self) -> bool:
        """Whether code and schema fit, and nobody changes that just now."""
        return self.position is Position.CURRENT


@dataclass(frozen=True)
class _Answer:
    """A standing, the folder that it was told from, and by our own clock when."""

    standing: Standing
    stamp: Stamp
    at: float


class _Question:
    """One question under way, in a thread of its own; `ended` is set when its answer is there."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.ended = threading.Event()


class Watcher:
    """Tells where a database stands: the last answer, asked anew every few seconds, at once when the scripts change.

    For any number of threads. The database is asked in a thread of its own, on a connection that is closed again, so
    that one which hangs keeps nobody waiting; nobody asks where nobody wants to know. After a fork each process asks
    for itself.
    """

    def __init__(
        self, settings: Settings, *, every: float = EVERY, patience: float = PATIENCE, silence: float = SILENCE
    ) -> None:
        self._url = impatient(settings.url, silence)
        self._silence = silence
        self._folder = settings.repository
        self._versions = str(Repository(settings.repository).versions)
        self._every = every
        self._look = min(LOOK, every)
        self._look_at = 0.0
        self._patience = patience
        self._answer: _Answer | None = None
        self._forget_threads()
        _watchers.add(self)

    def _forget_threads(self) -> None:
        self._lock = threading.Lock()
        self._question: _Question | None = None

    def standing(self) -> Standing:
        """Where it stands, by an answer of the last few seconds. Raises nothing; waits at most for the patience.

        While requests come in nobody waits. The first request, the first after an idle time, and those after a change
        of the scripts wait for the new answer; where it takes too long they get the last one, for the scripts of now.
        """
        answer, now = self._answer, time.monotonic()
        if answer is not None:
            if now < self._look_at:
                return answer.standing
            if self._is_fresh(answer, stamp_of(self._versions)):
                self._look_at = now + self._look
                return answer.standing
        return self._renewed()

    def _renewed(self) -> Standing:
        stamp = stamp_of(self._versions)
        question = self._asked(stamp)
        if self._is_late(stamp):
            self._wait(question)
            if question.ended.is_set() and self._is_of_before(stamp):
                self._wait(self._asked(stamp))
        answer = self._answer
        if answer is None:
            return _unheard(self._url)
        return (answer if answer.stamp == stamp else self._follow(answer, stamp)).standing

    def _is_fresh(self, answer: _Answer, stamp: Stamp) -> bool:
        return time.monotonic() - answer.at < self._every and answer.stamp == stamp

    def _is_late(self, stamp: Stamp) -> bool:
        """Whether the last answer is so old, or of other scripts, that a request had better wait for the next."""
        answer = self._answer
        return answer is None or answer.stamp != stamp or time.monotonic() - answer.at > 2 * self._every

    def _is_of_before(self, stamp: Stamp) -> bool:
        """Whether the last question was asked before the scripts changed."""
        answer = self._answer
        return answer is None or answer.stamp != stamp

    def _wait(self, question: _Question) -> None:
        question.ended.wait(max(0.0, question.begun + self._patience - time.monotonic()))

    def _asked(self, stamp: Stamp) -> _Question:
        """The question under way, which begins now if there is none."""
        with self._lock:
            question, answer = self._question, self._answer
            if question is not None:
                if not question.ended.is_set():
                    return question
                if answer is not None and self._is_fresh(answer, stamp):  # another request was faster
                    return question
            self._question = question = _Question()
            try:
                threading.Thread(target=self._ask, args=(question,), name="standing", daemon=True).start()
            except RuntimeError:  # no more threads, or the interpreter is on its way out
                question.ended.set()
            return question

    def _ask(self, question: _Question) -> None:
        try:
            stamp = stamp_of(self._versions)
            standing = read_standing(self._url, Repository(self._folder), wait=self._silence)
            with self._lock:
                before = self._answer
                if standing.position is Position.UNREACHABLE and before is not None:
                    standing = replace(standing, version=before.standing.version)
                self._answer = _Answer(standing, stamp, time.monotonic())
        finally:
            question.ended.set()

    def _follow(self, answer: _Answer, stamp: Stamp) -> _Answer:
        """What is known of the database, seen from the scripts as they are now."""
        followed = replace(
            answer, standing=_seen_from(answer.standing, Repository(self._folder), self._url), stamp=stamp
        )
        with self._lock:
            if self._answer is answer:
                self._answer = followed
        return followed


def read_standing(url: DatabaseUrl, repository: Repository, *, wait: float = 0) -> Standing:
    """Ask now. Raises nothing: what goes wrong is a standing too. `wait`: seconds for another's lock (SQLite)."""
    head = version = None
    connected = False
    try:
        head = repository.head
        with opened(url, read_only=True, wait=wait) as database:
            connected = True
            version, advice = read_advice(database, repository)
    except MigrationToolError as error:
        position = Position.UNREACHABLE if is_away(error, connected) else Position.UNKNOWN
        advice = Advice(position, error.message, error.remedy)
    except Exception as error:
        logger.exception("where %s stands cannot be told", url)
        advice = Advice(Position.UNKNOWN, f"{url.name}: {type(error).__name__}: {error}")
    return Standing(advice.position, version, head, advice.discreet or advice.summary, advice.command, time.time())


def is_away(error: MigrationToolError, connected: bool) -> bool:
    """Whether nobody answered, and not somebody with something that cannot be understood or may not be read."""
    return isinstance(error, (ConnectionLost, Busy)) or (isinstance(error, CannotConnect) and not connected)


_BY_VERSION = {Position.CURRENT, Position.BEHIND, Position.AHEAD}


def _seen_from(standing: Standing, repository: Repository, url: DatabaseUrl) -> Standing:
    try:
        head = repository.head
    except MigrationToolError as error:
        return replace(standing, position=Position.UNKNOWN, head=None, words=error.message, command=error.remedy)
    if standing.position not in _BY_VERSION:
        return replace(standing, head=head)
    advice = compared(url.name, standing.version, head)
    return replace(standing, position=advice.position, head=head, words=advice.summary, command=advice.command)


def _unheard(url: DatabaseUrl) -> Standing:
    return Standing(Position.UNREACHABLE, None, None, f"{url} has not answered yet.", seen=time.time())


def impatient(url: DatabaseUrl, silence: float) -> DatabaseUrl:
    """With an end to the server's silence, in seconds: a request is no migration, which waits for long."""
    if url.family != MYSQL:
        return url
    connect = min(float(url.options.get("connect_timeout", silence)), silence)
    limits = {"connect_timeout": str(max(1, round(connect))), "read_timeout": str(silence)}
    return replace(url, options={**url.options, **limits})


def stamp_of(folder: str | Path) -> Stamp:
    """Of the folder that the scripts are in."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


_watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()


def _after_fork() -> None:
    for watcher in _watchers:
        watcher._forget_threads()


os.register_at_fork(after_in_child=_after_fork)
