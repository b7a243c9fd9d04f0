"""MySQL and MariaDB: every DDL statement commits by itself, so a migration is a journal of statements."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CLIENT, CR, ER

from giveaminute.errors import Busy, CannotConnect, ConnectionLost, MigrationToolError, NotAsRecorded
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects.base import Change, Dialect, DriverConnection, OpenDatabase

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.versioning.database import Database
    from giveaminute.versioning.dialects.base import Rolling
    from giveaminute.versioning.dialects.batching import Batching
    from giveaminute.versioning.dialects.costs import Costs
    from giveaminute.versioning.dialects.script_form import ScriptForm
    from giveaminute.versioning.doubt import Evidence
    from giveaminute.versioning.lease import Holder, Lease
    from giveaminute.versioning.operations import Operations
    from giveaminute.versioning.schema import Schema
    from giveaminute.versioning.statements import Syntax

# The same session on every server, whatever its defaults: strict, so that no value is cut in silence; zero
# dates allowed, because installs since 2011 hold them and a strict ALTER would refuse to copy them; one
# collation, because views and triggers store the session's.
SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
LOCK_WAIT = 50
"""Seconds to wait for a metadata or row lock: the default of a day or a year would queue the application behind us."""
SESSION = (
    f"SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, SESSION lc_messages = 'en_US', SESSION sql_mode = '{SQL_MODE}',"
    " SESSION default_storage_engine = InnoDB, SESSION sql_quote_show_create = 1,"
    " SESSION foreign_key_checks = 1, SESSION unique_checks = 1,"
    " SESSION sql_safe_updates = 0, SESSION sql_select_limit = 18446744073709551615,"
    "/*M!100307 SESSION max_statement_time = 0, SESSION alter_algorithm = 'DEFAULT', */"
    f" SESSION lock_wait_timeout = {LOCK_WAIT}, SESSION innodb_lock_wait_timeout = {LOCK_WAIT}"
)
CONNECT_TIMEOUT = 10
"""Seconds, where the URL does not say `connect_timeout`."""

_OURS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
BOOKKEEPING = {
    "migrate_history": f"""
        CREATE TABLE IF NOT EXISTS migrate_history (
            id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, repository_id VARCHAR(250) NOT NULL,
            version INT NOT NULL, title VARCHAR(250) NOT NULL, direction VARCHAR(10) NOT NULL,
            checksum VARCHAR(80) NOT NULL,
            started DATETIME(6) NOT NULL, finished DATETIME(6) NULL, seconds DOUBLE NULL,
            `user` VARCHAR(80) NOT NULL, host VARCHAR(255) NOT NULL,
            outcome VARCHAR(20) NOT NULL, backup VARCHAR(1024) NULL, error TEXT NULL, ways TEXT NULL) {_OURS}""",
    "migrate_journal": f"""
        CREATE TABLE IF NOT EXISTS migrate_journal (
            run BIGINT NOT NULL, number INT NOT NULL, PRIMARY KEY (run, number),
            state VARCHAR(10) NOT NULL, hash CHAR(64) NOT NULL, statement MEDIUMTEXT NOT NULL,
            answers LONGTEXT NOT NULL, evidence MEDIUMTEXT NULL, matched BIGINT NULL, last_id BIGINT UNSIGNED NULL,
            started DATETIME(6) NOT NULL, reply LONGTEXT NULL) {_OURS}""",
    "migrate_lease": f"""
        CREATE TABLE IF NOT EXISTS migrate_lease (
            id TINYINT NOT NULL PRIMARY KEY, token BIGINT NOT NULL, owner CHAR(32) NULL,
            `user` VARCHAR(80) NULL, host VARCHAR(255) NULL, process BIGINT NULL, command VARCHAR(250) NULL,
            doing VARCHAR(250) NULL, server VARCHAR(300) NULL, working BIGINT NULL, beating BIGINT NULL,
            since DATETIME(6) NULL, renewed DATETIME(6) NULL, expires DATETIME(6) NULL) {_OURS}""",
    "migrate_kept": f"""
        CREATE TABLE IF NOT EXISTS migrate_kept (
            id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, repository_id VARCHAR(250) NOT NULL DEFAULT '',
            version INT NOT NULL, table_name VARCHAR(64) NOT NULL, kind VARCHAR(10) NOT NULL,
            reason VARCHAR(250) NOT NULL, row_data LONGTEXT NOT NULL,
            kept_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY version (version, table_name)) {_OURS}""",
}

_PARAMETER = re.compile(
    r"""(?P<quoted>`[^`]*`|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<![:\w]):(?P<name>[A-Za-z_]\w*)""", re.DOTALL
)
_EXCHANGES = re.compile(r"\W*ALTER\b.*\bEXCHANGE\b", re.IGNORECASE | re.DOTALL)
_RUNS_OTHERS = re.compile(r"\W*(?:CALL|EXECUTE|BEGIN|DO|SET)\b", re.IGNORECASE)
# Error numbers: the servers' «Server Error Message Reference»; PyMySQL names only some of them.
_LOST = {0, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN}
_LOST |= {1927, 3169, 4031}  # the connection was killed, or closed for being idle
_LOST |= {1152, 1158, 1159, 1160, 1161}  # the network, as the server saw it
_LOST |= {1047}  # a node that has left its Galera cluster
_DENIED = {ER.ACCESS_DENIED_ERROR, 1698}
_NO_RIGHT = {ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, 1227}
_LOCKED = {ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK}
_OUT_OF_RANGE = {ER.WARN_DATA_OUT_OF_RANGE, 1690}
_READ_ONLY = {ER.OPTION_PREVENTS_STATEMENT, 1792, 1836}


class MySQLDialect(Dialect):
    """PyMySQL with transactions on; a statement is durable when the recorder commits it."""

    name = "mysql"
    family_name = "MySQL and MariaDB"
    transactional_ddl = False
    driver_error = pymysql.Error
    bookkeeping: Mapping[str, str] = BOOKKEEPING
    table_options = f" {_OURS}"

    def connect(self, url: DatabaseUrl, *, read_only: bool, wait: float) -> DriverConnection:
        refusals: list[CannotConnect] = []
        for host, port in url.hosts:
            try:
                opened: DriverConnection = _open(url, host, port, read_only)
                return opened
            except (pymysql.Error, OSError) as error:
                refusals.append(_refusal(error, url))
        raise refusals[0]

    def create_missing(self, url: DatabaseUrl) -> None:
        connection = self.connect(replace(url, database=""), read_only=False, wait=0)
        cursor = connection.cursor()
        try:
            cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (url.database,))
            if not cursor.fetchall():
                cursor.execute(f"CREATE DATABASE {self.quote(url.database)}")
        except pymysql.Error as error:
            raise _refusal(error, url) from error
        finally:
            connection.close()

    def outlives_its_connection(self, url: DatabaseUrl) -> bool:
        return True

    def bind(self, sql: str) -> str:
        return _bound(sql)

    def quote(self, name: str) -> str:
        return quote(name)

    def engine(self, connection: DriverConnection) -> sqlalchemy.Engine:
        from giveaminute.versioning.lending import engine_over

        return engine_over("mysql+pymysql://", "pyformat", connection)

    def application_engine(self, url: DatabaseUrl, **options: Any) -> sqlalchemy.Engine:
        from giveaminute.versioning.dialects.application_engines import on_mysql

        return on_mysql(url, options)

    def operations(self, connection: sqlalchemy.Connection, version: int, repository: str = "") -> Operations:
        from giveaminute.versioning.dialects.mysql_operations import MySQLOperations

        return MySQLOperations(connection, version, repository)

    def begin(self, database: OpenDatabase) -> None:
        database.execute("START TRANSACTION")

    @contextmanager
    def committing(self, database: OpenDatabase, statement: str, *, by_itself: bool) -> Iterator[None]:
        """EXCHANGE PARTITION would wait on MariaDB for a lock of its own, and a CALL mean another thing by ROLLBACK."""
        if by_itself and not _EXCHANGES.match(statement):
            yield
            return
        connection: Any = database.connection
        connection.autocommit(True)
        try:
            yield
        except BaseException:
            with suppress(pymysql.Error):  # the first error counts
                connection.autocommit(False)
            raise
        connection.autocommit(False)  # before which the driver reads what else a CALL answers, an error too

    def together(self, database: OpenDatabase, first: Change, rest: Sequence[Change]) -> list[int]:
        from giveaminute.versioning.dialects import mysql_compound

        if not rest or not mysql_compound.takes_compounds(database.connection):
            return super().together(database, first, rest)
        texts = [mysql_compound.with_values(database.connection, _bound(each.sql), each) for each in (first, *rest)]
        return mysql_compound.together(database, texts[0], texts[1:])

    def tables(self, database: OpenDatabase) -> list[str]:
        rows = database.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
        return sorted(name for (name,) in rows)

    def read_schema(self, database: OpenDatabase, tables: Sequence[str] | None = None) -> Schema:
        from giveaminute.versioning.dialects.mysql_schema import read_schema

        return read_schema(database.query, tables)

    def unseen_kinds(self, database: OpenDatabase) -> frozenset[str]:
        from giveaminute.versioning.dialects.mysql_rights import unseen_kinds

        return unseen_kinds(database)

    def snapshot(self, database: OpenDatabase, schema: Schema) -> Iterator[str]:
        from giveaminute.versioning.dialects.mysql_ddl import render

        yield "SET NAMES utf8mb4;\n\nSET FOREIGN_KEY_CHECKS = 0;\n\n"
        for statement in render(schema):
            compound = statement.startswith("CREATE TRIGGER") and ";" in statement
            yield f"DELIMITER //\n{statement}//\nDELIMITER ;\n\n" if compound else f"{statement};\n\n"
        yield "SET FOREIGN_KEY_CHECKS = 1;\n\n"

    copies_rows = False

    def copy(self, live: OpenDatabase, scratch: OpenDatabase, rows: Collection[str] | None) -> list[str]:
        from giveaminute.versioning.dialects.mysql_copy import copy

        return copy(self, live, scratch, rows)

    @property
    def costs(self) -> Costs:
        from giveaminute.versioning.dialects.mysql_costs import MySQLCosts

        return MySQLCosts()

    @property
    def batching(self) -> Batching:
        from giveaminute.versioning.dialects.mysql_batching import MySQLBatching

        return MySQLBatching()

    @property
    def script_form(self) -> ScriptForm:
        from giveaminute.versioning.dialects.mysql_script import MySQLScript

        return MySQLScript()

    def empty_again(self, database: OpenDatabase, made: Sequence[str], before: Collection[str]) -> None:
        from giveaminute.versioning.dialects.mysql_objects import unmake

        unmake(database, made, before)

    def prepare(self, database: OpenDatabase, version_table: str) -> None:
        for name, statement in self.bookkeeping.items():
            if not _engine_of(database, name):  # asked first: CREATE IF NOT EXISTS warns, and waits for locks
                database.execute(statement)
        if _engine_of(database, version_table) not in (None, "InnoDB"):
            # The old tool left it MyISAM, which no transaction covers and no cluster replicates.
            database.execute(f"ALTER TABLE `{version_table}` ENGINE=InnoDB")

    @contextmanager
    def exclusive(self, database: OpenDatabase, wait: float) -> Iterator[None]:
        """A named lock of the server on a connection of its own, which dies with this process.

        For what writes no row of the lease (a backup). Galera's nodes each have their own locks, so there it
        excludes only what runs on the same node.
        """
        from giveaminute.versioning.dialects.mysql_lease import get_lock, take_lock

        connection = self.connect(database.url, read_only=False, wait=0)
        try:
            take_lock(connection, database, "migrate", wait)
            yield
        finally:
            with suppress(pymysql.Error):  # closed or lost, the lock is free, though not yet when this has returned
                get_lock(connection, database, "migrate", None)
            with suppress(pymysql.Error):
                connection.close()

    def leased(
        self, database: OpenDatabase, wait: float, command: str, on_wait: Callable[[Holder | None], None]
    ) -> AbstractContextManager[Lease]:
        from giveaminute.versioning.dialects.mysql_lease import leased

        return leased(database, lambda: self.connect(database.url, read_only=False, wait=0), wait, command, on_wait)

    def holder(self, database: OpenDatabase) -> Holder | None:
        from giveaminute.versioning.dialects.mysql_lease import holder

        return holder(database)

    def left_by(self, database: OpenDatabase) -> Holder | None:
        from giveaminute.versioning.dialects.mysql_lease import left_by

        return left_by(database)

    def claim(self, database: OpenDatabase, wait: float) -> None:
        from giveaminute.versioning.dialects.mysql_lease import take_lock

        take_lock(database.connection, database, "migrating", wait)

    def evidence(self, database: OpenDatabase, statement: str) -> Evidence | None:
        from giveaminute.versioning.dialects.mysql_objects import evidence

        return evidence(database, statement)

    def statement_progress(
        self, asking: OpenDatabase, connection: int, table: str | None
    ) -> tuple[str, float | None] | None:
        from giveaminute.versioning.dialects.mysql_progress import statement_progress

        return statement_progress(asking, connection, table)

    def connection_number(self, database: OpenDatabase) -> int | None:
        connection: Any = database.connection
        return int(connection.thread_id())

    def is_cluster(self, database: OpenDatabase) -> bool:
        return is_clustered(database.connection)

    def rolling(self, database: Database) -> Rolling:
        from giveaminute.versioning.dialects import mysql_rolling

        return mysql_rolling.Rolling(database)

    def is_uneven(self, database: OpenDatabase, statement: str) -> bool:
        from giveaminute.versioning.dialects.mysql_rolling import uneven

        return uneven(database.url, statement)

    def limit_lock_wait(self, database: OpenDatabase, seconds: float) -> None:
        database.execute(f"SET SESSION lock_wait_timeout = {max(1, math.ceil(seconds))}")

    def blockers(self, database: OpenDatabase) -> list[str]:
        from giveaminute.versioning.dialects.mysql_blockers import blockers

        return blockers(database)

    def is_locked_out(self, error: Exception) -> bool:
        return _code(error) in _LOCKED

    def refuse_unfit(self, database: OpenDatabase) -> None:
        if not is_clustered(database.connection):
            return
        tables = [name for name in self.untransactional_tables(database) if name != "migrate_version"]
        if tables:
            some = ", ".join(tables[:5]) + (f" and {len(tables) - 5} more" if len(tables) > 5 else "")
            raise NotAsRecorded(
                f"{database.url.name} is on a Galera cluster, which replicates InnoDB only, and has other tables:"
                f" {some}.",
                "Bring it to the newest version on a server of its own first and join the cluster with that, or convert"
                f" them, where all nodes hold the same rows: ALTER TABLE `{tables[0]}` ENGINE=InnoDB",
            )

    def untransactional_tables(self, database: OpenDatabase) -> list[str]:
        rows = database.query(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
        )
        return sorted(name for (name,) in rows)

    def indirect_tables(self, database: OpenDatabase) -> list[str]:
        rows = database.query(
            "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()"
            " UNION SELECT event_object_table FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
            " UNION SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
        )
        return sorted(name for (name,) in rows)

    def broken_references(self, database: OpenDatabase) -> list[str]:
        return []

    def is_missing_table(self, error: Exception) -> bool:
        return _code(error) == ER.NO_SUCH_TABLE

    def is_no_statement(self, error: Exception, statement: str) -> bool:
        return _code(error) == ER.PARSE_ERROR and _RUNS_OTHERS.match(statement) is None

    def is_missing_column(self, error: Exception) -> bool:
        return _code(error) == ER.BAD_FIELD_ERROR

    def is_changed_since(self, error: Exception) -> bool:
        return _code(error) == ER.TABLE_DEF_CHANGED

    def is_out_of_range(self, error: Exception) -> bool:
        return _code(error) in _OUT_OF_RANGE

    def is_denied(self, error: Exception) -> bool:
        return _code(error) in _NO_RIGHT

    def is_connection_lost(self, error: Exception) -> bool:
        return isinstance(error, (pymysql.err.OperationalError, pymysql.err.InterfaceError)) and _code(error) in _LOST

    def explain(self, error: Exception) -> str:
        return f"({error.args[0]}) {error.args[1]}" if len(error.args) > 1 else str(error)

    def translate(self, error: Exception, url: DatabaseUrl) -> MigrationToolError | None:
        code = _code(error)
        if self.is_connection_lost(error):
            return ConnectionLost(f"{url}: the connection was lost.", "See that the server is up, then run it again.")
        if code in _LOCKED:
            return Busy(
                f"{url}: {self.explain(error)}.", "Run it again when the transaction that holds the lock has ended."
            )
        if code in _READ_ONLY:
            return CannotConnect(f"{url}: {self.explain(error)}.", "Name a server that accepts writes with --url.")
        return _no_right(self.explain(error), url) if code in _NO_RIGHT else None

    @property
    def syntax(self) -> Syntax:
        from giveaminute.versioning.statements import Syntax

        return Syntax.MYSQL


def _code(error: Exception) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def way_to(url: DatabaseUrl, host: str, port: int) -> dict[str, Any]:
    """How PyMySQL reaches this host of a URL, and as whom."""
    options: dict[str, Any] = {
        name: url.options[name] for name in ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key") if name in url.options
    }
    if "ssl_ca" in options:
        options["ssl_verify_cert"] = True  # PyMySQL takes the authority, and by itself asks nothing of it
    if host in ("localhost", "127.0.0.1", "::1") and not any(name.startswith("ssl_") for name in options):
        options["ssl_disabled"] = True  # nothing leaves the machine, and making a TLS context takes 25 ms
    return {
        "host": host,
        "port": port,
        "user": url.user or None,
        # The server hashes the bytes of its own character set; PyMySQL would encode a str as latin1.
        "password": url.password.encode("utf-8"),
        "database": url.database or None,
        "connect_timeout": int(url.options.get("connect_timeout", CONNECT_TIMEOUT)),
        **options,
    }


def _open(url: DatabaseUrl, host: str, port: int, read_only: bool) -> Any:
    connection = pymysql.connect(
        **way_to(url, host, port),
        charset="utf8mb4",
        client_flag=CLIENT.FOUND_ROWS,
        read_timeout=float(url.options["read_timeout"]) if "read_timeout" in url.options else None,
        init_command=SESSION,
    )
    _join_cluster(connection, several=len(url.hosts) > 1)
    if not read_only:
        _allow_tables_without_key(connection)
    if read_only:  # a statement, since the variable's name differs between the families
        connection.query("SET SESSION TRANSACTION READ ONLY")
    return connection


def _join_cluster(connection: Any, *, several: bool) -> None:
    """On Galera each question waits until the node has what was committed before it on the others.

    Without it 98 of 300 rows just written on one node were not seen on the next. A node that has left its cluster
    answers 1047 to everything: where the URL names others, they are tried.
    """
    with suppress(pymysql.Error):  # no such variable: no cluster
        connection.query("SET SESSION wsrep_sync_wait = 7")
        if several and is_clustered(connection) and _shown(connection, "STATUS LIKE 'wsrep_ready'") == "OFF":
            connection.close()
            raise ConnectionRefusedError("this node has left its cluster")


def is_clustered(connection: DriverConnection) -> bool:
    """Whether the server is a node of a Galera cluster."""
    return _shown(connection, "VARIABLES LIKE 'wsrep_on'") == "ON"


def _shown(connection: DriverConnection, what: str) -> str | None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"SHOW {what}")
        rows = cursor.fetchall()
        return str(rows[0][1]) if rows else None
    finally:
        cursor.close()


@lru_cache(maxsize=64)  # a run sends the same few with every statement
def _bound(sql: str) -> str:
    return _PARAMETER.sub(lambda found: found["quoted"] or f"%({found['name']})s", sql.replace("%", "%%"))


def quote(name: str) -> str:
    """A name as it is written in SQL."""
    return "`" + name.replace("`", "``") + "`"


