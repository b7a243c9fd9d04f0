"""web.py applications for tests: made of functions, asked in this process or over HTTP."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import web


def application(pages: Mapping[str, Callable[[], Any]], *processors: Callable[..., Any]) -> Any:
    """One whose pages are these functions, for GET and POST alike."""
    names: list[Any] = []
    for path, answer in pages.items():
        call = staticmethod(answer)
        names += [path, type("page", (), {"GET": call, "POST": call})]
    app = web.application(tuple(names), {}, autoreload=False)
    for processor in processors:
        app.add_processor(processor)
    return app


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: str


def ask(port: int, path: str = "/", method: str = "GET", timeout: float = 10, **headers: str) -> Reply:
    """One request on a connection of its own; `timeout` in seconds. `_` in a header's name is a hyphen."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        found = connection.getresponse()
        return Reply(found.status, dict(found.getheaders()), found.read().decode())
    finally:
        connection.close()


@contextmanager
def served(app: Any, threads: int = 10) -> Iterator[int]:
    """The application behind web.py's own server, in threads of this process; gives its port."""
    from cheroot import wsgi

    server = wsgi.Server(("127.0.0.1", 0), app.wsgifunc(), numthreads=threads)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.bind_addr[1]
    finally:
        server.stop()
        thread.join(10)
