"""What `op.backfill` costs beside the one UPDATE that it stands for, and what a writer of the table meets meanwhile.

    python benchmarks/backfill.py [--rows 5000000] [--rounds 5] [--kills 10] [--server-option OPTION ...]

On one private MariaDB, in turn in one run: the one UPDATE, and the backfill by `upgrade` in a process of its own, each
while another connection changes single rows all the time. The server's redo log is large enough that it need not write
pages meanwhile; `--server-option innodb-log-file-size=512M` is one that must. Printed are the ratio of rows a second,
and the writer's 99th percentile beside its own without load, as medians of the rounds; last the peak memory of the
process. With --kills one more backfill is killed (-9) so many times on its way and started again. All rows are looked
at after each.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from giveaminute.management import call_command  # noqa: E402
from tests.repositories import make_repository  # noqa: E402
from tests.servers import PrivateServer, private_mariadb  # noqa: E402

SERVER = (
    "innodb-buffer-pool-size=4G",
    "innodb-log-file-size=8G",
    "innodb-adaptive-flushing-lwm=70",
    "innodb-flush-log-at-trx-commit=1",
)
TABLE = (
    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, slug VARCHAR(60),"
    " n INT NOT NULL DEFAULT 0, touched INT NOT NULL DEFAULT 0, pad VARCHAR(60))"
)
ROWS = "INSERT INTO t (name, pad) SELECT CONCAT('Name Of ', seq), REPEAT('x', 50) FROM seq_1_to_{rows}"
SET = "slug = CONCAT('s-', LOWER(name)), n = n + 1"
_SCRIPT = '"""Backfill."""\n\n\ndef upgrade(op):\n    {up}\n\n\ndef downgrade(op):\n    {down}\n'
SCRIPTS: dict[str, str | bytes] = {
    "001_Make.py": _SCRIPT.format(up=f'op.execute("{TABLE}")', down='op.drop_table("t")'),
    "002_Fill.py": _SCRIPT.format(up=f'op.backfill("t", set="{SET}")', down="pass"),
}
PAUSE = 0.005
"""Seconds between two changes of the writer, like an application's of two hundred a second."""
MEASURED = (
    "import resource, sys\nfrom giveaminute.management import call_command\n"
    "call_command('upgrade', url=sys.argv[1], repository=sys.argv[2])\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
)