def _allow_tables_without_key(connection: Any) -> None:
    """web_session has had a unique key and no primary one since 2011; where this user may not, the server says so."""
    with suppress(pymysql.Error):
        connection.query("/*!80013 SET SESSION sql_require_primary_key = 0 */")


def _refusal(error: Exception, url: DatabaseUrl) -> CannotConnect:
    code = _code(error)
    if code == ER.BAD_DB_ERROR:
        return CannotConnect(
            f"{url}: there is no database «{url.database}» on that server.",
            f"Create it (CREATE DATABASE `{url.database}`), or name another with --url or in config.yaml.",
        )
    if code in _DENIED:
        return CannotConnect(
            f"{url}: the server refuses this user or password.",
            "Mend them where they come from: in config.yaml, or percent-encoded in DATABASE_URL or --url.",
        )
    if code in _NO_RIGHT:
        return _no_right(error.args[1], url)
    reason = error.args[1] if len(error.args) > 1 else str(error)
    if isinstance(error, OSError):  # PyMySQL makes its own of those of the network
        return CannotConnect(
            f"{url}: TLS cannot be set up: {reason}.", "See that ssl_ca, ssl_cert and ssl_key are right."
        )
    return CannotConnect(
        f"{url}: cannot be reached: {reason}.", "See that the server is up, and that host and port are right."
    )


def _no_right(reason: str, url: DatabaseUrl) -> CannotConnect:
    return CannotConnect(
        f"{url}: {reason}.",
        f"Grant what is missing, for a deploy: GRANT ALL ON `{url.database}`.* TO '{url.user}'@HOST",
    )


def _engine_of(database: OpenDatabase, table: str) -> str | None:
    found = database.scalar(
        "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table",
        {"table": table},
    )
    return None if found is None else str(found)
