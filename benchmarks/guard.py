"""What the guard adds to a web.py request that asks the database one question.

    python benchmarks/guard.py [--turns 7] [--seconds 6] [--http]

One web.py application behind the guard, the same one without it, in one process, on a private MariaDB and on SQLite.
They are asked in turn, a few requests at a time, so that both meet the same moments of the machine, and what a turn
says is the median of the ratios of thousands of such pairs: other work on the machine shows less in it. So do the
guard's own questions to the database, one in two seconds; what they take is measured by itself and added.
Without `--http` the application is called as a server calls it (WSGI), which is the smaller request, and the harder
test; with it, over a connection to web.py's own server. Prints microseconds a request, and the ratios of the turns,
whose median is judged.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa
import web

from giveaminute.management import call_command
from giveaminute.settings import Settings, parse_url
from giveaminute.versioning.repository import Repository
from giveaminute.webapp.guard import guard
from giveaminute.webapp.session import Sessions
from giveaminute.webapp.standing import EVERY, read_standing
from tests.repositories import make_repository
from tests.servers import private_mariadb

MOST = 1.02
"""The guarded request, of the other."""
BLOCK = 4
"""Requests of one application before it is the other's turn."""
SCRIPT = (
    "def upgrade(op):\n    op.execute('CREATE TABLE note (id INT PRIMARY KEY, text VARCHAR(50))')\n"
    "    op.execute(\"INSERT INTO note VALUES (1, 'hello')\")\n\n\ndef downgrade(op):\n    op.drop_table('note')\n"
)


def application(settings: Settings, guarded: bool) -> Any:
    """One page that asks one question."""
    db = Sessions(settings)

    class page:
        def GET(self) -> str:
            return str(db.session.scalar(sa.text("SELECT text FROM note WHERE id = :id"), {"id": 1}))

    app = web.application(("/", page), {}, autoreload=False)
    if guarded:
        app.add_processor(guard(settings))
    app.add_processor(db)
    return app


@contextmanager
def called(app: Any) -> Iterator[Callable[[], bytes]]:
    """One request, as a server hands it to the application."""
    answer = app.wsgifunc()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "localhost", "wsgi.url_scheme": "http"}
    yield lambda: b"".join(answer(dict(environ), lambda *_: None))


@contextmanager
def over_http(app: Any) -> Iterator[Callable[[], bytes]]:
    """One request, on a connection that is kept."""
    server = web.httpserver.WSGIServer(("127.0.0.1", 0), app.wsgifunc())
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.bind_addr[1])

    def ask() -> bytes:
        connection.request("GET", "/")
        return connection.getresponse().read()

    yield ask
    connection.close()
    server.stop()


@dataclass(frozen=True)
class Turn:
    """Microseconds a request of each way, and the ratio of the second to the first: medians."""

    bare: float
    guarded: float
    ratio: float


def turn(ways: list[Callable[[], bytes]], seconds: float) -> Turn:
    """Ask both in pairs for as long; every other pair the other way round."""
    spent: list[list[float]] = [[] for _ in ways]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        order = range(len(ways)) if len(spent[0]) % 2 == 0 else reversed(range(len(ways)))
        for number in order:
            begun = time.perf_counter()
            for _ in range(BLOCK):
                assert ways[number]() == b"hello"
            spent[number].append((time.perf_counter() - begun) / BLOCK * 1e6)
    bare, guarded = spent
    pairs = [with_it / without for without, with_it in zip(bare, guarded, strict=True)]
    return Turn(statistics.median(bare), statistics.median(guarded), statistics.median(pairs))


def share_of_questions(settings: Settings) -> float:
    """The part of a processor that the guard's questions to the database take."""
    took = []
    for _ in range(50):
        begun = time.thread_time()
        assert read_standing(settings.url, Repository(settings.repository)).current
        took.append(time.thread_time() - begun)
    return statistics.median(took) / EVERY


def compared(title: str, settings: Settings, turns: int, seconds: float, http_too: bool) -> bool:
    """Print the comparison on one database; whether the limit is kept."""
    repository = str(settings.repository)
    url = f"sqlite:///{settings.url.path}" if settings.url.path else _url(settings)
    call_command("upgrade", url=url, repository=repository)
    reach = over_http if http_too else called
    with reach(application(settings, False)) as without, reach(application(settings, True)) as with_it:
        ways = [without, with_it]
        turn(ways, 1)  # connections, caches
        gc.collect()
        gc.freeze()
        found = [turn(ways, seconds) for _ in range(turns)]
    questions = share_of_questions(settings)
    print(f"\n### {title}\n\nmicroseconds a request, {turns} turns of {seconds:g} s\n")
    print("| | median | from … to |\n|---|---|---|")
    for name, medians in (
        ("without the guard", [each.bare for each in found]),
        ("with the guard", [each.guarded for each in found]),
    ):
        print(f"| {name} | {statistics.median(medians):.1f} | {min(medians):.1f} … {max(medians):.1f} |")
    ratios = sorted(each.ratio for each in found)
    ratio = statistics.median(ratios) + questions
    print(
        f"\nThe guarded request takes {statistics.median(ratios):.4f} of the other ({ratios[0]:.4f} …"
        f" {ratios[-1]:.4f}), and the guard's questions {questions:.4f} of a processor: together {ratio:.4f};"
        f" less than {MOST:g}: {'kept' if ratio < MOST else 'NOT kept'}",
        flush=True,
    )
    return ratio < MOST


def _url(settings: Settings) -> str:
    ((host, port),) = settings.url.hosts
    return f"mysql://{settings.url.user}@{host}:{port}/{settings.url.database}"


def main() -> int:
    """Make the databases, measure, print; 1 where the limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=6, help="of one turn (default: 6)")
    parser.add_argument("--http", action="store_true", help="over web.py's own server")
    chosen = parser.parse_args()
    web.config.debug = False
    with tempfile.TemporaryDirectory(prefix="benchmark-guard-") as name:
        folder = Path(name)
        scripts = make_repository(folder / "scripts", {"001_Note.py": SCRIPT})
        with private_mariadb(folder) as server:
            with server.connect() as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE site")
            places = {
                f"MariaDB {'.'.join(map(str, server.version))}": server.url("site"),
                "SQLite": f"sqlite:///{folder / 'site.db'}",
            }
            kept = [
                compared(title, Settings(parse_url(url), "here", scripts), chosen.turns, chosen.seconds, chosen.http)
                for title, url in places.items()
            ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
