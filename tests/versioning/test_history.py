"""The version row and the log of runs, on every database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from giveaminute.errors import ExitCode, NotAsRecorded
from giveaminute.settings import parse_url
from giveaminute.versioning import history, identity
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.history import Outcome
from giveaminute.versioning.repository import Direction, Repository
from tests.repositories import CONFIG, make_repository

UP, DOWN = Direction.UPGRADE, Direction.DOWNGRADE
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(make_repository(tmp_path / "repository", {}))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(parse_url(database_url), read_only=False) as found:
        yield found


@pytest.fixture
def prepared(database: Database) -> Database:
    database.dialect.prepare(database, "migrate_version")
    return database


def put(database: Database, repository: Repository, number: int) -> None:
    with database.transaction():
        history.put_under_control(database, repository, number)


def test_without_our_tables_there_is_no_version_and_no_run(database: Database, repository: Repository) -> None:
    assert history.version(database, repository) is None
    assert history.runs(database, repository) == []
    assert history.unfinished(database, repository) is None
    assert database.tables() == []


def test_the_row_is_the_old_tools(database: Database, repository: Repository) -> None:
    put(database, repository, 7)
    assert history.version(database, repository) == 7
    assert database.query("SELECT * FROM migrate_version") == [("cbu", "giveaminute/migrations", 7)]
    table = database.dialect.read_schema(database).tables["migrate_version"]
    assert [(column.name, column.type.lower(), column.nullable) for column in table.columns] == [
        ("repository_id", "varchar(250)", False),
        ("repository_path", "text", True),
        ("version", "int", True),
    ]
    assert [part.column for part in table.primary_key] == ["repository_id"]


def test_a_row_of_another_repository_is_not_ours(database: Database, repository: Repository, tmp_path: Path) -> None:
    other = Repository(make_repository(tmp_path / "other", {}, CONFIG.replace("cbu", "x'y %s :z")))
    put(database, repository, 3)
    assert history.version(database, other) is None
    put(database, other, 1)
    assert (history.version(database, repository), history.version(database, other)) == (3, 1)

    with database.transaction():
        history.drop_control(database, other)
    assert (history.version(database, repository), history.version(database, other)) == (3, None)
    with database.transaction():
        history.drop_control(database, repository)
    assert "migrate_version" not in database.tables()


def test_the_version_moves_only_from_where_it_is(database: Database, repository: Repository) -> None:
    put(database, repository, 3)
    with database.transaction():
        assert not history.advance(database, repository, 2, 3)
        assert history.advance(database, repository, 3, 4)
        assert not history.advance(database, repository, 3, 4)
        assert history.advance(database, repository, 4, 4)  # matched, though nothing changes
    assert history.version(database, repository) == 4


@pytest.mark.parametrize(("value", "shown"), [("NULL", "NULL"), ("-1", "-1")])
def test_a_row_without_a_version_is_told(database: Database, repository: Repository, value: str, shown: str) -> None:
    put(database, repository, 3)
    with database.transaction():
        database.execute(f"UPDATE migrate_version SET version = {value}")
    with pytest.raises(NotAsRecorded, match=f"holds no version for «cbu» but {shown}") as caught:
        history.version(database, repository)
    assert "UPDATE migrate_version SET version = N" in str(caught.value.remedy)
    assert caught.value.exit_code == ExitCode.NOT_AS_RECORDED


def started(database: Database, repository: Repository, number: int, outcome: Outcome = Outcome.RUNNING) -> int:
    with database.transaction():
        row = history.next_row(database)
        database.execute(*history.starting(row, repository, number, "title 100% «ü🎉»", UP, "py1:abc", outcome))
    return row


def test_a_run_is_logged_from_start_to_end(prepared: Database, repository: Repository) -> None:
    before = history.now()
    number = started(prepared, repository, 4)
    [run] = history.runs(prepared, repository)
    assert run == history.unfinished(prepared, repository)
    assert (run.id, run.version, run.title, run.direction) == (number, 4, "title 100% «ü🎉»", UP)
    assert (run.outcome, run.checksum, run.finished, run.seconds, run.backup, run.error) == (
        *(Outcome.RUNNING, "py1:abc"),
        *(None, None, None, None),
    )
    assert run.user and run.host
    assert MOMENT.fullmatch(run.started) and before <= run.started <= history.now()

    with prepared.transaction():
        history.end(prepared, number, Outcome.DONE, 1.23456789)
    [ended] = history.runs(prepared, repository)
    assert ended == replace(run, outcome=Outcome.DONE, seconds=1.234568, finished=ended.finished)
    assert ended.finished is not None and MOMENT.fullmatch(ended.finished) and ended.finished >= run.started
    assert history.unfinished(prepared, repository) is None


def test_a_moment_without_a_fraction_is_written_alike(prepared: Database, repository: Repository) -> None:
    started(prepared, repository, 1)
    with prepared.transaction():
        prepared.execute("UPDATE migrate_history SET started = '2026-01-02 03:04:05.000000'")
    assert history.runs(prepared, repository)[0].started == "2026-01-02 03:04:05.000000"


def test_the_log_is_newest_first_and_can_be_cut(prepared: Database, repository: Repository) -> None:
    for number in (1, 2, 3):
        started(prepared, repository, number, Outcome.DONE)
    assert [run.version for run in history.runs(prepared, repository)] == [3, 2, 1]
    assert [run.version for run in history.runs(prepared, repository, limit=2)] == [3, 2]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_running_and_stopped_are_unfinished(prepared: Database, repository: Repository, outcome: Outcome) -> None:
    number = started(prepared, repository, 1)
    with prepared.transaction():
        history.end(prepared, number, outcome, 0.1, "why 100%")
    found = history.unfinished(prepared, repository)
    assert (found is not None) is (outcome in (Outcome.RUNNING, Outcome.STOPPED))
    assert history.runs(prepared, repository)[0].error == "why 100%"


def test_the_log_of_another_repository_is_not_ours(prepared: Database, repository: Repository, tmp_path: Path) -> None:
    other = Repository(make_repository(tmp_path / "other", {}, CONFIG.replace("cbu", "other")))
    started(prepared, repository, 1)
    assert history.runs(prepared, other) == [] and history.unfinished(prepared, other) is None


def test_a_stopped_run_goes_on_with_the_script_as_it_is_now(prepared: Database, repository: Repository) -> None:
    number = started(prepared, repository, 1)
    with prepared.transaction():
        history.end(prepared, number, Outcome.STOPPED, 1, "refused")
        history.resume(prepared, number, "py1:def")
    [run] = history.runs(prepared, repository)
    assert (run.outcome, run.checksum, run.error) == (Outcome.RUNNING, "py1:def", None)


def test_a_user_with_a_very_long_name_or_none_can_migrate(
    prepared: Database, repository: Repository, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LOGNAME", "u" * 300)
    request.addfinalizer(identity.user.cache_clear)
    identity.user.cache_clear()
    started(prepared, repository, 1)
    assert history.runs(prepared, repository)[0].user == "u" * 80

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    identity.user.cache_clear()
    started(prepared, repository, 2)
    assert history.runs(prepared, repository)[0].user == "unknown"


def test_a_log_made_since_the_first_question_is_no_error(database_url: str, repository: Repository) -> None:
    """Of several first runs, one makes our tables while the others look: «Table definition has changed»."""
    with opened(parse_url(database_url), read_only=False) as other:
        other.execute(f"CREATE TABLE t (n INT){other.dialect.table_options}")
        other.connection.commit()
        with opened(parse_url(database_url), read_only=True) as asking:
            assert asking.query("SELECT n FROM t") == []  # what is made from here on is newer than what it sees
            other.dialect.prepare(other, "migrate_version")
            other.connection.commit()
            assert history.unfinished(asking, repository) is None
            assert history.runs(asking, repository) == []


def test_a_question_that_fails_otherwise_is_not_taken_for_no_answer(database: Database, repository: Repository) -> None:
    database.connection.close()
    with pytest.raises(database.dialect.driver_error):
        history.version(database, repository)


@pytest.mark.parametrize("table", ["migrate_history", "migrate_version"])
def test_a_table_of_the_applications_own_under_our_name_is_named(
    database: Database, repository: Repository, table: str
) -> None:
    database.execute(f"CREATE TABLE {table} (id INT, flown VARCHAR(20))")
    database.connection.commit()
    asked = history.unfinished if table == "migrate_history" else history.version
    for question in (asked, history.runs) if table == "migrate_history" else (asked,):
        with pytest.raises(NotAsRecorded, match=f"has a table {table} that is not the one") as caught:
            question(database, repository)
        assert caught.value.remedy and f"ALTER TABLE {table} RENAME TO" in caught.value.remedy
