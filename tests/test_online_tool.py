"""`--online`: pt-online-schema-change does the work; no write is lost, killed at any moment it ends right."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.constants import ER

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.online.running import started
from giveaminute.versioning.online.statement import unfit
from giveaminute.versioning.online.tool import obstacle
from giveaminute.versioning.online.verifying import differences
from tests.conftest import FreshDatabase
from tests.management.running import ROOT, environment, run_forked
from tests.repositories import make_repository
from tests.servers import Server

needs_tool = pytest.mark.skipif(
    shutil.which("pt-online-schema-change") is None,
    reason="no pt-online-schema-change here: apt-get install percona-toolkit",
)
ROWS = 3000
LIMIT = ("--large-rows", "1000", "--online")
FIRST = {
    "001_Votes_default_upgrade.sql": (
        "CREATE TABLE people (id INT NOT NULL PRIMARY KEY);\n"
        "CREATE TABLE votes (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, n INT, word VARCHAR(40), person INT,"
        " CONSTRAINT of_whom FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE);\n"
    ),
    "001_Votes_default_downgrade.sql": "DROP TABLE votes;\nDROP TABLE people;\n",
}


def second(statement: str) -> dict[str, str]:
    around = ("CREATE TABLE before_it (id INT)", statement, "CREATE TABLE after_it (id INT)")
    return {
        "002_Second_default_upgrade.sql": "".join(f"{each};\n" for each in around),
        "002_Second_default_downgrade.sql": "DROP TABLE after_it;\nDROP TABLE before_it;\n",
    }


WIDER = "ALTER TABLE votes MODIFY n BIGINT"


@dataclass
class Install:
    """A database at version 1 whose votes are large, and what is to come."""

    server: Server
    name: str
    folder: Path
    statement: str = WIDER
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.words = ("--url", self.server.url(self.name), "--repository", str(self.folder / "r"))
        make_repository(self.folder / "r", FIRST)
        call_command("upgrade", url=self.server.url(self.name), repository=str(self.folder / "r"))
        self.run("INSERT INTO people VALUES (1), (2)")
        rows = [(n, f"word {n}", 1 + n % 2) for n in range(ROWS)]
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO votes (n, word, person) VALUES (%s, %s, %s)", rows)
        self.run("ANALYZE TABLE votes")
        make_repository(self.folder / "r", {**FIRST, **second(self.statement)})

    def run(self, statement: str) -> Any:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def upgrade(self, *more: str) -> Any:
        return run_forked("upgrade", *self.words, *LIMIT, *more, cwd=self.folder)

    def start(self, said: Any = subprocess.DEVNULL, **environ: str) -> subprocess.Popen[bytes]:
        words = self.words[2:] if environ else self.words  # without the URL that they begin with
        command = [sys.executable, "-m", "giveaminute", "upgrade", *words, *LIMIT]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment({"PYTHONPATH": str(ROOT), **environ}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )

    def rows(self) -> dict[int, tuple[int, str]]:
        return {number: (n, word) for number, n, word in self.run("SELECT id, n, word FROM votes")}

    def tables(self) -> list[str]:
        return sorted(name for (name,) in self.run("SHOW TABLES") if not name.startswith("migrate_"))

    def triggers(self) -> list[str]:
        return [row[0] for row in self.run("SHOW TRIGGERS")]

    def definition(self) -> str:
        return str(self.run("SHOW CREATE TABLE votes")[0][1])

    def assert_done(self) -> None:
        """As the statement alone leaves it, and nothing beside it."""
        assert self.tables() == ["after_it", "before_it", "people", "votes"]
        assert self.triggers() == []
        assert "`n` bigint" in self.definition()
        assert "CONSTRAINT `of_whom` FOREIGN KEY (`person`) REFERENCES `people` (`id`) ON DELETE CASCADE" in (
            self.definition()
        )


@pytest.fixture
def install(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Install:
    return Install(server, fresh_database(server), tmp_path)


@dataclass
class Writer:
    """An application that inserts, updates and deletes, and knows what must be there."""

    install: Install
    expected: dict[int, tuple[int, str]] = field(default_factory=dict)
    longest: float = 0.0
    count: int = 0
    failures: list[str] = field(default_factory=list)
    stopping: bool = False

    def work(self) -> None:
        self.expected = self.install.rows()
        generator = random.Random(1)
        with self.install.server.connect(self.install.name) as connection, connection.cursor() as cursor:
            while not self.stopping:
                began = time.monotonic()
                try:
                    self.write(cursor, generator)
                except pymysql.err.OperationalError as error:
                    if error.args[0] != ER.LOCK_DEADLOCK:  # as with any other writer: it is to be tried again
                        self.failures.append(str(error))
                        return
                self.longest = max(self.longest, time.monotonic() - began)
                self.count += 1
                time.sleep(0.002)

    def write(self, cursor: Any, generator: random.Random) -> None:
        what, number = generator.randrange(3), generator.choice(list(self.expected))
        word = f"w{generator.randrange(10**9)}"
        if what == 0:
            cursor.execute("INSERT INTO votes (n, word, person) VALUES (%s, %s, 1)", (7, word))
            self.expected[cursor.lastrowid] = (7, word)
        elif what == 1:
            cursor.execute("UPDATE votes SET word = %s WHERE id = %s", (word, number))
            self.expected[number] = (self.expected[number][0], word)
        else:
            cursor.execute("DELETE FROM votes WHERE id = %s", (number,))
            del self.expected[number]


@contextmanager
def writing(install: Install) -> Iterator[Writer]:
    writer = Writer(install)
    thread = threading.Thread(target=writer.work)
    thread.start()
    try:
        yield writer
    finally:
        writer.stopping = True
        thread.join()


@needs_tool
def test_a_change_of_type_is_done_while_a_writer_goes_on_and_no_write_is_lost(install: Install) -> None:
    """By a user with a password, which no process but the command has in its words or its environment."""
    secret, seen = "s3cr3t-0nline", set[str]()
    with a_user(install.server, secret) as name, writing(install) as writer:
        place = f"{install.server.host}:{install.server.port}/{install.name}"
        with (install.folder / "said").open("wb") as said:
            process = install.start(said, DATABASE_URL=f"mysql://{name}:{secret}@{place}")
            while process.poll() is None:
                seen |= secrets_in_processes(secret)
                time.sleep(0.02)
    told = (install.folder / "said").read_text()
    assert process.returncode == 0, told
    assert seen == {"pt-online-schema-change was seen"}
    assert writer.failures == []
    assert writer.count > 50
    assert install.rows() == writer.expected
    install.assert_done()
    assert "pt-online-schema-change, nobody waits" in told
    ((ways,),) = install.run("SELECT ways FROM migrate_history WHERE version = 2")
    assert ways == f"votes: online by pt-online-schema-change: {WIDER}"


@contextmanager
def a_user(server: Server, password: str) -> Iterator[str]:
    name = f"online_{os.getpid()}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY '{password}'")
        cursor.execute(f"GRANT ALL ON *.* TO {name}@'%'")
        try:
            yield name
        finally:
            cursor.execute(f"DROP USER {name}@'%'")


def secrets_in_processes(secret: str) -> set[str]:
    """Where it is, but in the command itself and in a fork of it that is about to become another program."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            texts = {file: (path / file).read_bytes() for file in ("cmdline", "environ")}
            words = (path / "cmdline").read_bytes()  # again, since it may have become the other one in between
        except OSError:
            continue
        if b"-m\0giveaminute" in texts["cmdline"] or int(path.name) == os.getpid():
            continue
        found |= {f"{file} of {words!r}" for file, text in texts.items() if secret.encode() in text}
        if b"/pt-online-schema-change" in words:
            found.add("pt-online-schema-change was seen")
    return found


