"""Large tables: the mildest way there is, nothing that stops their writers unasked, and how far a long statement is."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from giveaminute.errors import WouldBlock
from giveaminute.management import call_command
from giveaminute.settings import Large, parse_url
from giveaminute.versioning import history
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.costs import Cost
from giveaminute.versioning.online import Consent
from giveaminute.versioning.online.guard import Guard
from giveaminute.versioning.online.lookout import Lookout
from giveaminute.versioning.progress import HowFar
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.statementkinds import kind
from tests.conftest import FreshDatabase
from tests.management.running import everything_in, run_forked
from tests.repositories import make_repository
from tests.servers import Server
from tests.versioning.costly_operations import BEFORE, OPERATIONS, TABLES, measured

ROWS = 3000
LIMIT = ("--large-rows", "1000")
FIRST = {
    "001_Votes_default_upgrade.sql": (
        "CREATE TABLE votes (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, n INT, word VARCHAR(40));\n"
        "CREATE TABLE small (id INT NOT NULL PRIMARY KEY, n INT);\n"
    ),
    "001_Votes_default_downgrade.sql": "DROP TABLE votes;\nDROP TABLE small;\n",
}
WIDER = {
    "002_Wider_default_upgrade.sql": (
        "ALTER TABLE small MODIFY n BIGINT;\nALTER TABLE votes ADD COLUMN late INT;\n"
        "CREATE INDEX late ON votes (late);\nALTER TABLE votes MODIFY n BIGINT;\n"
    ),
    "002_Wider_default_downgrade.sql": (
        "ALTER TABLE votes MODIFY n INT;\nDROP INDEX late ON votes;\n"
        "ALTER TABLE votes DROP COLUMN late;\nALTER TABLE small MODIFY n INT;\n"
    ),
}
UNNAMED = {
    "002_Unnamed.py": (
        "import sqlalchemy as sa\n\ndef upgrade(op):\n    name = 'vo' + 'tes'\n"
        "    op.add_column(name, sa.Column('late', sa.Integer))\n"
        "    op.alter_column(name, 'n', type_=sa.BigInteger())\n\n"
        "def downgrade(op):\n    op.drop_column('vo' + 'tes', 'late')\n"
    ),
}
SAMPLE = ("add column last", "int to bigint", "first fulltext", "drop index statement", "partition", "rename index")
CHOSEN = list(OPERATIONS) if os.environ.get("ALL_MUTATIONS") else [name for name in SAMPLE if name in OPERATIONS]


@contextmanager
def install(server: Server, name: str, folder: Path, more: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """A database at version 1 whose votes are large, by the limit of the options that are given; `more` is to come."""
    make_repository(folder, FIRST)
    call_command("upgrade", url=server.url(name), repository=str(folder))
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO votes (n, word) VALUES (%s, %s)", [(n, f"word {n}") for n in range(ROWS)])
        cursor.execute("ANALYZE TABLE votes")
        make_repository(folder, {**FIRST, **more})
        yield ("--url", server.url(name), "--repository", str(folder))


def columns(server: Server, name: str) -> dict[str, str]:
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT CONCAT(table_name, '.', column_name), data_type FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name IN ('votes', 'small')",
            (name,),
        )
        return dict(cursor.fetchall())


def ways(server: Server, name: str) -> list[str]:
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ways FROM migrate_history WHERE ways IS NOT NULL ORDER BY id")
        return [line for (text,) in cursor.fetchall() for line in text.splitlines()]


def test_what_would_stop_the_writers_of_a_large_table_is_refused_before_anything_is_done(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    with install(server, name, tmp_path / "r", WIDER) as words:
        before = everything_in(server, name)
        ran = run_forked("upgrade", *words, *LIMIT, cwd=tmp_path)
        after = everything_in(server, name)
    assert ran.code == 6
    assert "002_Wider_default_upgrade.sql, line 4: «ALTER TABLE votes MODIFY n BIGINT» on votes (about 3,000" in ran.err
    assert "COPY, rebuilds the table, writes wait. Nothing was begun." in ran.err
    assert "--online" in ran.err
    assert "--blocking" in ran.err
    for each in (before, after):
        del each["migrate_lease"]
    assert after == before


def test_told_that_it_may_block_it_goes_and_each_way_is_told_and_kept(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    with install(server, name, tmp_path / "r", WIDER) as words:
        up = run_forked("upgrade", *words, *LIMIT, "--blocking", cwd=tmp_path)
        assert up.code == 0, up.err
        assert columns(server, name)["votes.n"] == "bigint"
        index = "NOCOPY" if server.family == "mariadb" else "INPLACE"
        told = [way.partition("MB): ")[2] for way in ways(server, name)]
        assert told == [
            "INSTANT, nobody waits: ALTER TABLE votes ADD COLUMN late INT",
            f"{index}, nobody waits: CREATE INDEX late ON votes (late)",
            "COPY, rebuilds the table, writes wait: ALTER TABLE votes MODIFY n BIGINT",
        ]
        assert all(way in up.err for way in told)
        assert "small" not in "".join(told)
        down = run_forked("downgrade", "1", "--yes", "--no-backup", *words, *LIMIT, cwd=tmp_path)
        assert (down.code, "writes wait" in down.err) == (6, True)
        down = run_forked("downgrade", "1", "--yes", "--no-backup", "--blocking", *words, *LIMIT, cwd=tmp_path)
        assert down.code == 0, down.err
    assert columns(server, name)["votes.n"] == "int"
    assert "votes.late" not in columns(server, name)


def test_below_the_limit_nothing_is_asked_or_told(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    with install(server, name, tmp_path / "r", WIDER) as words:
        ran = run_forked("upgrade", *words, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "votes" not in ran.err
    assert ways(server, name) == []


def test_a_script_that_names_no_table_is_stopped_at_the_statement_and_goes_on_from_there(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    with install(server, name, tmp_path / "r", UNNAMED) as words:
        ran = run_forked("upgrade", *words, *LIMIT, cwd=tmp_path)
        assert ran.code == 6
        assert "What came before it stays, and is not done again." in ran.err
        assert columns(server, name)["votes.n"] == "int"
        assert "votes.late" in columns(server, name)
        again = run_forked("upgrade", *words, *LIMIT, "--blocking", cwd=tmp_path)
        assert again.code == 0, again.err
    assert columns(server, name)["votes.n"] == "bigint"


def test_a_dry_run_says_what_the_run_would_want(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    with install(server, fresh_database(server), tmp_path / "r", WIDER) as words:
        ran = run_forked("upgrade", "--dry-run", *words, *LIMIT, cwd=tmp_path)
    assert ran.code == 0
    flowing = " ".join(ran.out.replace("\n-- ", " ").split())
    assert "002_Wider_default_upgrade.sql, line 4: votes is large, and writes to it would wait" in flowing
    assert flowing.count("is large") == 1


def test_an_upgrade_that_is_abandoned_is_judged_too(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    scripts = {
        "002_Fails_default_upgrade.sql": "ALTER TABLE votes MODIFY n BIGINT;\nALTER TABLE nowhere ADD COLUMN a INT;\n",
        "002_Fails_default_downgrade.sql": "ALTER TABLE votes MODIFY n INT;\n",
    }
    with install(server, name, tmp_path / "r", scripts) as words:
        assert run_forked("upgrade", *words, *LIMIT, "--blocking", cwd=tmp_path).code == 6
        assert columns(server, name)["votes.n"] == "bigint"
        mended = {file: text.replace("nowhere", "small") for file, text in scripts.items()}
        make_repository(tmp_path / "r", {**FIRST, **mended})
        ran = run_forked("upgrade", "--abandon", "2", *words, *LIMIT, cwd=tmp_path)
        assert (ran.code, "writes wait" in ran.err) == (6, True), ran.err
        ran = run_forked("upgrade", "--abandon", "2", *words, *LIMIT, "--blocking", cwd=tmp_path)
        assert ran.code == 0, ran.err
    assert columns(server, name)["votes.n"] == "int"


def test_options_that_contradict_each_other_are_refused(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    with install(mariadb_server, fresh_database(mariadb_server), tmp_path / "r", WIDER) as words:
        both = run_forked("upgrade", *words, "--online", "--blocking", cwd=tmp_path)
        wrong = run_forked("upgrade", *words, "--large-rows", "many", cwd=tmp_path)
    assert (both.code, "contradict each other" in both.err) == (1, True)
    assert (wrong.code, "--large-rows: «many» is no number." in wrong.err) == (1, True)


def make_tables(database: Database, before: tuple[str, ...]) -> None:
    for statement in ("SET foreign_key_checks = 0", "DROP TABLE IF EXISTS t, t2", "SET foreign_key_checks = 1"):
        database.send(statement)
    for statement in (*TABLES, *before):
        database.send(statement)


@pytest.mark.parametrize("name", CHOSEN)
def test_every_operation_has_its_own_effect_in_the_mildest_way_or_none(
    name: str, server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """All of them with ALL_MUTATIONS=1. The table is empty, and large by a limit of one byte."""
    statement, before = OPERATIONS[name], BEFORE.get(name, ())
    expected = (measured(server.family, server.version) or {}).get(name)
    repository = Repository(make_repository(tmp_path / "r", FIRST))
    told: list[str] = []
    with opened(parse_url(server.url(fresh_database(server))), read_only=False) as database:
        database.dialect.prepare(database, "migrate_version")
        make_tables(database, before)
        untouched = database.dialect.read_schema(database)
        database.send(statement)
        alone = database.dialect.read_schema(database)
        make_tables(database, before)
        guard = Guard(database, repository, Large(10**9, 1), Consent.NONE, told.append, lambda reached: None)
        guard.look()
        try:
            guard.send(database.connection.cursor(), kind(statement), statement, None, False)
            stopped = False
        except WouldBlock:
            stopped = True
        now = database.dialect.read_schema(database)
        guard.close()
    assert compare(untouched if stopped else alone, now) == []
    assert bool(told) is not stopped
    if expected is not None:
        assert stopped is expected.stops_writes
        assert stopped or expected.algorithm is None or expected.algorithm in told[0]


def test_a_statement_that_names_its_own_database_is_judged_without_a_copy_and_touches_nothing(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Sent in a scratch database it would reach the live one."""
    name, told = fresh_database(server), list[str]()
    with install(server, name, tmp_path / "r", {}), opened(parse_url(server.url(name)), read_only=False) as database:
        guard = Guard(
            database, Repository(tmp_path / "r"), Large(1000), Consent.NONE, told.append, lambda reached: None
        )
        guard.look()
        for statement, stops in (
            (f"ALTER TABLE {name}.votes MODIFY n BIGINT", True),
            (f"ALTER TABLE `{name}`.`votes` ADD COLUMN late INT", False),
        ):
            try:
                guard.send(database.connection.cursor(), kind(statement), statement, None, False)
                assert not stops
            except WouldBlock:
                assert stops
        guard.close()
    assert columns(server, name)["votes.n"] == "int"
    assert "votes.late" in columns(server, name)
    assert ["INSTANT" in line for line in told] == [True]


