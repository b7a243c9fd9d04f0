"""A file of SQL, run in a database as it stands: a snapshot or seed data.

Many tables in a row, where the file has switched the checks of foreign keys off, may come in any order: those that
refer to no other are made over two connections, so that the server waits for the disk with one while it works at the
other. (Those that do refer stay on one: MySQL 9.7 met deadlocks among 300 of them in each of 15 trials, MariaDB none.)
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from giveaminute.errors import CannotConnect, ConnectionLost, MigrationToolError, RepositoryError
from giveaminute.versioning import elsewhere
from giveaminute.versioning.database import Database
from giveaminute.versioning.refusals import shown
from giveaminute.versioning.sqltokens import Syntax, words
from giveaminute.versioning.statementkinds import StatementKind, kind
from giveaminute.versioning.statements import Statement, StatementError, split

MANY = 100
"""Tables from which on a second connection is worth its opening."""

_TABLE = re.compile(r"CREATE\s+TABLE\s", re.IGNORECASE)
_OF_ANOTHER = re.compile(r"\b(?:LIKE|SELECT)\b", re.IGNORECASE)
_REFERS = re.compile(r"\bREFERENCES\b", re.IGNORECASE)
_SETTING = re.compile(r"SET\s+(?:NAMES\s+\w+|FOREIGN_KEY_CHECKS\s*=\s*(?P<checks>[01]))", re.IGNORECASE)
"""What a second connection can be told as well."""
_LEASE = re.compile(r"\bmigrate_lease\b", re.IGNORECASE)


@dataclass(frozen=True)
class SqlFile:
    """A file that was read and not run. `name` and `remedy` are for the errors."""

    name: str
    statements: Sequence[Statement]
    remedy: str


def read(name: str, text: str, syntax: Syntax, database: str, remedy: str) -> SqlFile:
    """A file's text, split, and proved to reach for nothing but tables of this database.

    Raises RepositoryError with the line. On SQLite names say nothing of a database.
    """
    try:
        statements = split(text, syntax)
    except StatementError as error:
        raise RepositoryError(f"{name}, {error.message}", error.remedy or remedy) from error
    if syntax is Syntax.MYSQL:
        for statement in statements:
            reason = elsewhere.refusal(statement.text, database) or _refusal(statement.text)
            if reason is not None:
                raise RepositoryError(
                    f"{name}, line {statement.line}, «{shown(statement.text)}»: {reason}.",
                    f"Nothing was loaded. A backup is loaded with: invoke restore FILE. {remedy}",
                )
    return SqlFile(name, statements, remedy)


def _refusal(statement: str) -> str | None:
    if _LEASE.search(statement) and any(_LEASE.search(word) for word in words(statement) if word[0] not in "'\""):
        return "migrate_lease is what the load itself holds meanwhile"
    return None


def run_file(database: Database, found: SqlFile, made: list[str]) -> None:
    """Run each statement of a file, in the caller's transaction; `made` gets those that may have taken effect.

    Raises MigrationToolError with the line of what failed, ConnectionLost.
    """
    file = _Running(found.name, found.remedy, made)
    one_only = database.dialect.transactional_ddl or len(database.url.hosts) > 1  # the other might be another node's
    for group in _groups(found.statements):
        free = [] if one_only else [each for each in group.statements if not _REFERS.search(each.text)]
        if len(free) >= MANY and file.run_over_two(database, free, group.settings):
            file.run(database, [each for each in group.statements if _REFERS.search(each.text)])
        else:
            file.run(database, group.statements)


@dataclass(frozen=True)
class _Group:
    """Statements that may run in any order, and the settings that they need; or one that may not."""

    statements: Sequence[Statement]
    settings: Sequence[Statement] = ()


def _groups(statements: Iterable[Statement]) -> Iterator[_Group]:
    settings: list[Statement] = []
    tables: list[Statement] = []
    checks = known = True
    for statement in statements:
        if known and not checks and _TABLE.match(statement.text) and not _OF_ANOTHER.search(statement.text):
            tables.append(statement)
            continue
        if tables:
            yield _Group(tuple(tables), tuple(settings))
            tables.clear()
        yield _Group((statement,))
        setting = _SETTING.fullmatch(statement.text)
        if setting:
            settings.append(statement)
            checks = setting["checks"] == "1" if setting["checks"] else checks
        elif kind(statement.text) is StatementKind.SESSION:
            known = False
    if tables:
        yield _Group(tuple(tables), tuple(settings))


@dataclass(frozen=True)
class _Running:
    """The file whose statements are run."""

    name: str
    remedy: str
    made: list[str]

    def run(self, database: Database, statements: Iterable[Statement]) -> None:
        for statement in statements:
            self.made.append(statement.text)
            try:
                database.send(statement.text)
            except database.dialect.driver_error as error:
                reason = database.dialect.explain(error)
                where = f"{self.name}, line {statement.line}: {reason}"
                if database.dialect.is_connection_lost(error):
                    raise ConnectionLost(where, "See that the server is up, then run it again.") from error
                self.made.remove(statement.text)
                raise MigrationToolError(where, self.remedy) from error

    def run_over_two(self, database: Database, tables: list[Statement], settings: Sequence[Statement]) -> bool:
        """Whether a second connection was to be had; nothing has run where not."""
        try:
            other = Database(database.url, read_only=False)
        except CannotConnect:
            return False
        left = deque(tables)

        def work(on: Database) -> None:
            try:
                self.run(on, _taken(left))
            finally:
                left.clear()  # what fails on one ends both

        with closing(other), ThreadPoolExecutor(1) as pool:
            self.run(other, settings)
            beside = pool.submit(work, other)
            work(database)
            beside.result()
        return True


def _taken(left: deque[Statement]) -> Iterator[Statement]:
    while True:
        try:
            yield left.popleft()
        except IndexError:
            return