def triggers_are_there(install: Install) -> bool:
    return len(install.triggers()) == 3


def old_table_is_there(install: Install) -> bool:
    return "_votes_old" in install.tables()


MOMENTS = [triggers_are_there, old_table_is_there]
if not os.environ.get("ALL_MUTATIONS"):
    MOMENTS = MOMENTS[:1]


@needs_tool
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_on_its_way_nothing_is_left_behind_and_it_ends_right(
    moment: Callable[[Install], bool], install: Install
) -> None:
    """First a run that may not go on clears away, then one that may does it. All moments with ALL_MUTATIONS=1."""
    with writing(install) as writer:
        process = install.start()
        while process.poll() is None and not moment(install):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if moment is not old_table_is_there:  # by then it is done
            ran = run_forked("upgrade", *install.words, *LIMIT[:2], cwd=install.folder)
            assert (ran.code, "Cleared away what a killed online change of votes had left" in ran.err) == (6, True)
            assert (install.tables(), install.triggers()) == (["before_it", "people", "votes"], [])
        ran = install.upgrade()
    assert ran.code == 0, ran.err
    assert writer.failures == []
    assert install.rows() == writer.expected
    install.assert_done()


@needs_tool
def test_ctrl_c_takes_the_copy_away_at_once(install: Install) -> None:
    process = install.start()
    while process.poll() is None and not triggers_are_there(install):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) != 0
    assert (install.tables(), install.triggers()) == (["before_it", "people", "votes"], [])


