"""What changes to a large table cost, measured on a smaller one that is eight times the server's memory, and scaled.

    python benchmarks/rates.py [--megabytes 1000] [--gigabytes 50] [--rounds 3]

Prints the median seconds of each change on a private MariaDB, the megabytes of table a second, and what a table of
--gigabytes would take at that rate: an estimate, for the disk and the processors of this machine, with nobody else at
work. `backup` and `restore` are ours; the statements are those that `op` sends.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.tools import run  # noqa: E402
from tests.repositories import make_repository  # noqa: E402
from tests.servers import PrivateServer, private_mariadb  # noqa: E402

ROWS_A_MEGABYTE = 4600
"""About, of the table below with its index."""
TABLE = (
    "CREATE TABLE big (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, owner INT NOT NULL, title VARCHAR(100) NOT NULL,"
    " body VARCHAR(200) NOT NULL, at DATETIME NOT NULL, score INT NOT NULL, KEY (owner)) ENGINE=InnoDB"
)
ROWS = (
    "INSERT INTO big SELECT seq, seq * 7919 % 1000003, CONCAT('title ', SHA1(seq)), REPEAT(MD5(seq), 3),"
    " '2015-01-01' + INTERVAL seq SECOND, seq % 100 FROM seq_{first}_to_{last}"
)
STATEMENTS = {
    "a column added, INSTANT": ("ALTER TABLE big ADD COLUMN more INT, ALGORITHM=INSTANT", "ALTER TABLE big DROP more"),
    "an index, INPLACE": ("CREATE INDEX by_at ON big (at)", "DROP INDEX by_at ON big"),
    "a rebuild, INPLACE": ("ALTER TABLE big FORCE, ALGORITHM=INPLACE", None),
    "a change of type, COPY": (
        "ALTER TABLE big MODIFY score BIGINT NOT NULL",
        "ALTER TABLE big MODIFY score INT NOT NULL",
    ),
    "an UPDATE of all rows": ("UPDATE big SET score = score + 1", None),
    "a read of all rows (a check before a change)": ("SELECT COUNT(*), MAX(body) FROM big", None),
}


def filled(server: PrivateServer, rows: int) -> float:
    """Make the table; its megabytes with its index, as the server counts them."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE large")
        cursor.execute("USE large")
        cursor.execute(TABLE)
        for first in range(1, rows + 1, 100_000):
            cursor.execute(ROWS.format(first=first, last=min(first + 99_999, rows)))
        cursor.execute("ANALYZE TABLE big")
        cursor.fetchall()
        cursor.execute("SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = 'large'")
        ((size,),) = cursor.fetchall()
        return float(size) / 1e6


def by_statement(server: PrivateServer, sql: str, undo: str | None) -> float:
    """Seconds of a statement; what takes it back is not counted."""
    with server.connect("large") as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(sql)
        cursor.fetchall()
        took = time.perf_counter() - started
        if undo is not None:
            cursor.execute(undo)
        return took


def by_command(*words: str) -> float:
    """Seconds of one of our commands."""
    started = time.perf_counter()
    run([sys.executable, "-m", "giveaminute", *words], ROOT)
    return time.perf_counter() - started


def backfills(folder: Path, count: int) -> tuple[str, str]:
    """Migrations that each change all rows in batches; returns the option that names them."""
    text = "def upgrade(op):\n    op.backfill('big', set='score = score + 1')\n\n\ndef downgrade(op):\n    pass\n"
    make_repository(folder, {f"{number:03d}_M{number}.py": text for number in range(1, count + 1)})
    return "--repository", str(folder)


def measured(server: PrivateServer, folder: Path, rows: int, rounds: int) -> dict[str, float]:
    """The median seconds of each change; raises AssertionError where rows are lost on the way."""
    file, url = folder / "large.zst", server.url("large")
    ways: dict[str, Callable[[], float]] = {
        name: lambda sql=sql, undo=undo: by_statement(server, sql, undo)  # type: ignore[misc]
        for name, (sql, undo) in STATEMENTS.items()
    }
    scripts = backfills(folder / "scripts", rounds)
    run(
        [sys.executable, "-m", "giveaminute", "version-control", "--version", "0", "--force", *scripts, "--url", url],
        ROOT,
    )
    ways["op.backfill of all rows"] = lambda: by_command("upgrade", "--version", "+1", *scripts, "--url", url)
    ways["backup"] = lambda: by_command("backup", "--url", url, "--file", str(file))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        file.unlink(missing_ok=True)
        for name, way in ways.items():
            found[name].append(way())
            print(f"{name}: {found[name][-1]:.2f} s", file=sys.stderr, flush=True)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE again")
    found["restore"] = [by_command("restore", str(file), "--url", server.url("again"))]
    for database in ("large", "again"):
        with server.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*), SUM(score) FROM big")
            ((count, total),) = cursor.fetchall()
            expected = sum(number % 100 for number in range(1, rows + 1)) + rows * rounds * 2
            assert (count, int(total)) == (rows, expected), f"{database}: {count} rows, {total}"
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="about the size of the table (default: 1000)")
    parser.add_argument("--gigabytes", type=int, default=50, help="the size to estimate for (default: 50)")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    memory = max(32, chosen.megabytes // 8)
    with tempfile.TemporaryDirectory(prefix="benchmark-rates-") as name:
        options = (f"--innodb-buffer-pool-size={memory}M", "--innodb-flush-log-at-trx-commit=1")
        with private_mariadb(Path(name), *options, "--innodb-log-file-size=256M") as server:
            rows = chosen.megabytes * ROWS_A_MEGABYTE
            size = filled(server, rows)
            seconds = measured(server, Path(name), rows, chosen.rounds)
            version = ".".join(map(str, server.version))
    print(f"MariaDB {version}, a table of {size:.0f} MB with {rows} rows, {memory} MB of memory for it,", end=" ")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"\n| | seconds | MB of table a second | {chosen.gigabytes} GB |\n|---|---|---|---|")
    for name, took in seconds.items():
        rate = size / took
        scaled = "at once" if "INSTANT" in name else f"{chosen.gigabytes * 1000 / rate / 60:.0f} min"
        print(f"| {name} | {took:.2f} | {rate:.0f} | {scaled} |")


if __name__ == "__main__":
    main()
