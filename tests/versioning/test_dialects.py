"""The conformance suite: what the engine asks of a dialect, one body run on every database."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from giveaminute.errors import Busy, CannotConnect, MigrationToolError
from giveaminute.settings import DatabaseUrl, parse_url
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.dialects.base import Change
from giveaminute.versioning.dialects.mysql import LOCK_WAIT, SQL_MODE
from tests.conftest import FreshDatabase
from tests.servers import Server, private_mariadb

TEXTS = ["100%", "%s %(a)s", "a:b", ":name", "?", "ü🎉", "\\ ' \"", ""]


@pytest.fixture
def url(database_url: str) -> DatabaseUrl:
    return parse_url(database_url)


@contextmanager
def writing(url: DatabaseUrl, wait: float = 5) -> Iterator[Database]:
    with opened(url, read_only=False, wait=wait) as database:
        yield database


@contextmanager
def asking(url: DatabaseUrl) -> Iterator[Database]:
    with opened(url, read_only=True) as database:
        yield database


def is_mysql(url: DatabaseUrl) -> bool:
    return for_family(url.family).name == "mysql"


def driver_error(database: Database, action: Callable[[], object]) -> Exception:
    """The driver's error that `action` ends in."""
    with pytest.raises(database.dialect.driver_error) as caught:
        action()
    return caught.value


# connect

WRITES = (
    "INSERT INTO t VALUES (2)",
    "REPLACE INTO t VALUES (1)",
    "UPDATE t SET a = 3",
    "DELETE FROM t",
    "CREATE TABLE u (a INT)",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE INDEX i ON t (a)",
    "ALTER TABLE t ADD COLUMN b INT",
    "ALTER TABLE t RENAME TO u",
    "DROP TABLE t",
)
MYSQL_WRITES = (
    "TRUNCATE TABLE t",
    "RENAME TABLE t TO u",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @x = 1",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE DATABASE cbu_test_never",
    "ALTER DATABASE CHARACTER SET latin1",
    "INSERT INTO old VALUES (2)",
    "UPDATE old SET a = 3",
    "OPTIMIZE TABLE t",
)
SQLITE_WRITES = ("VACUUM", "REINDEX", "PRAGMA user_version = 5", "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)")


def test_a_connection_for_questions_refuses_every_write(url: DatabaseUrl) -> None:
    with writing(url) as database:
        database.execute("CREATE TABLE t (a INT PRIMARY KEY)")
        if is_mysql(url):
            database.execute("CREATE TABLE old (a INT PRIMARY KEY) ENGINE=MyISAM")
            database.execute("INSERT INTO old VALUES (1)")
        database.execute("INSERT INTO t VALUES (1)")
        database.connection.commit()
        before = database.dialect.read_schema(database)
    with asking(url) as database:
        for statement in WRITES + (MYSQL_WRITES if is_mysql(url) else SQLITE_WRITES):
            with pytest.raises(database.dialect.driver_error):
                database.execute(statement)
        assert database.query("SELECT a FROM t") == [(1,)]
        assert database.dialect.read_schema(database) == before


