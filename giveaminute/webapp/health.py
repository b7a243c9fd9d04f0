"""`/healthz`: whether this application can do its work, in a word, for load balancers."""

from __future__ import annotations

from typing import Any

import web

from giveaminute.settings import Settings
from giveaminute.versioning.status import Position
from giveaminute.webapp.guard import guard
from giveaminute.webapp.headers import put
from giveaminute.webapp.policy import Policy, Treatment
from giveaminute.webapp.standing import Watcher

_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def healthz(settings: Settings | None = None, *, policy: Policy | None = None, watcher: Watcher | None = None) -> Any:
    """A sub-application: 503 where the guard answers so, or where the database is out of reach, else 200; and a word.

    It costs a request nothing, and the database a look in seconds. `policy`, `watcher`: as those of the guard.
    """
    judge = guard(settings, policy=policy, watcher=watcher)
    handler = type("Health", (_Health,), {"watcher": judge.watcher, "policy": judge.policy})
    return web.application(("/?", handler), {}, autoreload=False)


class _Health:
    watcher: Watcher
    policy: Policy

    def GET(self) -> str:
        position = self.watcher.standing().position
        refused = self.policy.treatment(position) is Treatment.REFUSE
        well = not refused and position is not Position.UNREACHABLE
        web.ctx.status = "200 OK" if well else "503 Service Unavailable"
        put(_HEADERS)
        word = "ok" if position is Position.CURRENT else position.value
        return f"{word}\n"

    def HEAD(self) -> str:
        self.GET()
        return ""