@needs_tool
def test_a_table_that_another_holds_is_not_waited_for_longer_than_told(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path)
    with install.server.connect(install.name, autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM votes")  # and does not end
        began = time.monotonic()
        ran = install.upgrade("--wait", "2", "--lock-timeout", "1")
        seconds = time.monotonic() - began
    assert ran.code == 6
    assert "Lock wait timeout exceeded" in ran.err
    assert "Not checking slave lag" not in ran.err
    assert seconds < 60  # a hundred tries took ten minutes
    assert (install.tables(), install.triggers()) == (["before_it", "people", "votes"], [])


def test_a_program_that_ends_without_having_done_it_is_no_success(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pt-online-schema-change"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    ran = run_forked("upgrade", *install.words, *LIMIT, cwd=tmp_path, environ=environ)
    assert ran.code == 6
    assert "the table is as it was: it ended without exchanging the tables" in ran.err
    assert "`n` int" in install.definition()


@needs_tool
def test_its_own_settings_cannot_keep_the_tables_from_being_exchanged(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path)
    (tmp_path / ".pt-online-schema-change.conf").write_text("no-swap-tables\nnew-table-name=another\n")
    ran = run_forked("upgrade", *install.words, *LIMIT, cwd=tmp_path, environ={"HOME": str(tmp_path)})
    assert ran.code == 0, ran.err
    install.assert_done()


def test_a_program_that_was_killed_is_told_so() -> None:
    with started(lambda file: ["sh", "-c", "echo 'Cannot say' >&2; exec sleep 60"], "") as program:
        assert program.said(-9) == "it was ended by signal 9"


@needs_tool
def test_values_that_would_change_are_found_before_the_tables_are_exchanged(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    cut = "ALTER TABLE votes MODIFY word VARCHAR(7)"
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path, statement=cut)
    before, definition = install.rows(), install.definition()
    ran = install.upgrade()
    assert ran.code == 6
    assert "statement 2" in ran.err
    assert "pt-online-schema-change gave up, and the table is as it was: 2,900 rows would not be the same" in ran.err
    assert (install.rows(), install.definition()) == (before, definition)
    assert (install.tables(), install.triggers()) == (["before_it", "people", "votes"], [])


@pytest.mark.parametrize(
    ("before", "statement", "reason"),
    [
        ("CREATE TRIGGER t1 BEFORE INSERT ON votes FOR EACH ROW SET NEW.n = 1", WIDER, "the table has triggers (t1)"),
        (
            "CREATE TABLE child (v INT, CONSTRAINT to_v FOREIGN KEY (v) REFERENCES votes (id))",
            WIDER,
            "other tables refer to it (child)",
        ),
        ("ALTER TABLE votes MODIFY id INT NOT NULL, DROP PRIMARY KEY", WIDER, "no primary key"),
        ("ALTER TABLE votes ADD CONSTRAINT small_n CHECK (n < 100000)", WIDER, "its checks (small_n)"),
        ("CREATE TABLE _votes_new (id INT)", WIDER, "a table _votes_new, from another online change"),
        ("SELECT 1", f"{WIDER}, ADD UNIQUE (word)", "a unique key"),
        ("SELECT 1", "ALTER TABLE votes CHANGE n m BIGINT", "a name, which is done at once without it"),
        ("SELECT 1", f"{WIDER}, ALGORITHM=COPY", "it says ALGORITHM: leave that out"),
        ("SELECT 1", f"{WIDER}, ENGINE = MyISAM", "the engine to one without transactions"),
    ],
)
@needs_tool
def test_what_it_could_not_do_safely_is_told_with_the_remedy(
    before: str, statement: str, reason: str, mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    with opened(parse_url(mariadb_server.url(fresh_database(mariadb_server))), read_only=False) as database:
        database.send("CREATE TABLE votes (id INT NOT NULL PRIMARY KEY, n INT, word VARCHAR(40))")
        assert obstacle(database, statement) is None or before == "SELECT 1"
        database.send(before)
        found = obstacle(database, statement)
    assert found is not None
    assert reason in found


@needs_tool
def test_what_it_could_not_do_is_refused_before_the_start(install: Install) -> None:
    install.run("CREATE TRIGGER t1 BEFORE INSERT ON votes FOR EACH ROW SET NEW.n = 1")
    ran = install.upgrade()
    assert ran.code == 6
    assert "--online cannot do it: the table has triggers (t1): drop them before it and make them again" in ran.err
    assert "Nothing was begun." in ran.err
    assert "--blocking" in ran.err
    assert install.tables() == ["people", "votes"]


@needs_tool
def test_what_the_script_takes_out_of_the_way_before_is_not_in_the_way(install: Install) -> None:
    install.run("CREATE TRIGGER t1 BEFORE INSERT ON votes FOR EACH ROW SET NEW.word = 'w'")
    install.run("ALTER TABLE votes ADD CONSTRAINT small_n CHECK (n < 100000)")
    install.run("CREATE TABLE child (v INT, CONSTRAINT to_v FOREIGN KEY (v) REFERENCES votes (id))")
    steps = (
        "DROP TRIGGER t1",
        "ALTER TABLE votes DROP CONSTRAINT small_n",
        "ALTER TABLE child DROP FOREIGN KEY to_v",
        "RENAME TABLE votes TO ballots",
        "ALTER TABLE IF EXISTS ballots MODIFY n BIGINT"
        if install.server.family == "mariadb"
        else "ALTER TABLE ballots MODIFY n BIGINT",
        "RENAME TABLE ballots TO votes",
        "ALTER TABLE child ADD CONSTRAINT to_v FOREIGN KEY (v) REFERENCES votes (id)",
        "CREATE TRIGGER t1 BEFORE INSERT ON votes FOR EACH ROW SET NEW.word = 'w'",
    )
    make_repository(install.folder / "r", {**FIRST, **second(";\n".join(steps))})
    before = install.rows()
    ran = install.upgrade()
    assert (ran.code, "pt-online-schema-change" in ran.err) == (0, True), ran.err
    assert install.rows() == before
    assert install.triggers() == ["t1"]
    assert install.tables() == ["after_it", "before_it", "child", "people", "votes"]
    assert "`n` bigint" in install.definition()


@pytest.mark.parametrize("change", ["MODIFY engine VARCHAR(20)", "ADD COLUMN engine INT", "ENGINE=InnoDB"])
def test_a_column_called_engine_is_no_change_of_the_engine(change: str) -> None:
    assert unfit(change) is None


def test_without_the_program_it_is_said_what_to_install(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    ran = install.upgrade()
    assert ran.code == 6
    assert "no pt-online-schema-change here (apt-get install percona-toolkit), nor gh-ost" in ran.err


def test_a_copy_is_compared_row_by_row_in_ranges_of_any_key(server: Server, fresh_database: FreshDatabase) -> None:
    with opened(parse_url(server.url(fresh_database(server))), read_only=False) as database:
        for name, kind in (("o", "INT"), ("c", "BIGINT")):
            database.send(
                f"CREATE TABLE {name} (a INT NOT NULL, b VARCHAR(10) NOT NULL, v {kind}, w VARCHAR(20),"
                " g INT AS (v + 1), PRIMARY KEY (a, b))"
            )
            rows = ", ".join(f"({n // 7}, 'k{n % 7}', {n}, 'ä{n}')" for n in range(100))
            database.send(f"INSERT INTO {name} (a, b, v, w) VALUES {rows}")
        seen: list[int] = []

        def found() -> int:
            database.connection.commit()
            return differences(database, "o", "c", ("a", "b"), seen.append, rows=9)

        assert found() == 0
        assert len(seen) == 12
        database.send("UPDATE c SET v = -1 WHERE a = 3 AND b = 'k2'")
        assert found() == 1
        database.send("UPDATE c SET w = 'A5' WHERE a = 0 AND b = 'k5'")  # equal to no eye but some collations'
        database.send("UPDATE o SET w = 'a5' WHERE a = 0 AND b = 'k5'")
        assert found() == 2
        database.send("DELETE FROM c WHERE a = 14")
        assert found() == 4
        database.send("INSERT INTO c (a, b, v) VALUES (99, 'extra', 1)")
        assert found() == 5
