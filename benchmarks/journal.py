"""What the journal, the history and the lease cost: `upgrade` of many one-statement migrations against the same
statements with only the version row written after each, in one run on a private MariaDB.

    python benchmarks/journal.py [--migrations 1000] [--turns 5]

Prints seconds of each turn and the ratio of the medians. Both sides are checked to have done the work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from giveaminute.management import call_command
from tests.repositories import make_repository
from tests.servers import Server, private_mariadb


def statement(number: int) -> str:
    """A table, then a column of it, then an index on that, in turn."""
    table = f"t{number // 3}"
    return (
        f"CREATE TABLE {table} (id INT PRIMARY KEY, name VARCHAR(50)) ENGINE=InnoDB",
        f"ALTER TABLE {table} ADD COLUMN more INT",
        f"CREATE INDEX ix_more ON {table} (more)",
    )[number % 3]


def ours(server: Server, database: str, folder: Path) -> float:
    started = time.perf_counter()
    call_command("upgrade", url=server.url(database), repository=str(folder))
    return time.perf_counter() - started


def bare(server: Server, database: str, migrations: int) -> float:
    started = time.perf_counter()
    with server.connect(database, autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE migrate_version (repository_id VARCHAR(250) PRIMARY KEY, repository_path TEXT, version INT)"
            " ENGINE=InnoDB"
        )
        cursor.execute("INSERT INTO migrate_version VALUES ('cbu', '', 0)")
        connection.commit()
        for number in range(migrations):
            cursor.execute(statement(number))
            cursor.execute("UPDATE migrate_version SET version = %s WHERE repository_id = 'cbu'", (number + 1,))
            connection.commit()
    return time.perf_counter() - started


def checked(server: Server, database: str, migrations: int) -> None:
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT version FROM migrate_version")
        assert cursor.fetchone() == (migrations,)
        cursor.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s", (database,))
        (count,) = cursor.fetchone() or (0,)
        assert count >= (migrations + 2) // 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--migrations", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    with (
        tempfile.TemporaryDirectory() as name,
        private_mariadb(Path(name), "--innodb-flush-log-at-trx-commit=1") as server,
    ):
        scripts: dict[str, str | bytes] = {}
        for number in range(options.migrations):
            scripts[f"{number + 1:04d}_M_mysql_upgrade.sql"] = statement(number) + ";\n"
            scripts[f"{number + 1:04d}_M_mysql_downgrade.sql"] = "SELECT 1;\n"
        folder = make_repository(Path(name) / "r", scripts)
        for turn in range(options.turns):
            for side in ("ours", "bare") if turn % 2 else ("bare", "ours"):
                database = f"b_{side}_{turn}"
                _database(server, f"CREATE DATABASE {database}")
                took = ours(server, database, folder) if side == "ours" else bare(server, database, options.migrations)
                checked(server, database, options.migrations)
                times[side].append(took)
                _database(server, f"DROP DATABASE {database}")
            print(f"turn {turn + 1}: ours {times['ours'][-1]:.2f} s, bare {times['bare'][-1]:.2f} s", flush=True)
        version = ".".join(map(str, server.version))
    ratio = statistics.median(times["ours"]) / statistics.median(times["bare"])
    print(f"MariaDB {version}, {options.migrations} migrations, {options.turns} turns: ratio of medians {ratio:.3f}")


def _database(server: Server, sql: str) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    main()
