"""`/healthz`: whether this application can do its work, in a word, for load balancers."""

from __future__ import annotations

from typing import Any

import web

from giveaminute import settings as settings_module
from giveaminute.settings import Settings
from giveaminute.versioning.status import Position
from giveaminute.webapp.standing import Watcher


def healthz(settings: Settings | None = None, *, watcher: Watcher | None = None) -> Any:
    """A sub-application: 200 or 503, and a word. It costs a request nothing, and the database a look in seconds.

    `watcher`: one that is shared with the guard.
    """
    if watcher is None:
        watcher = Watcher(settings_module.read() if settings is None else settings)
    return web.application(("/?", type("Health", (_Health,), {"watcher": watcher})), {}, autoreload=False)


class _Health:
    watcher: Watcher

    def GET(self) -> str:
        position = self.watcher.standing().position
        well = position in (Position.CURRENT, Position.AHEAD)
        web.ctx.status = "200 OK" if well else "503 Service Unavailable"
        web.header("Content-Type", "text/plain; charset=utf-8")
        web.header("Cache-Control", "no-store")
        web.header("X-Content-Type-Options", "nosniff")
        word = "ok" if position is Position.CURRENT else position.value
        return f"{word}\n"

    def HEAD(self) -> str:
        self.GET()
        return ""