class Bench:
    """The table with its rows, a writer, and the two ways."""

    def __init__(self, server: PrivateServer, folder: Path, rows: int) -> None:
        self.server, self.rows = server, rows
        self.url = server.url("b")
        self.repository = make_repository(folder, SCRIPTS)
        self.peak = 0
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE b")
        call_command("upgrade", url=self.url, repository=str(self.repository), version=1)

    def fill(self) -> None:
        """All rows anew, and the pages of before written out."""
        if self.version() == 2:
            call_command(
                "downgrade", version=1, url=self.url, repository=str(self.repository), yes=True, no_backup=True
            )
        self.run("TRUNCATE TABLE t", ROWS.format(rows=self.rows))
        time.sleep(2)

    def version(self) -> int:
        return int(str(self.run("SELECT version FROM migrate_version")[0][0]))

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """The rows of the last one."""
        with self.server.connect("b", autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def check(self) -> None:
        """Raise AssertionError where a row was left out or changed twice."""
        found = self.run("SELECT n, COUNT(*), SUM(slug = CONCAT('s-', LOWER(name))) FROM t GROUP BY n")
        assert [(n, count, int(str(right))) for n, count, right in found] == [(1, self.rows, self.rows)], found

    def one_update(self) -> None:
        self.run(f"UPDATE t SET {SET}")

    def backfill(self) -> None:
        command = [sys.executable, "-c", MEASURED, self.url, str(self.repository)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.peak = max(self.peak, int(done.stdout) // 1024)

    def killed(self, times: int) -> None:
        """A backfill that is killed so many times, at moments of chance while it is under way."""
        command = [sys.executable, "-m", "giveaminute", "upgrade", "--url", self.url]
        command += ["--repository", str(self.repository)]
        for kill in range(times):
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
            before = self.reached()
            while self.reached() == before:
                assert process.poll() is None, "it ended before it could be killed: take more --rows"
                time.sleep(0.02)
            time.sleep(random.uniform(0, 3) * self.rows / 5_000_000)  # so that ten of them come all along the way
            process.kill()
            process.wait()
            print(f"  kill {kill + 1}: {self.reached():,} of {self.rows:,} rows are done", flush=True)
        subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=True)

    def reached(self) -> int:
        found = self.run("SELECT COALESCE(MAX(matched), 0) FROM migrate_journal")
        return int(str(found[0][0]))

    @contextmanager
    def writer(self, waits: list[float]) -> Iterator[None]:
        """Somebody who changes single rows all the time; `waits`: the seconds of each."""
        stopping = threading.Event()
        thread = threading.Thread(target=self._write, args=(stopping, waits))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    def _write(self, stopping: threading.Event, waits: list[float]) -> None:
        with self.server.connect("b", autocommit=True) as connection, connection.cursor() as cursor:
            while not stopping.wait(PAUSE):
                began = time.perf_counter()
                cursor.execute("UPDATE t SET touched = touched + 1 WHERE id = %s", (random.randint(1, self.rows),))
                waits.append(time.perf_counter() - began)

    def measured(self, work: Callable[[], None]) -> tuple[float, float]:
        """Its seconds, and the writer's 99th percentile in milliseconds meanwhile."""
        waits: list[float] = []
        with self.writer(waits):
            began = time.perf_counter()
            work()
            took = time.perf_counter() - began
        return took, statistics.quantiles(waits, n=100)[-1] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--server-option", action="append", default=[], help="an option of mariadbd, without dashes")
    options = parser.parse_args()
    settings = {each.partition("=")[0]: f"--{each}" for each in (*SERVER, *options.server_option)}
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as name,
        private_mariadb(Path(name) / "server", *settings.values()) as server,
    ):
        bench = Bench(server, Path(name) / "repository", options.rows)
        print(f"MariaDB {'.'.join(map(str, server.version))}, {options.rows:,} rows,", end=" ")
        print(
            f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start,", *settings.values(), flush=True
        )
        compare(bench, options.rounds)
        if options.kills:
            bench.fill()
            bench.killed(options.kills)
            bench.check()
            print(f"killed {options.kills} times: each of {options.rows:,} rows was changed once")


def compare(bench: Bench, rounds: int) -> None:
    """All rounds, and the medians of their ratios."""
    speeds, tails, tails_of_one = [], [], []
    for number in range(rounds):
        bench.fill()
        _, alone = bench.measured(lambda: time.sleep(10))
        took: dict[str, float] = {}
        tail: dict[str, float] = {}
        ways = {"one UPDATE": bench.one_update, "backfill": bench.backfill}
        for way in sorted(ways, reverse=number % 2 == 1):
            bench.fill()
            took[way], tail[way] = bench.measured(ways[way])
            bench.check()
        speeds.append(took["one UPDATE"] / took["backfill"])
        tails.append(tail["backfill"] / alone)
        tails_of_one.append(tail["one UPDATE"] / alone)
        told = ", ".join(f"{way} {took[way]:.1f} s, writer's p99 {tail[way]:.1f} ms" for way in took)
        print(f"  round {number + 1}: {told}; the writer alone {alone:.1f} ms", flush=True)
    print(
        f"backfill: {statistics.median(speeds):.2f} of the rows a second of one UPDATE; a writer's p99"
        f" {statistics.median(tails):.1f} times that without load (one UPDATE: {statistics.median(tails_of_one):.1f});"
        f" peak memory {bench.peak} MiB"
    )


if __name__ == "__main__":
    main()
