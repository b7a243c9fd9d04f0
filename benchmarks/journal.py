"""What the journal, the history and the lease cost `upgrade` of many one-statement migrations on a private MariaDB.

    python benchmarks/journal.py [--migrations 1000] [--turns 5]

Against the same statements with only the version row written after each, in two ways: by `upgrade` itself with
journal, history and lease taken out of it, and by the bare driver, which reads no scripts either. In turn, in one run.
Prints seconds of each turn and the ratios of the medians. All are checked to have done the work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from giveaminute.management import call_command
from giveaminute.versioning import history
from giveaminute.versioning.dialects.mysql import MySQLDialect
from giveaminute.versioning.lease import NoLease
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


def ours(server: Server, database: str, folder: Path) -> None:
    call_command("upgrade", url=server.url(database), repository=str(folder))


def without(server: Server, database: str, folder: Path) -> None:
    """Nothing but the version row is written after each migration."""
    with (
        mock.patch.object(MySQLDialect, "transactional_ddl", new=True),
        mock.patch.object(MySQLDialect, "leased", return_value=nullcontext(NoLease())),
        mock.patch.object(MySQLDialect, "broken_references", return_value=[]),
        mock.patch.object(history, "start", return_value=0),
        mock.patch.object(history, "end"),
    ):
        ours(server, database, folder)


def bare(server: Server, database: str, folder: Path) -> None:
    migrations = len(list((folder / "versions").glob("*_upgrade.sql")))
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


SIDES: dict[str, Callable[[Server, str, Path], None]] = {"ours": ours, "without": without, "bare": bare}


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
    times: dict[str, list[float]] = {side: [] for side in SIDES}
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
            for side in sorted(SIDES, reverse=turn % 2 == 1):
                database = f"b_{side}_{turn}"
                _database(server, f"CREATE DATABASE {database}")
                started = time.perf_counter()
                SIDES[side](server, database, folder)
                times[side].append(time.perf_counter() - started)
                checked(server, database, options.migrations)
                _database(server, f"DROP DATABASE {database}")
            told = ", ".join(f"{side} {taken[-1]:.2f} s" for side, taken in times.items())
            print(f"turn {turn + 1}: {told}", flush=True)
        version = ".".join(map(str, server.version))
    median = {side: statistics.median(taken) for side, taken in times.items()}
    print(
        f"MariaDB {version}, {options.migrations} migrations, {options.turns} turns, ratios of medians:"
        f" {median['ours'] / median['without']:.3f} of upgrade without them,"
        f" {median['ours'] / median['bare']:.3f} of the bare driver"
    )


def _database(server: Server, sql: str) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    main()