def test_opening_for_questions_creates_nothing(tmp_path: Path) -> None:
    with asking(DatabaseUrl("sqlite", path=str(tmp_path / "absent.db"))) as database:
        assert database.tables() == []
        driver_error(database, lambda: database.execute("CREATE TABLE t (a)"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_asking_a_file_leaves_it_and_its_folder_as_they_were(tmp_path: Path, journal: str) -> None:
    file = tmp_path / "a ? # % ü.db"
    connection = sqlite3.connect(file)
    connection.executescript(f"PRAGMA journal_mode = {journal}; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    connection.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with asking(DatabaseUrl("sqlite", path=str(file))) as database:
        assert database.query("SELECT a FROM t") == [(1,)]
    assert file.read_bytes() == before[file.name]
    if journal == "delete":
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_or_a_missing_folder_is_told_apart_from_an_absent_file(tmp_path: Path) -> None:
    for path, words in [(tmp_path, "folder"), (tmp_path / "no" / "x.db", "unable to open")]:
        for read_only in (True, False):
            with pytest.raises(CannotConnect, match=words):
                for_family("sqlite").connect(DatabaseUrl("sqlite", path=str(path)), read_only=read_only, wait=0)


def test_a_file_that_a_killed_writer_left_in_the_middle_can_be_asked_and_written(tmp_path: Path) -> None:
    file = tmp_path / "hot.db"
    with writing(DatabaseUrl("sqlite", path=str(file))) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        with database.transaction():
            for number in range(3000):
                database.execute("INSERT INTO t VALUES (:a)", {"a": f"{number}{'x' * 200}"})
    program = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " c.execute('PRAGMA cache_size = 5'); c.execute('BEGIN IMMEDIATE'); c.execute(\"UPDATE t SET a = 'half'\");"
        " print('now', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"now\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert Path(f"{file}-journal").stat().st_size > 0

    with asking(DatabaseUrl("sqlite", path=str(file))) as database:
        assert database.scalar("SELECT COUNT(*) FROM t WHERE a = 'half'") == 0
        driver_error(database, lambda: database.execute("DELETE FROM t"))
    with writing(DatabaseUrl("sqlite", path=str(file))) as database:
        assert database.execute("UPDATE t SET a = ''") == 3000


# SQL


def test_parameters_are_bound_by_name(url: DatabaseUrl) -> None:
    with writing(url) as database:
        options = database.dialect.table_options
        database.execute(f"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(50), b VARCHAR(50)){options}")
        for number, text in enumerate(TEXTS):
            values = {"id": number, "text": text, "text_2": None}
            database.execute("INSERT INTO t (id, a, b) VALUES (:id, :text, :text_2)", values)
        assert database.query("SELECT a, b FROM t ORDER BY id") == [(text, None) for text in TEXTS]
        assert database.scalar("SELECT COUNT(*) FROM t WHERE a LIKE :some AND a LIKE '%0%'", {"some": "1%"}) == 1
        assert database.scalar("SELECT '12:30:00'") == "12:30:00"
        assert database.scalar("SELECT '100%'") == "100%"
        assert database.scalar("SELECT a FROM t WHERE id = -1") is None
        assert database.execute("UPDATE t SET b = b") == len(TEXTS)  # matched, though none is changed


def write_and_raise(database: Database, sql: str, error: type[BaseException]) -> None:
    with database.transaction():
        database.execute(sql)
        raise error


def test_a_transaction_is_kept_or_undone_as_a_whole(url: DatabaseUrl) -> None:
    with writing(url) as database:
        database.execute(f"CREATE TABLE t (a INT){database.dialect.table_options}")
        database.connection.commit()
        with database.transaction():
            database.execute("INSERT INTO t VALUES (1)")
        for error in (ValueError, KeyboardInterrupt):
            with pytest.raises(error):
                write_and_raise(database, "INSERT INTO t VALUES (2)", error)
    with asking(url) as database:
        assert database.query("SELECT a FROM t") == [(1,)]


def test_changes_that_belong_together_are_counted_each_and_follow_the_first(url: DatabaseUrl) -> None:
    """With values that a server could read otherwise, in whatever number of journeys."""
    with writing(url) as database, database.transaction():
        options = database.dialect.table_options
        database.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, word VARCHAR(40)){options}")
    with writing(url) as database:
        database.dialect.begin(database)
        together = database.dialect.together
        add = "INSERT INTO t (id, word) VALUES (:id, :word)"
        rows = dict(enumerate([*TEXTS, "; END; SELECT 1", "matched_0"], start=1))
        changes = [Change(add, {"id": number, "word": word}) for number, word in rows.items()]
        set_all = Change("UPDATE t SET word = word", {})
        assert together(database, changes[0], [*changes[1:], set_all]) == [*(1 for _ in rows), len(rows)]
        assert together(database, Change("UPDATE t SET word = 'x' WHERE id = :id", {"id": 99}), [set_all]) == [0]
        assert together(database, Change("DELETE FROM t WHERE id = :id", {"id": 1}), []) == [1]
        assert together(database, set_all, changes[:1]) == [len(rows) - 1, 1]
        assert dict(database.query("SELECT id, word FROM t")) == rows
        with pytest.raises(database.dialect.driver_error):
            together(database, Change("UPDATE t SET word = 'y'", {}), changes)
        database.roll_back()
        assert database.query("SELECT * FROM t") == []


def test_ddl_in_a_transaction_is_undone_where_the_dialect_says_so(url: DatabaseUrl) -> None:
    with writing(url) as database:
        with pytest.raises(ValueError):
            write_and_raise(database, "CREATE TABLE t (a INT)", ValueError)
        assert ("t" in database.tables()) is not database.dialect.transactional_ddl


def test_what_is_committed_is_there_for_others_at_once(url: DatabaseUrl) -> None:
    with writing(url) as database, asking(url) as other:
        database.execute(f"CREATE TABLE t (a INT){database.dialect.table_options}")
        with database.transaction():
            database.execute("INSERT INTO t VALUES (1)")
    with asking(url) as other:
        assert other.query("SELECT a FROM t") == [(1,)]


# What is there


def test_tables_and_views_are_listed_sorted(url: DatabaseUrl) -> None:
    with writing(url) as database:
        assert database.tables() == []
        database.execute("CREATE TABLE sqlitez (a INTEGER PRIMARY KEY, b INT UNIQUE)")
        database.execute("CREATE TABLE b (a INT)")
        database.execute("CREATE VIEW c AS SELECT a FROM b")
        assert database.tables() == ["b", "c", "sqlitez"]
        schema = database.dialect.read_schema(database, ["b", "c", "nowhere"])
        assert (set(schema.tables), set(schema.views)) == ({"b"}, {"c"})


def test_our_own_tables_are_made_once_and_are_the_bookkeeping(url: DatabaseUrl) -> None:
    with writing(url) as database:
        dialect = database.dialect
        dialect.prepare(database, "migrate_version")
        first = dialect.read_schema(database)
        with database.transaction():
            database.execute(
                "INSERT INTO migrate_kept (version, table_name, kind, reason, row_data)"
                " VALUES (1, 't', 'note', 'r', '{}')"
            )
        dialect.prepare(database, "migrate_version")
        assert dialect.read_schema(database) == first
        assert set(first.tables) == set(dialect.bookkeeping)
        assert database.scalar("SELECT COUNT(*) FROM migrate_kept") == 1
        assert database.tables() == sorted(dialect.bookkeeping)
        assert all(table.primary_key for table in first.tables.values())
        assert dialect.untransactional_tables(database) == []


def test_a_myisam_version_table_becomes_innodb_with_its_rows(mysql_family_url: str) -> None:
    url = parse_url(mysql_family_url)
    with writing(url) as database:
        database.execute(
            "CREATE TABLE migrate_version (repository_id varchar(250) NOT NULL PRIMARY KEY, repository_path text,"
            " version int) ENGINE=MyISAM DEFAULT CHARSET=latin1"
        )
        database.execute("CREATE TABLE other (a int) ENGINE=MyISAM")
        database.execute("INSERT INTO migrate_version VALUES ('cbu', 'giveaminute/migrations', 7)")
        before = database.dialect.read_schema(database).tables["migrate_version"]
        assert database.dialect.untransactional_tables(database) == ["migrate_version", "other"]

        database.dialect.prepare(database, "migrate_version")

        after = database.dialect.read_schema(database).tables["migrate_version"]
        assert (before.engine, after.engine) == ("MyISAM", "InnoDB")
        assert after.columns == before.columns
        assert database.query("SELECT * FROM migrate_version") == [("cbu", "giveaminute/migrations", 7)]
        assert database.dialect.untransactional_tables(database) == ["other"]


def test_broken_references_are_told_where_the_database_lets_them_in(url: DatabaseUrl) -> None:
    with writing(url) as database:
        database.execute("CREATE TABLE p (id INT PRIMARY KEY)")
        database.execute("CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))")
        database.execute("INSERT INTO c VALUES (1, NULL)")
        assert database.dialect.broken_references(database) == []
        if is_mysql(url):
            driver_error(database, lambda: database.execute("INSERT INTO c VALUES (2, 9)"))
            assert database.dialect.broken_references(database) == []
        else:
            database.execute("INSERT INTO c VALUES (2, 9)")
            assert database.dialect.broken_references(database) == ["c: row 2 refers to no p"]


# Errors


def test_a_missing_table_is_told_from_other_errors(url: DatabaseUrl) -> None:
    with asking(url) as database:
        is_missing = database.dialect.is_missing_table
        assert is_missing(driver_error(database, lambda: database.query("SELECT a FROM nowhere")))
        assert not is_missing(driver_error(database, lambda: database.query("SELECT nowhere")))
        assert not is_missing(driver_error(database, lambda: database.query("SELEC")))
        assert not is_missing(ValueError("no such table: x"))


def test_an_error_is_explained_in_one_line(url: DatabaseUrl) -> None:
    with asking(url) as database:
        text = database.dialect.explain(driver_error(database, lambda: database.query("SELECT a FROM nowhere")))
        assert "nowhere" in text and len(text.splitlines()) == 1


def test_a_lost_connection_is_told_from_a_refusal(url: DatabaseUrl) -> None:
    database = Database(url, read_only=False)
    dialect = database.dialect
    assert not dialect.is_connection_lost(driver_error(database, lambda: database.query("SELEC")))
    if is_mysql(url):
        kill(url, database)
    else:
        database.connection.close()
    for _ in range(2):  # the first try finds it out, the next ones meet a closed one
        error = driver_error(database, lambda: database.query("SELECT 1"))
        assert dialect.is_connection_lost(error)
    assert not dialect.is_missing_table(error)
    if is_mysql(url):
        translated = dialect.translate(error, url)
        assert isinstance(translated, CannotConnect) and "lost" in translated.message
        database.roll_back()  # there is nothing left to roll back
    database.close()


def kill(url: DatabaseUrl, database: Database) -> None:
    number = database.scalar("SELECT CONNECTION_ID()")
    with writing(url) as other:
        other.execute(f"KILL {number}")
        until(lambda: not other.query("SELECT 1 FROM information_schema.processlist WHERE id = :id", {"id": number}))


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def write_with_little_patience(url: DatabaseUrl) -> None:
    with writing(url, wait=0.1) as database:
        if is_mysql(url):
            database.execute("SET SESSION innodb_lock_wait_timeout = 1")
        with database.transaction():
            database.execute("UPDATE t SET a = 3")


def test_a_locked_database_is_busy(url: DatabaseUrl) -> None:
    with writing(url) as holder:
        holder.execute(f"CREATE TABLE t (a INT PRIMARY KEY){holder.dialect.table_options}")
        holder.execute("INSERT INTO t VALUES (1)")
        holder.connection.commit()
        with holder.transaction():
            holder.execute("UPDATE t SET a = 2")
            with pytest.raises(Busy) as caught:
                write_with_little_patience(url)
    assert caught.value.remedy and "again" in caught.value.remedy


def test_a_read_only_server_or_file_says_so(url: DatabaseUrl) -> None:
    with pytest.raises(CannotConnect) as caught, asking(url) as database:
        database.execute("CREATE TABLE t (a INT)")
    assert caught.value.remedy


def test_an_error_without_a_remedy_of_its_own_is_ours_with_the_drivers_words(url: DatabaseUrl) -> None:
    with pytest.raises(MigrationToolError, match="nowhere") as caught, asking(url) as database:
        database.query("SELECT a FROM nowhere")
    assert str(url) in caught.value.message


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"this is a text, and a long one at that\n" * 100)
    url = DatabaseUrl("sqlite", path=str(file))
    for read_only in (True, False):
        with (
            pytest.raises(CannotConnect, match="not a database") as caught,
            opened(url, read_only=read_only) as database,
        ):
            database.tables()
        assert caught.value.remedy


@pytest.fixture
def account(server: Server, fresh_database: FreshDatabase) -> Iterator[Callable[..., DatabaseUrl]]:
    """`account(password, rights)`: the URL of a user with these rights on a fresh database that has a table `t`."""
    name = fresh_database(server)
    user = f"u{os.getpid()}"
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        cursor.execute("SET NAMES utf8mb4")

        def make(password: str, rights: str) -> DatabaseUrl:
            cursor.execute(f"DROP USER IF EXISTS {user}@'%%'", ())
            cursor.execute(f"CREATE USER {user}@'%%' IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT {rights} ON `{name}`.* TO {user}@'%'")
            return DatabaseUrl("mysql", name, ((server.host, server.port),), user, password)

        yield make
        cursor.execute(f"DROP USER IF EXISTS {user}@'%'")


@pytest.mark.parametrize("password", ["plain", "@:/%#'\"\\ &", "pässwörd", "密码🎉"])
def test_any_password_logs_in_as_its_utf8_bytes_and_never_shows(
    account: Callable[..., DatabaseUrl], password: str
) -> None:
    url = account(password, "SELECT")
    with asking(url) as database:
        assert database.tables() == ["t"]
    assert password not in str(url) and password not in repr(url)
    wrong = DatabaseUrl("mysql", url.database, url.hosts, url.user, password + "x")
    with pytest.raises(CannotConnect, match="refuses this user or password") as caught:
        for_family("mysql").connect(wrong, read_only=True, wait=0)
    assert password not in str(caught.value)


def test_missing_rights_are_named_and_reading_needs_no_more_than_select(account: Callable[..., DatabaseUrl]) -> None:
    url = account("secret", "SELECT")
    with asking(url) as database:
        assert list(database.dialect.read_schema(database).tables) == ["t"]
    with pytest.raises(CannotConnect, match=r"(?i)denied") as caught, writing(url) as database:
        database.execute("CREATE TABLE u (a INT)")
    assert f"GRANT ALL ON `{url.database}`" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database": "cbu_test_nowhere"}, "there is no database «cbu_test_nowhere»"),
        ({"hosts": (("127.0.0.1", 1),)}, "cannot be reached"),
        ({"hosts": (("no-such-host.invalid", 3306),)}, "cannot be reached"),
    ],
)
def test_what_cannot_be_reached_is_told(mysql_family_url: str, change: dict[str, Any], words: str) -> None:
    facts = {name: getattr(parse_url(mysql_family_url), name) for name in ("family", "database", "hosts", "user")}
    with pytest.raises(CannotConnect, match=words) as caught:
        for_family("mysql").connect(DatabaseUrl(**{**facts, **change}), read_only=True, wait=0)
    assert caught.value.remedy