def test_how_a_statement_went_is_kept_in_a_history_of_before(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    with install(server, name, tmp_path / "r", WIDER) as words:
        with server.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE migrate_history DROP COLUMN ways")
        with opened(parse_url(server.url(name)), read_only=True) as database:
            assert history.ways(database, 1) == []
        ran = run_forked("upgrade", *words, *LIMIT, "--blocking", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert len(ways(server, name)) == 3


def test_a_long_statement_is_told_by_the_servers_own_figures(server: Server, fresh_database: FreshDatabase) -> None:
    """A change of type that copies the table; told while it runs, and never after it."""
    name, told = fresh_database(server), list[HowFar]()
    with opened(parse_url(server.url(name)), read_only=False) as database:
        database.send("CREATE TABLE t (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, n INT, word VARCHAR(200))")
        database.send("INSERT INTO t (n, word) VALUES (1, REPEAT('x', 150)), (2, REPEAT('y', 150))")
        for _ in range(16):
            database.send("INSERT INTO t (n, word) SELECT n, word FROM t")
        database.connection.commit()
        lookout = Lookout(database, told.append, first=0.0, every=0.05)
        with lookout.over("ALTER TABLE t", "t"):
            database.send("ALTER TABLE t MODIFY n BIGINT")
        count = len(told)
        with lookout.over("quick", "t"):
            pass
        time.sleep(0.2)
        lookout.close()
    assert len(told) == count > 0
    parts = [each.part for each in told if each.part is not None]
    assert parts
    assert all(0 <= part <= 1 for part in parts)
    assert all(each.what.startswith("ALTER TABLE t") for each in told)


def test_a_quick_statement_does_not_wait_for_whoever_looks(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    with opened(parse_url(mariadb_server.url(fresh_database(mariadb_server))), read_only=False) as database:
        lookout = Lookout(database, lambda reached: None)
        with lookout.over("first", None):
            pass
        began = time.perf_counter()
        for _ in range(1000):
            with lookout.over("quick", None):
                pass
        spent = time.perf_counter() - began
        threads = [thread.name for thread in threading.enumerate()]
        lookout.close()
    assert spent < 0.2, "1,000 quick statements paid this many seconds"
    assert threads.count("lookout") == 1


def test_a_cost_that_is_not_known_counts_as_one_that_stops_writers() -> None:
    assert Cost().stops_writes
    assert not Cost("INSTANT").stops_writes
    assert not Cost(rebuilds=False).stops_writes


def test_a_stop_at_a_statement_names_script_and_line_and_the_next_run_what_is_done(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    with install(server, fresh_database(server), tmp_path, UNNAMED) as words:
        first = run_forked("upgrade", *words, *LIMIT, cwd=tmp_path)
        assert first.code == 6
        assert re.search(
            r"002_Unnamed\.py, line 6: This change of a large table would stop its writers: «ALTER", first.err
        )
        (tmp_path / "versions" / "002_Unnamed.py").write_text(
            UNNAMED["002_Unnamed.py"].replace("'vo' + 'tes'", "'votes'")
        )
        again = run_forked("upgrade", *words, *LIMIT, cwd=tmp_path)
        assert again.code == 6 and "Nothing was begun" not in again.err
        assert "What came before it stays, and is not done again." in again.err
