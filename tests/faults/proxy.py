"""A wire between client and server that can be cut at any query: before it arrives, while it runs, after its answer.

It speaks just enough of the protocol («MySQL Internals: Client/Server Protocol», packet header and COM_QUERY) to
count queries and to know where an answer starts; no TLS, no compression.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

_COM_QUERY = 3
_OURS = re.compile(rb"\bmigrate_\w+", re.IGNORECASE)
_CHANGES = re.compile(
    rb"\s*(?:/\*.*?\*/\s*)?(?:ALTER|CREATE|DROP|RENAME|TRUNCATE|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE
)


class Moment(Enum):
    """When a query is cut off."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


@dataclass
class Cut:
    """Where to cut: at which query of a run (from 1), when, and what to do then."""

    number: int
    moment: Moment
    act: Callable[[], None]


@dataclass
class Proxy:
    """Listens on a port of its own; `queries` are those of the run under way, in the order in which they came."""

    upstream: int
    queries: list[bytes] = field(default_factory=list)
    cut: Cut | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self, cut: Cut | None = None) -> None:
        """A new run: count from 1 again."""
        with self._lock:
            self.queries = []
            self.cut = cut

    def close(self) -> None:
        self._listener.close()

    def changes(self) -> list[int]:
        """The numbers of the queries that change something of the application's."""
        return [
            number
            for number, text in enumerate(self.queries, 1)
            if _CHANGES.match(text) and not (_OURS.search(text[:200]) and b"migrate_kept" not in text[:200])
        ]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            client.close()
            return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = _Wire(self, client, server)
        threading.Thread(target=wire.answers, daemon=True).start()
        wire.queries()

    def count(self, text: bytes) -> Cut | None:
        """The cut that this query meets."""
        with self._lock:
            self.queries.append(text)
            cut = self.cut
            if cut is None or len(self.queries) != cut.number:
                return None
            self.cut = None
            return cut


class _Wire:
    """One connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._after: Cut | None = None

    def queries(self) -> None:
        """From client to server, packet by packet."""
        try:
            while (packet := _packet(self._client)) is not None:
                is_query = packet[3] == 0 and len(packet) > 4 and packet[4] == _COM_QUERY
                cut = self._proxy.count(packet[5:]) if is_query else None
                if cut is not None and cut.moment is Moment.BEFORE:
                    cut.act()
                    break
                if cut is not None and cut.moment is Moment.AFTER:
                    self._after = cut
                self._server.sendall(packet)
                if cut is not None and cut.moment is Moment.INSIDE:
                    cut.act()
                    break
        except OSError:
            pass
        finally:
            self._close()

    def answers(self) -> None:
        """From server to client, as it comes."""
        try:
            while data := self._server.recv(1 << 16):
                if self._after is not None:
                    self._after.act()
                    break
                self._client.sendall(data)
        except OSError:
            pass
        finally:
            self._close()

    def _close(self) -> None:
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _packet(stream: socket.socket) -> bytes | None:
    head = _exactly(stream, 4)
    if head is None:
        return None
    body = _exactly(stream, int.from_bytes(head[:3], "little"))
    return None if body is None else head + body


def _exactly(stream: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            return None
        data += part
    return data
