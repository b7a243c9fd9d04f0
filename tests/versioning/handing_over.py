"""Running a handed-over script as people do: with the family's own client, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from giveaminute.settings import SQLITE, parse_url
from giveaminute.versioning import handover
from giveaminute.versioning.database import opened
from giveaminute.versioning.dry_run import rehearse
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.statements import split


def script_for(
    url: str, folder: Path, target: str | None = None, *, down: bool = False, with_rows: bool = False
) -> str:
    """The script that `upgrade --sql` (or `downgrade`) prints for this database."""
    repository = Repository(folder)
    move = Move(Direction.DOWNGRADE if down else Direction.UPGRADE, target)
    return handover.hand_over(rehearse(parse_url(url), repository, move, with_rows=with_rows), repository).script


def load(url: str, script: str) -> str:
    """Run it; returns what the client complained of, empty where all went well."""
    where = parse_url(url)
    if where.family == SQLITE:
        return _client([_program("sqlite3"), where.path], script)
    host, port = where.hosts[0]
    with opened(where, read_only=True) as database:
        mariadb = "mariadb" in str(database.scalar("SELECT VERSION()")).lower()
    if not mariadb:  # MariaDB's client may not know a MySQL's way to log in
        return _driver(url, script)
    address = [f"--host={host}", f"--port={port}", f"--user={where.user}", "--protocol=tcp"]
    return _client([_program("mariadb"), "--no-defaults", *address, where.database], script)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here: apt-get install {'sqlite3' if name == 'sqlite3' else 'mariadb-client'}")
    return found


def _client(command: list[str], script: str) -> str:
    done = subprocess.run(command, input=script, capture_output=True, encoding="utf-8", check=False)
    assert bool(done.stderr) == bool(done.returncode)
    return done.stderr


def _driver(url: str, script: str) -> str:
    with opened(parse_url(url), read_only=False) as database:
        database.execute("SET SESSION autocommit = 1")  # as a client's session is
        try:
            for statement in split(script, database.dialect.syntax):
                database.send(statement.text)
        except database.dialect.driver_error as error:
            return database.dialect.explain(error)
    return ""


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the application and what is kept of it, but for moments that differ from run to run."""
    with opened(parse_url(url), read_only=True) as database:
        quote = database.dialect.quote
        tables = [name for name in database.tables() if not name.startswith("migrate_")]
        found = {name: sorted(database.query(f"SELECT * FROM {quote(name)}"), key=repr) for name in tables}
        found["kept"] = database.query(
            "SELECT version, table_name, kind, reason, row_data FROM migrate_kept ORDER BY 1, 2, 4, 5"
        )
        return found
