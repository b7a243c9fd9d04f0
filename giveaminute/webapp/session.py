"""A SQLAlchemy session around each web.py request.

    db = Sessions()
    app.add_processor(db)

    class person:
        def GET(self, number):
            return db.session.get(User, number).full_display_name

It begins with the first use of `db.session`, and a request that makes none costs nothing. At the end of the request:

- an answer below 400 commits, whether it was returned or raised: `web.seeother` after a change is no error;
- an answer of 400 and above rolls back, returned or raised: who refuses half-way has changed nothing. What is to stay
  nevertheless, such as a failed login that is counted, is committed before by `db.session.commit()`;
- any other exception rolls back; so does a commit that fails, and then the headers that the handler set (cookies, where
  to go next) are taken back with it, and web.py answers 500;
- the session is closed in any case, and its connection goes back to the pool.

The commit comes before the answer leaves, except where the answer is a generator: it has the session until it ends, and
is committed then; one that raises, or that nobody reads to its end, is rolled back. By then the visitor has seen the
first part: commit before the first `yield` what must not be lost.

A sub-application's request is part of the outer one. An `app.internalerror` of one's own has to answer 5xx.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
import web
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.util import ThreadLocalRegistry

from giveaminute import settings as settings_module
from giveaminute.settings import Settings
from giveaminute.versioning.dialects import for_family


class Sessions:
    """One engine a process, one session a request, as a processor for `app.add_processor`.

    `settings`: those that the commands would find (DATABASE_URL, config.yaml). `options`: of `sqlalchemy.create_engine`
    (`pool_size`, `echo` …). Raises SettingsError. A process that is forked, also in the middle of a request, makes
    connections of its own.
    """

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        url = (settings_module.read() if settings is None else settings).url
        self.engine: sa.Engine = for_family(url.family).application_engine(url, **options)
        self.session: scoped_session[Session] = scoped_session(sessionmaker(self.engine))
        self._thread = threading.local()
        self._inherited: list[object] = []
        _all.add(self)

    def __call__(self, handler: Callable[[], Any]) -> Any:
        if getattr(self._thread, "busy", False):
            return handler()
        _discard(self.session)  # that of a body which nobody began to read
        headers = list(web.ctx.headers)
        self._thread.busy = True
        try:
            answer = self._handled(handler, headers)
        except BaseException:
            _discard(self.session)
            raise
        finally:
            self._thread.busy = False
        if hasattr(answer, "__next__"):  # what web.py takes for a body in pieces
            return self._streamed(answer, self.session())
        _discard(self.session)
        return answer

    def _handled(self, handler: Callable[[], Any], headers: list[Any]) -> Any:
        try:
            answer = handler()
        except web.HTTPError:
            self._settle(headers)
            raise
        if not hasattr(answer, "__next__"):
            self._settle(headers)
        return answer

    def _settle(self, headers: list[Any]) -> None:
        """Commit what was done for a good answer; otherwise closing the session rolls it back."""
        if not self.session.registry.has() or not _is_good():
            return
        try:
            self.session.commit()
        except BaseException:
            web.ctx.headers = headers
            raise

    def _streamed(self, body: Iterator[Any], session: Session) -> Iterator[Any]:
        """The session is named, since what nobody reads on may end in another thread."""
        try:
            yield from body
            if _is_good():
                session.commit()
        except web.HTTPError:  # raised before the first piece: an answer like any other
            if _is_good():
                session.commit()
            raise
        finally:
            if self.session.registry.has() and self.session.registry() is session:
                _discard(self.session)
            else:
                session.close()

    def _after_fork(self) -> None:
        """Leave the parent its connections: kept, for closing one would speak on the parent's socket."""
        self._inherited += [self.engine.pool, self.session.registry]
        self.engine.dispose(close=False)
        self.session.registry = ThreadLocalRegistry(self.session.session_factory)
        self._thread = threading.local()


def _is_good() -> bool:
    return str(web.ctx.status)[:3] < "400"


def _discard(session: scoped_session[Session]) -> None:
    """Close it. Where the connection is lost there is nothing left to roll back."""
    try:
        session.remove()
    except sa.exc.DBAPIError:
        session.registry().invalidate()
        session.registry.clear()


_all: weakref.WeakSet[Sessions] = weakref.WeakSet()


def _after_fork() -> None:
    for sessions in _all:
        sessions._after_fork()


os.register_at_fork(after_in_child=_after_fork)
