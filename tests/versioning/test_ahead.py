"""Scripts that only declare are put into SQL ahead of their turn, and nobody can tell it by what they do."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import MigrationFailed
from giveaminute.settings import parse_url
from giveaminute.versioning import runner, script
from giveaminute.versioning.ahead import Ahead
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.declarative import declarative
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.plan import upgrade_steps
from giveaminute.versioning.recorder import Recorder
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Manner, Move
from giveaminute.versioning.statementkinds import StatementKind
from giveaminute.versioning.statements import Statement
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

HEAD = "import sqlalchemy as sa\nfrom sqlalchemy import Column\n\n"
OF_A = '"id", sa.Integer, primary_key=True'
UPGRADES = [
    f'op.create_table("a", Column({OF_A}), sa.Column("n", sa.String(20), index=True, comment="50% of «a»"))',
    'op.add_column("a", sa.Column("b", sa.Integer, nullable=False, server_default=sa.text("7")), after="id")\n'
    '    op.create_index("b", "a", ["b", "n"], unique=True)',
    f'op.create_table("c", sa.Column({OF_A}), sa.Column("a_id", sa.Integer, sa.ForeignKey("a.id", name="fk")),\n'
    '        sa.Column("kind", sa.Enum("x", "y"), server_default="x"), comment="it\'s")',
    'op.alter_column("a", "n", nullable=False)',
    "op.execute(\"INSERT INTO a (id, b, n) VALUES (1, 2, '3')\")",
    'op.rename_table("c", "d")\n    op.create_check_constraint("positive", "a", "b > 0")\n    op.drop_index("b", "a")',
    'op.drop_table("d")',
]


def source(upgrade: str) -> str:
    return f"{HEAD}def upgrade(op):\n    {upgrade}\n\ndef downgrade(op):\n    pass\n"


def of(body: str, head: str = HEAD) -> frozenset[Direction]:
    return declarative(ast.parse(f"{head}def upgrade(op):\n    {body}\n\ndef downgrade(op):\n    x = 1\n"))


@pytest.mark.parametrize(
    "body", [UPGRADES[0], UPGRADES[1], UPGRADES[2], UPGRADES[5], '"""Why."""', "op.drop_table('a')"]
)
def test_calls_with_values_alone_are_declarations(body: str) -> None:
    assert of(body) == {Direction.UPGRADE}
    assert of(body, f'"""Why."""\n{HEAD}loses = {{"a.b": "c"}}\ndef other(x=1): pass\n') == {Direction.UPGRADE}


@pytest.mark.parametrize(
    "body",
    [
        'op.execute("DROP TABLE a")',
        "op.drop_table(name())",
        "op.drop_table(NAME)",
        'op.drop_table(op.scalar("SELECT 1"))',
        'op.drop_table(f"a{1}")',
        'op.drop_table("a" if 1 else "b")',
        'op.drop_table(*["a"])',
        'op.drop_table([x for x in "a"])',
        'op.drop_table((lambda: "a")())',
        'if op.has_table("a"):\n        op.drop_table("a")',
        'for name in "ab":\n        op.drop_table(name)',
        'try:\n        op.drop_table("a")\n    finally: pass',
        'with open("a"):\n        op.drop_table("a")',
        't = op.create_table("a")',
        'op.get_bind().execute("a")',
        'sa.create_engine("a").connect()',
        'print("a")',
        "pass",
    ],
)
def test_what_asks_looks_or_chooses_is_none(body: str) -> None:
    assert of(body) == frozenset()


@pytest.mark.parametrize(
    "head",
    [
        "import os\n",
        "from os import getpid as sa\n",
        "print(1)\n",
        "x = open('a')\n",
        "@print\ndef f(): pass\n",
        "def f(x=print(1)): pass\n",
        "class A: pass\n",
        "x.y = 1\n",
        "if True: pass\n",
    ],
)
def test_a_module_that_does_something_when_it_is_loaded_is_none(head: str) -> None:
    assert of("op.drop_table('a')", head) == frozenset()


def test_of_two_functions_of_a_name_the_last_one_counts() -> None:
    again = "def upgrade(op):\n    print(1)\n"
    assert of("op.drop_table('a')\n\n" + again) == frozenset()


class Sent(Progress):
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.statements: list[tuple[int, str, Any]] = []

    def sending(self, number: int, statement: str, parameters: Any) -> None:
        self.statements.append((number, statement, parameters))


def climb(url: str, folder: Path, *, ahead: bool) -> list[tuple[int, str, Any]]:
    sent = Sent()
    with opened(parse_url(url), read_only=False) as database:
        runner.run(database, Repository(folder), Move(Direction.UPGRADE), sent, Manner(together=ahead))
    return sent.statements


def repository(folder: Path, upgrades: Sequence[str]) -> Path:
    return make_repository(
        folder, {f"{number:03d}_M{number}.py": source(body) for number, body in enumerate(upgrades, 1)}
    )


def test_the_statements_are_those_of_the_script_itself(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    folder = repository(tmp_path, UPGRADES)
    one, other = (server.url(fresh_database(server)) for _ in range(2))
    assert climb(one, folder, ahead=True) == climb(other, folder, ahead=False)
    with opened(parse_url(one), read_only=True) as here, opened(parse_url(other), read_only=True) as there:
        repo = Repository(folder)
        assert runner.application_schema(here, repo) == runner.application_schema(there, repo)
        question = "SELECT version, outcome, checksum FROM migrate_history ORDER BY id"
        assert here.query(question) == there.query(question)
        assert [row[:2] for row in here.query(question)] == [(number, "done") for number in range(1, 8)]


class Looking:
    """Somebody ahead of a database's step 2, whose turn has not come."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.ahead = Ahead(database, Repository(folder))
        _, self.step = upgrade_steps(Repository(folder).scripts, 0, 2)
        dialect = database.dialect
        migration = script.read(self.step.script, dialect.name, Direction.UPGRADE, dialect.syntax)
        self.ahead.comes(self.step, migration)

    def send(self, what: StatementKind) -> None:
        def nothing(cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
            pass

        cursor: Any = None
        self.ahead.sending(nothing)(cursor, what, "", None, False)

    def statements(self) -> Sequence[Statement] | None:
        try:
            return self.ahead.statements(self.step)
        finally:
            self.ahead.close()


def looking(
    url: str, folder: Path, body: str, *, what: StatementKind = StatementKind.DEFINITION, lent: bool = True
) -> Sequence[Statement] | None:
    """What is known of a second migration, after something was sent."""
    repository(folder, [UPGRADES[0], body])
    with opened(parse_url(url), read_only=False) as database:
        if lent:
            with database.lender.lent(Recorder()):
                pass
        found = Looking(database, folder)
        found.send(what)
        return found.statements()


def test_it_is_known_with_its_lines_while_a_definition_is_sent(mysql_family_url: str, tmp_path: Path) -> None:
    found = looking(mysql_family_url, tmp_path, UPGRADES[1])
    assert found is not None
    assert [each.line for each in found] == [5, 6]
    assert found[1].text == "CREATE UNIQUE INDEX b ON a (b, n)"


def test_nothing_reaches_the_database_before_its_turn(mysql_family_url: str, tmp_path: Path) -> None:
    assert looking(mysql_family_url, tmp_path, f'op.create_table("early", sa.Column({OF_A}))')
    with opened(parse_url(mysql_family_url), read_only=True) as database:
        assert database.tables() == []


@pytest.mark.parametrize(
    "body",
    [
        'op.alter_column("a", "n", nullable=False)',  # looks the column up
        'op.create_table("b", sa.Column())',  # an error, which is told in its turn
        # a % that the driver would read: the same in its turn
        'op.create_table("b", sa.Column("n", sa.Integer), mysql_partition_by="HASH(n % 4)", mysql_partitions="4")',
        'op.create_table("b", sa.Column("n", sa.Integer, server_default=sa.text("now() :x")))',
    ],
)
def test_what_has_to_wait_for_its_turn_is_not_known(mysql_family_url: str, tmp_path: Path, body: str) -> None:
    assert looking(mysql_family_url, tmp_path, body) is None


def test_it_waits_for_a_definition_and_for_who_knows_the_server(mysql_family_url: str, tmp_path: Path) -> None:
    assert looking(mysql_family_url, tmp_path, UPGRADES[1], what=StatementKind.CHANGE) is None
    assert looking(mysql_family_url, tmp_path, UPGRADES[1], lent=False) is None


FAILING = [UPGRADES[0], 'op.add_column("a", sa.Column("b", sa.Integer))\n    op.create_index("b", "a", ["nowhere"])']


@pytest.mark.parametrize("body", [FAILING[1], 'op.create_table("b", sa.Column())', 'op.drop_table("nowhere")'])
def test_a_failure_is_told_as_ever(server: Server, fresh_database: FreshDatabase, tmp_path: Path, body: str) -> None:
    folder = repository(tmp_path, [UPGRADES[0], body])
    told: list[Any] = []
    for ahead in (True, False):
        name = fresh_database(server)
        url = server.url(name)
        with pytest.raises(MigrationFailed) as caught:
            climb(url, folder, ahead=ahead)
        told.append((caught.value.message.replace(name, "it"), caught.value.remedy))
        with opened(parse_url(url), read_only=True) as database:
            outcomes = database.query("SELECT version, outcome FROM migrate_history ORDER BY id")
        assert outcomes[0] == (1, "done")
        told.append(outcomes)
    assert told[:2] == told[2:]
    assert "002_M2.py, line " in told[0][0]


def test_what_stopped_in_the_middle_is_taken_up_again(mysql_family_url: str, tmp_path: Path) -> None:
    folder = repository(tmp_path, FAILING)
    with pytest.raises(MigrationFailed, match=r"line 6, statement 2 .*nowhere"):
        climb(mysql_family_url, folder, ahead=True)
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.execute("ALTER TABLE a ADD COLUMN nowhere INT")
    assert [number for number, *_ in climb(mysql_family_url, folder, ahead=True)] == [2]
    with opened(parse_url(mysql_family_url), read_only=True) as database:
        assert database.scalar("SELECT version FROM migrate_version") == 2
