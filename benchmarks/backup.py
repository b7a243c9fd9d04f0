"""How fast `backup` and `restore` are beside the servers' own tools, on one private MariaDB, in one run.

    python benchmarks/backup.py --megabytes 1000 --pairs 7

Each round runs every way once, in turn, so that what else the machine does falls on all of them alike. Printed are the
medians of wall time, of processor time (all processes, the server's included), and the ratio of throughputs: 1.00 is as
fast as the tools alone. It needs mariadbd, mariadb-dump, mariadb and zstd, and three times the data's size on the disk.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers import PrivateServer, private_mariadb  # noqa: E402

SOURCE, TARGET = "bench", "bench_target"
DUMP = (
    "mariadb-dump --no-defaults --single-transaction --quick --routines --triggers --events --hex-blob"
    " --skip-dump-date --order-by-primary --default-character-set=utf8mb4 --max-allowed-packet=1G"
)
CLIENT = "mariadb --no-defaults --binary-mode --default-character-set=utf8mb4 --max-allowed-packet=1G"
TABLES = (
    "CREATE TABLE users (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL, name VARCHAR(100),"
    " score DECIMAL(10,2), created DATETIME NOT NULL, UNIQUE KEY (email))",
    "CREATE TABLE orders (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, amount DOUBLE,"
    " note VARCHAR(100), at TIMESTAMP NULL, KEY (user_id), KEY (at))",
    "CREATE TABLE events (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, kind ENUM('a','b','c'), body TEXT,"
    " flag BIT(1))",
    "CREATE TABLE files (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, content MEDIUMBLOB, title VARCHAR(60))",
)
ROWS = (
    (
        1000,
        "INSERT INTO users SELECT seq, CONCAT(MD5(seq), '@example.org'),"
        " CONCAT('It''s Zoë ', CONV(seq * 7919, 10, 36)), seq % 1000 / 7, '2015-01-01' + INTERVAL seq SECOND"
        " FROM seq_1_to_{rows}",
    ),
    (
        3000,
        "INSERT INTO orders SELECT seq, 1 + seq * 7919 % 100000, seq / 3, CONCAT('note ', LEFT(SHA1(seq), seq % 40)),"
        " '2015-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows}",
    ),
    (
        1000,
        "INSERT INTO events SELECT seq, ELT(1 + seq % 3, 'a', 'b', 'c'), CONCAT(REPEAT(CONCAT(CONV(seq * 31, 10, 36),"
        " ' quick brown \\n fox '), 6), SHA2(seq, 512)), b'1' FROM seq_1_to_{rows}",
    ),
    (
        150,
        "INSERT INTO files SELECT seq, CONCAT(REPEAT(UNHEX(SHA2(seq, 512)), 8), UNHEX(REPEAT(SHA1(seq), 50))),"
        " CONCAT('file ', seq) FROM seq_1_to_{rows}",
    ),
)
"""Rows for each megabyte of the dump (as about measured), and the statement that makes them."""


@dataclass(frozen=True)
class Timing:
    """Of one run, in seconds; `memory` in megabytes is the largest that any process of it had, without the server."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Way:
    """One way to do it."""

    name: str
    command: Callable[[], str]


def filled(server: PrivateServer, megabytes: int) -> None:
    """Make the database that is backed up."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {SOURCE} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {SOURCE}")
        for statement in TABLES:
            cursor.execute(statement)
        for rows, statement in ROWS:
            cursor.execute(statement.format(rows=rows * megabytes))
        cursor.execute("CREATE VIEW rich AS SELECT * FROM users WHERE score > 100")
        cursor.execute("CREATE TRIGGER users_bi BEFORE INSERT ON users FOR EACH ROW SET NEW.name = TRIM(NEW.name)")


def processor_seconds(pid: int) -> float:
    """Of a process that runs, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(server: PrivateServer, command: str, folder: Path) -> Timing:
    """Run a command line. Raises RuntimeError where it fails."""
    assert server.pid is not None
    url = server.url(SOURCE)
    before, started = processor_seconds(server.pid), time.monotonic()
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"{command}: {said.decode(errors='replace')}")
    cpu = used.ru_utime + used.ru_stime + processor_seconds(server.pid) - before
    return Timing(wall, cpu, used.ru_maxrss / 1024)


