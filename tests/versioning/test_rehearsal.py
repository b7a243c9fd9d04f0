"""`test` names in words whatever a downgrade does not bring back, and excuses only what is declared."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from giveaminute.management import call_command
from giveaminute.settings import DEFAULT_REPOSITORY
from giveaminute.versioning.rehearsal import Rehearsal
from tests.conftest import FreshDatabase
from tests.management.running import run
from tests.migrations.test_history_of_the_schema import HEAD, schema_of
from tests.repositories import make_repository
from tests.servers import Server

# The downgrades of 2011 that the old `test` let pass, as they were.
OLD = {
    1: ("pass", "after down: table attachments is unexpected"),
    3: (
        "op.drop_column('project_need', 'address')\n"
        "    op.add_column('project_need', sa.Column('address_id', sa.Integer))\n"
        "    op.create_index('address_id', 'project_need', ['address_id'])\n"
        "    op.create_table('project_place', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('name', sa.String(256)), sa.Column('street', sa.String(256)), sa.Column('city', sa.String(256)),"
        " mysql_charset='latin1')\n"
        "    op.create_foreign_key('fk_project_need_address_id', 'project_need', 'project_place',"
        " ['address_id'], ['id'])",
        "after down: project_need: column address_id was 7th, is 10th",
    ),
    10: ("op.drop_column('user', 'full_display_name')", "after down: user: column full_display_name is missing"),
}


def tried(url: str, repository: Path, **options: Any) -> Rehearsal:
    rehearsal = call_command("test", url=url, repository=str(repository), **options)
    assert isinstance(rehearsal, Rehearsal)
    return rehearsal


def problems(rehearsal: Rehearsal) -> list[str]:
    return [words for verdict in rehearsal.verdicts for words in verdict.problems]


def test_all_our_migrations_pass_and_the_given_database_is_not_touched(database_url: str) -> None:
    rehearsal = tried(database_url, DEFAULT_REPOSITORY, all=True)
    assert problems(rehearsal) == []
    assert [verdict.version for verdict in rehearsal.verdicts] == list(range(1, HEAD + 1))
    assert min(verdict.rows for verdict in rehearsal.verdicts[1:]) > 120
    assert schema_of(database_url).tables == {}


@pytest.mark.parametrize("version", OLD)
def test_the_bad_downgrades_of_2011_are_caught_and_named(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, version: int
) -> None:
    downgrade, words = OLD[version]
    shutil.copytree(DEFAULT_REPOSITORY, tmp_path / "r")
    (script,) = (tmp_path / "r" / "versions").glob(f"{version:03d}_*.py")
    script.write_text(
        f"{script.read_text(encoding='utf-8')}\n\nimport sqlalchemy as sa\n\ndef downgrade(op):\n    {downgrade}\n",
        encoding="utf-8",
    )
    url = mariadb_server.url(fresh_database(mariadb_server))
    assert words in problems(tried(url, tmp_path / "r", version=version))


BASE = (
    "import sqlalchemy as sa\n\ndef upgrade(op):\n"
    "    op.create_table('a', sa.Column('id', sa.Integer, primary_key=True), sa.Column('word', sa.String(20)),"
    " sa.Column('n', sa.Integer, nullable=False, server_default='3'))\n\ndef downgrade(op):\n    op.drop_table('a')\n"
)
CASES = {
    "a value that does not come back": (
        "op.execute('UPDATE a SET n = 0')",
        "pass",
        ["after down: a: 3 rows with another n"],
        "",
    ),
    "a row that does not come back": (
        "op.execute('DELETE FROM a WHERE word IS NULL')",
        "pass",
        ["after down: a: 1 row gone"],
        "",
    ),
    "a row too many": (
        "pass",
        "op.execute('INSERT INTO a (id, n) VALUES (999, 1)')",
        ["after down: a: 1 row that were not there"],
        "",
    ),
    "a column that stays": (
        "op.add_column('a', sa.Column('x', sa.Integer))",
        "pass",
        ["after down: a: column x is unexpected"],
        "",
    ),
    "a declared loss": ("op.execute('UPDATE a SET n = 0')", "pass", [], "loses = {'a.n': 'nobody needs it'}"),
    "a declared loss of something else": (
        "op.execute('UPDATE a SET n = 0')",
        "pass",
        ["after down: a: 3 rows with another n", "declares to lose a.word, and it came back"],
        "loses = {'a.word': 'why'}",
    ),
    "a declaration that is not needed": (
        "pass",
        "pass",
        ["declares to lose a.n, and it came back"],
        "loses = {'a.n': 'why'}",
    ),
    "no way back, declared": ("op.execute('DELETE FROM a')", "pass", [], "irreversible = 'gone is gone'"),
    "a downgrade that raises": ("pass", "raise ValueError('no')", ["002_B.py, line 9: ValueError: no"], ""),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_come_back_is_named_and_only_what_is_declared_is_excused(
    database_url: str, tmp_path: Path, case: str
) -> None:
    up, down, expected, declared = CASES[case]
    second = f"import sqlalchemy as sa\n{declared}\n\ndef upgrade(op):\n    {up}\n\n\ndef downgrade(op):\n    {down}\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": second})
    found = problems(tried(database_url, tmp_path / "r"))
    assert [words.split("\n")[0] for words in found if "up again" not in words] == expected


def test_it_exits_with_2_and_says_which(tmp_path: Path) -> None:
    bad = "def upgrade(op):\n    op.execute('UPDATE a SET n = 0')\n\ndef downgrade(op):\n    pass\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": bad})
    place = ("--url", "sqlite:///x.db", "--repository", "r")
    ran = run("test", *place, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "002: after down: a: 3 rows with another n\n")
    assert run("test", "--version", "1", *place, cwd=tmp_path).code == 0
    assert run("test", "--version", "2..9", *place, cwd=tmp_path).code == 1
    assert not (tmp_path / "x.db").exists()
