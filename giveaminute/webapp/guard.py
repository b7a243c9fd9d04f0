"""Keeps an application from answering out of a schema that its code does not know.

app = web.application(urls, globals())
app.add_processor(guard())
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import web

from giveaminute import settings as settings_module
from giveaminute.advice import placed_for
from giveaminute.settings import Settings
from giveaminute.versioning.status import Position
from giveaminute.webapp.policy import Policy, Treatment, read_policy
from giveaminute.webapp.standing import Standing, Watcher
from giveaminute.webapp.unavailable import CLOSED, READING_ONLY, unavailable

AGAIN = 60.0
"""Seconds until the log is told the same again."""

logger = logging.getLogger(__name__)

_CURRENT = Position.CURRENT
_READING = ("GET", "HEAD", "OPTIONS")
_DONE = {
    Treatment.REFUSE: "Requests are answered with 503.",
    Treatment.READ_ONLY: "Requests that change something are answered with 503.",
    Treatment.WARN: "Requests are let through.",
}


def guard(settings: Settings | None = None, *, policy: Policy | None = None, watcher: Watcher | None = None) -> Guard:
    """A processor for `app.add_processor`, of the main application and before those that use the database.

    `settings`: those that the commands would find (DATABASE_URL, config.yaml). `policy`: that of `guard:` in
    config.yaml. `watcher`: one that is shared, with the status page say. Raises SettingsError. Asks no database yet.
    """
    settings = settings_module.read() if settings is None else settings
    policy = read_policy(settings.config) if policy is None else policy
    watcher = Watcher(settings, every=policy.every) if watcher is None else watcher
    return Guard(policy, watcher, partial(placed_for, settings))


class Guard:
    """Passes a request on, or answers it with 503, by where the database stands. `watcher` may be shared."""

    def __init__(self, policy: Policy, watcher: Watcher, advise: Callable[[str], str] = str) -> None:
        self.policy = policy
        self.watcher = watcher
        self._log = _Log(advise)

    def __call__(self, handler: Callable[[], Any]) -> Any:
        standing = self.watcher.standing()
        if standing.position is _CURRENT:
            if self._log.troubled:
                self._log.end(standing)
            return handler()
        treatment = self.policy.treatment(standing.position)
        if treatment is Treatment.PASS:
            return handler()
        self._log.tell(standing, treatment)
        if treatment is Treatment.WARN or self.policy.exempts(web.ctx.path):
            return handler()
        if treatment is Treatment.READ_ONLY and web.ctx.method in _READING:
            return handler()
        ours = READING_ONLY if treatment is Treatment.READ_ONLY else CLOSED
        raise unavailable(self.policy.message or ours, self.policy.retry_after)


class _Log:
    """Tells what the matter is once a minute and position, however many requests there are, and when it is over."""

    def __init__(self, advise: Callable[[str], str]) -> None:
        """`advise`: makes of a command the one to type for these scripts."""
        self.troubled = False
        self._advise = advise
        self._told: dict[Position, float] = {}
        self._lock = threading.Lock()

    def tell(self, standing: Standing, treatment: Treatment) -> None:
        self.troubled = True
        if not self._is_due(standing.position):
            return
        advice = f" Next: {self._advise(standing.command)}" if standing.command else ""
        words = f"{standing.words} {_DONE[treatment]}{advice}"
        logger.warning("%s", " ".join(words.split()))

    def _is_due(self, position: Position) -> bool:
        if not self._lock.acquire(blocking=False):
            return False  # another request is at it, and tells what this one would
        try:
            now, last = time.monotonic(), self._told.get(position)
            due = last is None or now - last >= AGAIN
            if due:
                self._told[position] = now
            return due
        finally:
            self._lock.release()

    def end(self, standing: Standing) -> None:
        if not self._lock.acquire(blocking=False):
            return
        told, self.troubled = self.troubled, False
        self._lock.release()
        if told:
            logger.info("%s Requests are answered as ever.", standing.words)
