"""Where a benchmark runs: SQLite's files, or databases on a private MariaDB, each new and looked into from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import PrivateServer, private_mariadb


@dataclass(frozen=True)
class Place:
    """A family of databases; `server` is None for SQLite."""

    family: str
    folder: Path
    server: PrivateServer | None = None

    @property
    def version(self) -> str:
        """What the databases are run by."""
        if self.server is None:
            return f"SQLite {sqlite3.sqlite_version}"
        return f"MariaDB {'.'.join(map(str, self.server.version))}"

    def fresh(self, name: str) -> str:
        """The URL of an empty database of this name; what was there under it is gone."""
        self.drop(name)
        if self.server is None:
            return f"sqlite:///{self._file(name)}"
        self._on_server(f"CREATE DATABASE {name}")
        return self.server.url(name)

    def drop(self, name: str) -> None:
        """Remove a database and what it left."""
        if self.server is not None:
            self._on_server(f"DROP DATABASE IF EXISTS {name}")
            return
        for file in self._file(name).parent.glob(f"{name}.db*"):
            file.unlink()

    def query(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question, on a connection of its own."""
        with closing(self.connect(name)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall()
            connection.commit()
            return [tuple(row) for row in rows]

    def run(self, name: str, statements: list[str]) -> None:
        """Statements in one transaction."""
        with closing(self.connect(name)) as connection:
            cursor = connection.cursor()
            for sql in statements:
                cursor.execute(sql)
            connection.commit()

    def count(self, name: str, table: str, where: str = "1 = 1") -> int:
        """Rows of a table; 0 where there is no such table."""
        if table not in self.tables(name):
            return 0
        return int(self.query(name, f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0])

    def tables(self, name: str) -> set[str]:
        """The names of all tables."""
        return {str(row[0]) for row in self.query(name, self._of("TABLES", "table", "TABLE_NAME"))}

    def indexes(self, name: str) -> set[str]:
        """The names of all indexes."""
        return {str(row[0]) for row in self.query(name, self._of("STATISTICS", "index", "INDEX_NAME"))}

    def _of(self, view: str, kind: str, column: str) -> str:
        if self.server is None:
            return f"SELECT name FROM sqlite_master WHERE type = '{kind}'"
        return f"SELECT DISTINCT {column} FROM information_schema.{view} WHERE TABLE_SCHEMA = DATABASE()"

    def connect(self, name: str) -> Any:
        """A connection of the driver's."""
        return sqlite3.connect(self._file(name)) if self.server is None else self.server.connect(name)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def _on_server(self, sql: str) -> None:
        assert self.server is not None
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)


@contextmanager
def place(family: str, folder: Path) -> Iterator[Place]:
    """A place of this family in a folder; MariaDB writes every commit to the disk, as in production."""
    folder.mkdir(parents=True, exist_ok=True)
    if family == "sqlite":
        yield Place(family, folder)
        return
    options = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M")
    with private_mariadb(folder, *options) as server:
        yield Place(family, folder, server)
