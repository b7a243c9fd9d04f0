"""Putting a database under version control and taking it out, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.errors import NotUnderVersionControl, UsageError
from giveaminute.settings import parse_url
from giveaminute.versioning import control, history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.repository import Repository
from tests.repositories import make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(make_repository(tmp_path / "repository", {f"{n:03d}_x.py": "" for n in range(1, 6)}))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(parse_url(database_url), read_only=False) as found:
        yield found


@pytest.mark.parametrize(
    ("tables", "recorded", "wanted", "version", "changed"),
    [
        (0, None, None, 0, True),
        (0, None, "0", 0, True),
        (1, None, "3", 3, True),
        (1, None, "0", 0, True),
        (1, None, "head", 5, True),
        (1, None, "+2", 2, True),
        (1, 3, None, 3, False),
        (1, 3, "3", 3, False),
        (0, 3, "+0", 3, False),
    ],
)
def test_what_can_be_true_is_recorded(
    database: Database,
    repository: Repository,
    tables: int,
    recorded: int | None,
    wanted: str | None,
    version: int,
    changed: bool,
) -> None:
    given(database, repository, tables, recorded)
    assert control.adopt(database, repository, wanted) == control.Adoption(database.url.name, version, changed)
    assert history.version(database, repository) == version


def given(database: Database, repository: Repository, tables: int, recorded: int | None) -> None:
    for number in range(tables):
        database.execute(f"CREATE TABLE t{number} (a INT)")
    if recorded is not None:
        control.adopt(database, repository, str(recorded) if tables else None)
        with database.transaction():
            history.advance(database, repository, 0, recorded)


@pytest.mark.parametrize(
    ("tables", "recorded", "wanted", "words", "remedy"),
    [
        (1, None, None, "has tables (t0): which version", "invoke version-control --version N"),
        (5, None, None, "has tables (t0, t1, t2 and 2 more): which version", "invoke version-control --version N"),
        (0, None, "3", "is empty, which is version 0 and not 3", "invoke upgrade"),
        (1, 3, "4", "under version control already, at version 3", "invoke upgrade --version 4"),
        (1, 3, "2", "under version control already, at version 3", "invoke downgrade 2"),
        (1, None, "6", "Version 6 does not exist", "from 1 to 5"),
        (1, None, "-1", "does not exist", "from 1 to 5"),
        (1, None, "x", "«x» is no version", "from 0 to 5"),
    ],
)
def test_what_cannot_be_true_is_refused_and_nothing_is_made(
    database: Database,
    repository: Repository,
    tables: int,
    recorded: int | None,
    wanted: str | None,
    words: str,
    remedy: str,
) -> None:
    given(database, repository, tables, recorded)
    before = database.tables()
    with pytest.raises(UsageError) as caught:
        control.adopt(database, repository, wanted)
    assert words in caught.value.message and remedy in str(caught.value.remedy)
    assert database.tables() == before
    assert history.version(database, repository) == recorded


def test_our_own_tables_alone_are_an_empty_database(database: Database, repository: Repository) -> None:
    database.dialect.prepare(database, "migrate_version")
    assert control.adopt(database, repository, None).version == 0


def test_asking_what_it_would_do_makes_nothing(database: Database, repository: Repository) -> None:
    assert control.adoption(database, repository, None).changed
    assert database.tables() == []


def test_release_takes_the_row_and_leaves_everything_else(database: Database, repository: Repository) -> None:
    given(database, repository, 1, 3)
    assert control.released_version(database, repository) == 3
    assert control.release(database, repository) == 3
    assert history.version(database, repository) is None
    assert "migrate_version" not in database.tables()
    assert {"t0", *database.dialect.bookkeeping} == set(database.tables())
    with pytest.raises(NotUnderVersionControl, match="is not under version control"):
        control.release(database, repository)
    assert control.adopt(database, repository, "3").changed