def compared(title: str, ways: Sequence[Way], rounds: int, run: Callable[[str], Timing]) -> None:
    """Run all ways in turn, and print what they took beside the first."""
    found: dict[str, list[Timing]] = {way.name: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            found[way.name].append(run(way.command()))
            print(f"{title} {number + 1}: {way.name}: {found[way.name][-1]}", file=sys.stderr, flush=True)
    print(f"\n{title}: medians of {rounds}, in seconds; ratios of throughput to the first, of each round's pair")
    print(f"  {'':34}  wall   cpu  ratio (from … to)   by cpu  memory")
    first = found[ways[0].name]
    for name, timings in found.items():
        ratios = [base.wall / each.wall for base, each in zip(first, timings, strict=True)]
        by_cpu = statistics.median(base.cpu / each.cpu for base, each in zip(first, timings, strict=True))
        print(
            f"  {name:34} {statistics.median(each.wall for each in timings):5.1f}"
            f" {statistics.median(each.cpu for each in timings):5.1f}"
            f"   {statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"
            f"   {by_cpu:.2f}   {max(each.memory for each in timings):4.0f} MB"
        )


def versions(server: PrivateServer) -> str:
    """What was compared."""
    said = [f"MariaDB {'.'.join(map(str, server.version))}", f"Python {sys.version.split()[0]}"]
    for program in ("mariadb-dump", "zstd", "mydumper"):
        if shutil.which(program):
            text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
            said.append(text.splitlines()[0].strip() if text else program)
    return "; ".join([*said, f"{os.cpu_count()} processors"])


def backups(server: PrivateServer, jobs: int) -> list[Way]:
    """The ways to back up."""
    dump = f"{DUMP} {tcp(server)} {SOURCE}"
    ours = f"{shlex.quote(sys.executable)} -m giveaminute backup --file"
    ways = [
        Way("mariadb-dump | zstd -1", lambda: f"{dump} | zstd -q -f -1 -o tools.zst"),
        Way("mariadb-dump | zstd (-3)", lambda: f"{dump} | zstd -q -f -o tools3.zst"),
        Way("backup", lambda: f"{ours} ours.zst"),
    ]
    return ways + ([Way(f"backup --jobs {jobs}", lambda: f"{ours} jobs.zst --jobs {jobs}")] if jobs > 1 else [])


def restores(server: PrivateServer, jobs: int) -> list[Way]:
    """The ways to restore, each into an empty database."""

    def emptied() -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {TARGET}")
            cursor.execute(f"CREATE DATABASE {TARGET}")

    def into(command: str) -> Callable[[], str]:
        def prepared() -> str:
            emptied()
            return command

        return prepared

    url = shlex.quote(server.url(TARGET))
    ours = f"{shlex.quote(sys.executable)} -m giveaminute restore ours.zst --url {url}"
    ways = [
        Way("zstd -dc | mariadb", into(f"zstd -q -dc tools.zst | {CLIENT} {tcp(server)} {TARGET}")),
        Way("restore", into(ours)),
    ]
    return ways + ([Way(f"restore --jobs {jobs}", into(f"{ours} --jobs {jobs}"))] if jobs > 1 else [])


def tcp(server: PrivateServer) -> str:
    """Where the tools find the server."""
    return f"--host={server.host} --port={server.port} --user={server.user} --protocol=tcp --skip-ssl"


def main() -> None:
    """Fill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="about the size of the dump (default: 1000)")
    parser.add_argument("--pairs", type=int, default=7, help="rounds of backups (default: 7)")
    parser.add_argument("--restores", type=int, default=3, help="rounds of restores (default: 3; each takes minutes)")
    parser.add_argument("--jobs", type=int, default=2, help="what --jobs is compared with (default: 2; 1 for none)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-backup-") as name:
        folder = Path(name)
        options = ("--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M", "--max-allowed-packet=1G")
        with private_mariadb(folder, *options) as server:
            filled(server, chosen.megabytes)

            def run(command: str) -> Timing:
                return timed(server, command, folder)

            print(versions(server))
            compared("Backup", backups(server, chosen.jobs), chosen.pairs, run)
            for file in ("tools.zst", "tools3.zst", "ours.zst", "jobs.zst"):
                if (folder / file).exists():
                    print(f"  {file}: {(folder / file).stat().st_size / 1e6:.0f} MB")
            if chosen.restores:
                compared("Restore", restores(server, chosen.jobs), chosen.restores, run)


if __name__ == "__main__":
    main()
