"""A sample of the kills that `scripts/faults` makes: a client or the server, at any query, and once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.settings import DEFAULT_REPOSITORY
from giveaminute.versioning.repository import Repository
from tests.faults import awkward
from tests.faults.suite import Bench, Step, anywhere, bench, climbs, faults, sampled
from tests.repositories import make_repository
from tests.servers import PrivateServer, private_mariadb

SEED = 7


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    with private_mariadb(tmp_path_factory.mktemp("faults"), "--innodb-flush-log-at-trx-commit=1") as made:
        yield made


@pytest.mark.parametrize(
    ("most", "only", "kills_the_server"),
    [(3, (2, 3, 4), False), (3, (5, 6, 7, 8), False), (6, (9,), False), (2, (2, 6, 9), True)],
)
def test_awkward_migrations_end_as_if_nothing_had_been(
    server: PrivateServer, tmp_path: Path, most: int, only: tuple[int, ...], kills_the_server: bool
) -> None:
    folder = make_repository(tmp_path / "repository", awkward.SCRIPTS)
    with bench(server, folder, tmp_path) as made:
        tally = faults(made, max(only), sampled(SEED, most), print, server=kills_the_server, only=only)
    assert tally.wrong == []
    assert tally.kills >= most * len(only) - 2  # a cut can come to lie behind the last query of a run


@pytest.mark.parametrize("only", [(3, 10), (17,)])
def test_our_migrations_end_as_if_nothing_had_been(
    server: PrivateServer, tmp_path: Path, only: tuple[int, ...]
) -> None:
    with bench(server, DEFAULT_REPOSITORY, tmp_path) as made:
        tally = faults(made, max(only), sampled(SEED, 2), print, only=only)
    assert tally.wrong == []
    assert tally.kills >= 2 * len(only) - 1


def test_a_run_over_all_of_the_awkward_ones_ends_as_if_nothing_had_been(server: PrivateServer, tmp_path: Path) -> None:
    """Killed anywhere, also between two of them."""
    folder = make_repository(tmp_path / "repository", awkward.SCRIPTS)
    with bench(server, folder, tmp_path) as made:
        tally = climbs(made, Repository(folder).head, anywhere(SEED, 6), print)
    assert tally.wrong == []
    assert tally.kills >= 4


def test_the_suite_sees_a_statement_that_was_lost_and_one_that_was_done_twice(
    server: PrivateServer, tmp_path: Path
) -> None:
    """Were the journal blind, this is how it would show."""
    folder = make_repository(tmp_path / "repository", awkward.SCRIPTS)
    with bench(server, folder, tmp_path) as made:
        made.must(1, down=False)
        step = Step(made, 2)
        made.must(2, down=False)
        with server.connect(made.database) as connection, connection.cursor() as cursor:
            assert step.up.differences(made.state()) == []
            cursor.execute("UPDATE person SET number = number * 10 WHERE id = 101")
            assert [words[:7] for words in step.up.differences(made.state())] == ["person:"]
            cursor.execute("UPDATE person SET number = number / 10 WHERE id = 101")
            cursor.execute("ALTER TABLE note DROP COLUMN number")
            assert any("number" in words for words in step.up.differences(made.state()))


def test_bench_is_a_context(server: PrivateServer, tmp_path: Path) -> None:
    """The database of a bench goes with it."""
    with bench(server, make_repository(tmp_path / "repository", awkward.SCRIPTS), tmp_path) as made:
        assert isinstance(made, Bench)
        name = made.database
    with server.connect() as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW DATABASES LIKE %s", (name,)) == 0