def test_the_next_host_is_tried(mysql_family_url: str) -> None:
    url = parse_url(mysql_family_url)
    several = DatabaseUrl("mysql", url.database, (("127.0.0.1", 1), *url.hosts), url.user, url.password)
    with asking(several) as database:
        assert database.scalar("SELECT 1") == 1


# exclusive


def take(database: Database, wait: float) -> float:
    """When it got the right to migrate."""
    with database.dialect.exclusive(database, wait):
        return time.monotonic()


def test_only_one_may_migrate_at_a_time(mysql_family_url: str) -> None:
    url = parse_url(mysql_family_url)
    with writing(url) as first, writing(url) as second:
        with first.dialect.exclusive(first, 0):
            start = time.monotonic()
            with pytest.raises(Busy, match=r"is being migrated by \w+@.* \(connection \d+\)") as caught:
                take(second, 1)
            assert 0.9 < time.monotonic() - start < 3
            assert caught.value.remedy
        with second.dialect.exclusive(second, 0):
            assert second.scalar("SELECT 1") == 1


def test_the_right_is_given_back_after_an_error_and_waited_for(mysql_family_url: str) -> None:
    url = parse_url(mysql_family_url)
    with writing(url) as first, writing(url) as second:
        got: list[float] = []
        waiter = threading.Thread(target=lambda: got.append(take(second, 10)))
        released = fail_while_it_waits(first, waiter)
        waiter.join(5)
        assert got and released <= got[0] < released + 2


