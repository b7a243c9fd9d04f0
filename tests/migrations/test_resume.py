"""Our own migrations, killed behind a statement and taken up again, end where an undisturbed run ends.

What is in doubt after such a kill is known here: the statement took effect. The person's word stands for it.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from giveaminute.errors import HalfApplied
from giveaminute.management import call_command
from giveaminute.versioning.compare import compare
from giveaminute.versioning.schema import Schema
from tests import old_installs
from tests.accounting import account
from tests.conftest import FreshDatabase
from tests.inventory import Inventory, take_inventory
from tests.migrations.test_history_of_the_schema import schema_of
from tests.servers import Server

# Runs a command and dies behind the statement of this number that a migration sends, counted over all of them.
DYING = """
import os, signal, sys
from giveaminute.management import call_command
from giveaminute.versioning import journal

left = int(sys.argv[1])
change = journal.Journal.change

def change_and_die(self, *words):
    global left
    change(self, *words)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

journal.Journal.change = change_and_die
call_command(sys.argv[2], url=sys.argv[3], **({"version": sys.argv[4]} if len(sys.argv) > 4 else {}))
print(int(sys.argv[1]) - left)
"""


def dying(number: int, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DYING, str(number), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def go_on(command: str, url: str, **options: object) -> None:
    try:
        call_command(command, url=url, **options)
    except HalfApplied:
        call_command(command, url=url, last_statement="applied", **options)


@cache
def sample(statements: int, size: int) -> list[int]:
    return sorted(random.Random(statements).sample(range(1, statements + 1), size))


def old(server: Server, name: str) -> Inventory:
    with server.connect(name) as connection:
        old_installs.build(connection, name, 2)
        return take_inventory(connection, name)


@pytest.fixture(scope="module")
def undisturbed(mariadb_server: Server) -> Iterator[tuple[Schema, int]]:
    """The schema that an undisturbed upgrade from version 2 gives, and how many statements that takes."""
    name = "cbu_test_undisturbed"
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        old(mariadb_server, name)
        whole = dying(10**6, "upgrade", mariadb_server.url(name))
        yield schema_of(mariadb_server.url(name)), int(whole.stdout)
        cursor.execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize("turn", range(6))
def test_an_upgrade_killed_behind_any_statement(
    mariadb_server: Server, fresh_database: FreshDatabase, undisturbed: tuple[Schema, int], turn: int
) -> None:
    schema, statements = undisturbed
    assert statements > 150
    name = fresh_database(mariadb_server)
    inventory, url = old(mariadb_server, name), mariadb_server.url(name)
    assert dying(sample(statements, 6)[turn], "upgrade", url).returncode == -signal.SIGKILL
    go_on("upgrade", url)
    with mariadb_server.connect(name) as connection:
        assert account(inventory, connection, name) == []
    assert [each.words for each in compare(schema, schema_of(url))] == []


@pytest.mark.parametrize("turn", range(3))
def test_a_downgrade_killed_behind_any_statement(
    mariadb_server: Server, fresh_database: FreshDatabase, turn: int
) -> None:
    name = fresh_database(mariadb_server)
    url = mariadb_server.url(name)
    inventory, before = old(mariadb_server, name), schema_of(url)
    call_command("upgrade", url=url)
    assert dying(sample(150, 3)[turn], "downgrade", url, "2").returncode == -signal.SIGKILL
    go_on("downgrade", url, version=2)
    with mariadb_server.connect(name) as connection:
        assert take_inventory(connection, name) == inventory
    assert [each.words for each in compare(before, schema_of(url))] == []
