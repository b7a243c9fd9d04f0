"""200 requests a second while the database is stopped and started again: none hangs, each answer is right.

A few seconds of it; ALL_GUARD=1 makes it 30, with the settings that the guard has by itself, and `-s` shows figures.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from tests.repositories import make_repository
from tests.servers import PrivateServer, private_mariadb
from tests.webapp.serving import ask

ALL = os.environ.get("ALL_GUARD") == "1"
RATE = 200
"""Requests a second."""
SENDERS = 40
SECONDS = 30.0 if ALL else 3.0
"""Of it all: a third each before, during and after."""
EVERY = 2.0 if ALL else 0.2
"""Seconds between two questions of the guard."""
SLACK = 0.5
"""Seconds more, for the question itself and for a busy machine."""
LONGEST = 5.0
"""Seconds of the slowest request: nothing waits for a database for so long, only for a busy machine."""
NOTHING = "def upgrade(op):\n    pass\n\n\ndef downgrade(op):\n    pass\n"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Site:
    """A site in a process of its own."""

    port: int
    process: subprocess.Popen[str]

    def memory(self) -> float:
        """Megabytes that are its own and no file's."""
        fields = Path(f"/proc/{self.process.pid}/status").read_text().split("\n")
        return next(int(line.split()[1]) for line in fields if line.startswith("RssAnon:")) / 1024

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


@contextmanager
def site(folder: Path, server: PrivateServer, guard: str) -> Iterator[Site]:
    """One whose database is at the newest version; `guard`: that part of its config.yaml."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE site")
    scripts = make_repository(folder / "scripts", {"001_Nothing.py": NOTHING})
    call_command("upgrade", url=server.url("site"), repository=str(scripts))
    url = parse_url(server.url("site"))
    config = folder / "config.yaml"
    config.write_text(
        f"database:\n  dbn: mysql\n  host: 127.0.0.1\n  port: {server.port}\n  user: {url.user}\n  db: site\n{guard}"
    )
    command = [sys.executable, "-m", "tests.webapp.site", str(config), str(scripts)]
    with (folder / "site.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        yield Site(int(process.stdout.readline()), process)
    finally:
        process.communicate(timeout=10)


@dataclass
class Load:
    """Requests at a steady rate, each at its own moment, however long the others take."""

    port: int
    begun: float = field(default_factory=time.monotonic)
    found: list[tuple[float, float, int]] = field(default_factory=list)
    """When each began, how long it took, what it was answered; 0 for none."""

    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send them during the block, from several threads in turn."""
        senders = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            self.over.set()
            for sender in senders:
                sender.join()

    def _send(self, first: int) -> None:
        for number in itertools.count(first, SENDERS):
            if self.over.wait(max(0.0, self.begun + number / RATE - time.monotonic())):
                return
            begun = time.monotonic()
            try:
                status = ask(self.port, timeout=20).status
            except OSError:
                status = 0
            self.found.append((begun, time.monotonic() - begun, status))

    def answers(self, since: float, until: float) -> Counter[int]:
        """What the requests were answered that began and ended between these moments."""
        return Counter(status for begun, took, status in self.found if since <= begun and begun + took <= until)


@dataclass
class Outage:
    """Requests all the while, and in their middle a database that is stopped and started again."""

    load: Load
    stopping: float = 0
    stopped: float = 0
    starting: float = 0
    started: float = 0
    end: float = 0

    def happen(self, server: PrivateServer, seconds: float) -> None:
        third = max(seconds / 3, EVERY + SLACK + 0.5)
        with self.load.running():
            time.sleep(third)
            self.stopping = time.monotonic()
            server.stop()
            self.stopped = time.monotonic()
            time.sleep(third)
            self.starting = time.monotonic()
            server.start()
            self.started = time.monotonic()
            time.sleep(third)
        self.end = time.monotonic()

    def each_answer_is_right(self) -> None:
        answers, late = self.load.answers, EVERY + SLACK
        assert set(answers(0, self.stopping)) == {200}
        assert set(answers(self.stopping, self.stopped + late)) <= {200, 500, 503}
        assert set(answers(self.stopped, self.starting)) <= {500, 503}, "there is no database to answer from"
        assert set(answers(self.stopped + late, self.starting)) == {503}
        assert set(answers(self.starting, self.started + late)) <= {200, 503}
        assert set(answers(self.started + late, self.end)) == {200}

    def told(self) -> str:
        took = sorted(seconds for _, seconds, _ in self.load.found)
        return (
            f"{len(took)} requests: {dict(Counter(status for _, _, status in self.load.found))}; median"
            f" {statistics.median(took) * 1000:.1f} ms, 99 of 100 within {took[int(len(took) * 0.99)] * 1000:.1f} ms,"
            f" the slowest {took[-1] * 1000:.0f} ms; down for {self.started - self.stopping:.1f} s"
        )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here: run it on Linux")
def test_no_request_hangs_while_the_database_is_stopped_and_started(tmp_path: Path) -> None:
    guard = "guard:\n  unreachable: refuse\n" + ("" if ALL else f"  every: {EVERY}\n")
    with private_mariadb(tmp_path) as server, site(tmp_path, server, guard) as asked:
        for _ in range(3 if ALL else 0):  # what pages, errors and threads need is made by and by
            Outage(Load(asked.port)).happen(server, 8)
        with Load(asked.port).running():
            time.sleep(0.5)
        memory, threads = asked.memory(), asked.threads()
        outage = Outage(Load(asked.port))
        outage.happen(server, SECONDS)
        grown, more_threads = asked.memory() - memory, asked.threads() - threads
    print(f"\n{outage.told()}; memory {memory:.1f} MB {grown:+.2f} MB, threads {threads} {more_threads:+d}")
    assert len(outage.load.found) > 0.9 * RATE * (outage.end - outage.load.begun), "it is the test that is too slow"
    assert max(took for _, took, _ in outage.load.found) < LONGEST
    outage.each_answer_is_right()
    assert grown < (1 if ALL else 8) and more_threads <= 1