def fail_while_it_waits(database: Database, waiter: threading.Thread) -> float:
    try:
        with database.dialect.exclusive(database, 0):
            waiter.start()
            time.sleep(0.3)
            raise ValueError
    except ValueError:
        return time.monotonic() - 0.1


def test_the_right_dies_with_its_holder(mysql_family_url: str) -> None:
    url = parse_url(mysql_family_url)
    program = (
        "import sys, time\nfrom giveaminute.settings import parse_url\n"
        "from giveaminute.versioning.database import opened\n"
        "with opened(parse_url(sys.argv[1]), read_only=False) as database, database.dialect.exclusive(database, 5):\n"
        "    print('now', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, mysql_family_url], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"now\n"
    with writing(url) as database:
        with pytest.raises(Busy):
            take(database, 0)
        holder.kill()
        start = time.monotonic()
        with database.dialect.exclusive(database, 10):
            assert time.monotonic() - start < 3
    holder.wait()
    holder.stdout.close()


def test_two_databases_of_one_server_do_not_wait_for_each_other(server: Server, fresh_database: FreshDatabase) -> None:
    urls = [parse_url(server.url(fresh_database(server))) for _ in range(2)]
    with (
        writing(urls[0]) as one,
        writing(urls[1]) as other,
        one.dialect.exclusive(one, 0),
        other.dialect.exclusive(other, 0),
    ):
        assert other.scalar("SELECT 1") == 1


def test_sqlites_own_write_lock_is_the_right_there(tmp_path: Path) -> None:
    url = DatabaseUrl("sqlite", path=str(tmp_path / "x.db"))
    with (
        writing(url) as first,
        writing(url, wait=0.1) as second,
        first.dialect.exclusive(first, 0),
        second.dialect.exclusive(second, 0),
        first.transaction(),
    ):
        assert "locked" in str(driver_error(second, lambda: second.dialect.begin(second)))


# The session

SETTINGS = (
    "sql_mode", "character_set_client", "character_set_results", "collation_connection", "default_storage_engine",
    "lock_wait_timeout", "innodb_lock_wait_timeout", "foreign_key_checks", "unique_checks", "sql_quote_show_create",
    "autocommit",
)  # fmt: skip
FIXED = ("utf8mb4", "utf8mb4", "utf8mb4_unicode_ci", "InnoDB", LOCK_WAIT, LOCK_WAIT, 1, 1, 1, 0)
CONTRARY = (
    "--sql-mode=ANSI,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,NO_ZERO_IN_DATE",
    "--character-set-server=latin1",
    "--collation-server=latin1_german1_ci",
    "--default-storage-engine=MyISAM",
    "--lock-wait-timeout=7",
    "--innodb-lock-wait-timeout=3",
    "--init-connect=SET foreign_key_checks = 0, unique_checks = 0, sql_quote_show_create = 0",
)


def session(database: Database) -> None:
    listed = ", ".join(f"@@SESSION.{name}" for name in SETTINGS)
    [(mode, *others)] = database.query(f"SELECT {listed}")
    assert set(mode.split(",")) == set(SQL_MODE.split(","))
    assert tuple(others) == FIXED


@pytest.mark.parametrize("read_only", [True, False])
def test_the_session_is_fixed(mysql_family_url: str, read_only: bool) -> None:
    with opened(parse_url(mysql_family_url), read_only=read_only) as database:
        session(database)


def test_the_session_is_the_same_on_a_server_that_would_have_it_otherwise(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with private_mariadb(tmp_path_factory.mktemp("contrary"), *CONTRARY) as server:
        with server.connect() as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE d")
            cursor.execute("CREATE USER ordinary IDENTIFIED BY ''")  # init_connect is not for root
            cursor.execute("GRANT ALL ON d.* TO ordinary")
        server.user = "ordinary"
        with writing(parse_url(server.url("d"))) as database:
            session(database)
            database.execute("CREATE TABLE t (a varchar(9) DEFAULT 'a\\\\b', d date DEFAULT '0000-00-00')")
            assert database.dialect.read_schema(database).tables["t"].engine == "InnoDB"


def test_no_value_is_cut_in_silence_and_zero_dates_pass(mysql_family_url: str) -> None:
    with writing(parse_url(mysql_family_url)) as database:
        database.execute("CREATE TABLE t (a varchar(2), d date) ENGINE=MyISAM")
        error = driver_error(database, lambda: database.execute("INSERT INTO t (a) VALUES ('abc')"))
        assert isinstance(error, pymysql.err.DataError)
        database.execute("INSERT INTO t (d) VALUES ('0000-00-00')")
        database.execute("ALTER TABLE t ENGINE=InnoDB")
        assert database.scalar("SELECT CAST(d AS CHAR) FROM t") == "0000-00-00"
