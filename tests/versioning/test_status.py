"""Where a database stands, in facts and in one sentence with the command to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.settings import DatabaseUrl, parse_url
from giveaminute.versioning import history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.history import Outcome
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.status import State, read_status
from tests.repositories import make_repository

UP, DOWN = Direction.UPGRADE, Direction.DOWNGRADE
A, P, S = State.APPLIED, State.PENDING, State.STOPPED


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(make_repository(tmp_path / "repository", {f"{n:03d}_Title_{n}.py": "" for n in (1, 2, 3)}))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(DatabaseUrl("sqlite", path=str(tmp_path / "x.db")), read_only=False) as found:
        yield found


def given(
    database: Database, repository: Repository, version: int | None, tables: int, *runs: tuple[int, Direction, Outcome]
) -> None:
    for number in range(tables):
        database.execute(f"CREATE TABLE t{number} (a INT)")
    if version is not None:
        database.dialect.prepare(database, "migrate_version")
        history.put_under_control(database, repository, version)
    for number, direction, outcome in runs:
        row = history.next_row(database)
        run = Outcome.RUNNING
        database.execute(*history.starting(row, repository, number, f"Title {number}", direction, "py1:x", run))
        if outcome is not Outcome.RUNNING:
            error = "the server said no" if outcome is Outcome.STOPPED else None
            history.end(database, row, outcome, 1.5, error)


@pytest.mark.parametrize(
    ("version", "tables", "runs", "states", "pending", "summary", "command"),
    [
        (None, 0, [], [P, P, P], 3, "is empty; head is 3.", "invoke upgrade"),
        (None, 2, [], [P, P, P], 3, "has tables but is not under version control.", "invoke version-control"),
        (0, 0, [], [P, P, P], 3, "is at version 0; 3 pending up to 3.", "invoke upgrade"),
        (2, 1, [(1, UP, Outcome.DONE)], [A, A, P], 1, "is at version 2; 1 pending up to 3.", "invoke upgrade"),
        (3, 1, [(3, UP, Outcome.DONE)], [A, A, A], 0, "is at version 3, the newest.", None),
        (4, 1, [], [A, A, A], 0, "is at version 4, ahead of the scripts here, which end at 3.", "deploy the code"),
        (2, 1, [(3, UP, Outcome.FAILED)], [A, A, P], 1, "is at version 2; 1 pending up to 3.", "invoke upgrade"),
        (2, 1, [(3, UP, Outcome.RUNNING)], [A, A, S], 1, ") is half done.", "invoke upgrade"),
        (2, 1, [(3, UP, Outcome.STOPPED)], [A, A, S], 1, ") is half done: the server said no", "invoke upgrade"),
        (2, 1, [(2, DOWN, Outcome.STOPPED)], [A, S, P], 1, "UTC) is half done", "invoke downgrade 1"),
    ],
)  # fmt: skip
def test_each_state_has_its_sentence_and_its_command(
    database: Database,
    repository: Repository,
    version: int | None,
    tables: int,
    runs: list[tuple[int, Direction, Outcome]],
    states: list[State],
    pending: int,
    summary: str,
    command: str | None,
) -> None:
    given(database, repository, version, tables, *runs)
    found = read_status(database, repository)
    assert (found.version, found.head, found.pending) == (version, 3, pending)
    assert [each.state for each in found.migrations] == states
    assert [(each.version, each.title) for each in found.migrations] == [(n, f"Title {n}") for n in (1, 2, 3)]
    assert found.database == database.url.name and found.summary.startswith(database.url.name)
    assert summary in found.summary
    assert (found.next_command or "").startswith(command or "") and (found.next_command is None) is (command is None)
    assert (found.unfinished is not None) is (S in states)


def test_who_applied_it_last_and_when(database: Database, repository: Repository) -> None:
    both = [(1, UP, Outcome.DONE), (1, DOWN, Outcome.DONE), (1, UP, Outcome.FAILED), (1, UP, Outcome.DONE)]
    given(database, repository, 2, 1, *both)
    first, second, third = read_status(database, repository).migrations
    last = history.runs(database, repository)[0]
    assert (first.when, first.who, first.seconds) == (last.started[:19], f"{last.user}@{last.host}", 1.5)
    assert (second.when, second.who, second.seconds) == (None, None, None)  # the old tool kept no log
    assert (third.when, third.who, third.seconds) == (None, None, None)


def test_asking_writes_nothing_and_works_on_every_database(database_url: str, repository: Repository) -> None:
    url = parse_url(database_url)
    with opened(url, read_only=True) as asked:
        assert read_status(asked, repository).next_command == "invoke upgrade"
        assert asked.tables() == []
    with opened(url, read_only=False) as database:
        database.execute("CREATE TABLE t (a INT)")
        database.dialect.prepare(database, repository.version_table)
        with database.transaction():
            history.put_under_control(database, repository, 2)
    with opened(url, read_only=True) as asked:
        assert read_status(asked, repository).pending == 1
