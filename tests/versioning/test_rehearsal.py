"""`test` names in words whatever a downgrade does not bring back, and excuses only what is declared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import RepositoryError
from giveaminute.management import call_command
from giveaminute.settings import DEFAULT_REPOSITORY, parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.rehearsal import Rehearsal, rehearse
from giveaminute.versioning.repository import Repository
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.management.running import everything_in, run
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


def uncounted(rehearsal: Rehearsal) -> list[str]:
    """The problems with N for each number of rows: how many are made for a table is nobody's concern here."""
    return [re.sub(r"\b\d+ rows?\b", "N rows", words) for words in problems(rehearsal)]


def test_all_our_migrations_pass_and_the_given_database_is_not_touched(database_url: str) -> None:
    rehearsal = tried(database_url, DEFAULT_REPOSITORY, all=True)
    assert problems(rehearsal) == []
    assert [verdict.version for verdict in rehearsal.verdicts] == list(range(1, HEAD + 1))
    assert min(verdict.rows for verdict in rehearsal.verdicts[1:]) > 120
    assert schema_of(database_url).tables == {}


def test_a_made_row_at_the_end_of_its_type_is_said_to_be_one(mysql_family_url: str, tmp_path: Path) -> None:
    """Its author may think of real rows only."""
    script = "import sqlalchemy as sa\n\ndef upgrade(op):\n    {}\n\ndef downgrade(op):\n    {}\n"
    table = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))'
    one_way = 'irreversible = "nobody needs it"\n\ndef upgrade(op):\n    op.backfill("t", {})\n'
    ways = {"all": 'set="n = n + 1"', "bounded": 'set="n = n + 1", where="n < 2147483647"'}
    told = {}
    for way, words in ways.items():
        scripts = {"001_T.py": script.format(table, 'op.drop_table("t")'), "002_B.py": one_way.format(words)}
        told[way] = problems(tried(mysql_family_url, make_repository(tmp_path / way, scripts), version=2))
    assert told["bounded"] == []
    assert re.fullmatch(r".*1264.*\. The row was made with the largest or smallest value: .*", told["all"][0])


@pytest.mark.parametrize("version", OLD)
def test_the_bad_downgrades_of_2011_are_caught_and_named(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, version: int
) -> None:
    downgrade, words = OLD[version]
    folder = ours_with(tmp_path, version, f"import sqlalchemy as sa\n\ndef downgrade(op):\n    {downgrade}\n")
    url = mariadb_server.url(fresh_database(mariadb_server))
    assert words in uncounted(tried(url, folder, version=version))


def ours_with(tmp_path: Path, version: int, more: str) -> Path:
    """Our migrations, with more text at the end of one."""
    folder = tmp_path / f"r{len(list(tmp_path.iterdir()))}"
    shutil.copytree(DEFAULT_REPOSITORY, folder)
    (script,) = (folder / "versions").glob(f"{version:03d}_*.py")
    script.write_text(f"{script.read_text(encoding='utf-8')}\n\n{more}", encoding="utf-8")
    return folder


def test_the_bad_downgrade_of_8_is_caught_on_the_rows_of_an_old_install(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """It did nothing about the zeros, which only MyISAM lets be: where a foreign key is kept there are none to lose."""
    name = fresh_database(mariadb_server, "latin1")
    with mariadb_server.connect() as connection:
        old_installs.build(connection, name, 7)
    folder = ours_with(tmp_path, 8, "def downgrade(op):\n    pass\n")
    found = uncounted(tried(mariadb_server.url(name), folder, version=8, with_data=True))
    assert "after down: project_need: N rows with another event_id" in found
    assert problems(tried(mariadb_server.url(name), DEFAULT_REPOSITORY, version=8, with_data=True)) == []


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_a_name_of_a_database_as_in_11_of_2011_is_caught_before_it_changes_the_real_one(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path, direction: str
) -> None:
    """The install's own database, which the scratch one lies beside, and one that only the script knows of."""
    own, other = fresh_database(server), fresh_database(server)
    call_command("upgrade", url=server.url(own), version=10)
    before = everything_in(server, own), definition(server, own), definition(server, other)
    for named in (own, other):
        hard = f"op.execute('ALTER DATABASE {named} CHARACTER SET utf8 COLLATE utf8_general_ci')"
        folder = ours_with(tmp_path, 11, f"def {direction}(op):\n    {hard}\n")
        (problem,) = problems(tried(server.url(own), folder, version=11))
        assert problem.startswith("011_change_default_charset_and_collation_to_utf8.py, line ")
        assert f", «ALTER DATABASE {named} CHARACTER SET" in problem
        assert f"the statement names the database {named}, and this one is {own}_scratch_"[:90] in problem
    assert (everything_in(server, own), definition(server, own), definition(server, other)) == before


@pytest.mark.parametrize(
    "refused", ["LOCK TABLES a WRITE", "USE mysql", "SET autocommit=0", "INSERT INTO mysql.foo VALUES (1)"]
)
def test_what_sql_may_not_say_is_refused_before_the_statements_above_it(
    mysql_family_url: str, tmp_path: Path, refused: str
) -> None:
    files = {"001_A_default_upgrade.sql": f"CREATE TABLE a (id INT);\n{refused};\n", "001_A_default_downgrade.sql": ""}
    with pytest.raises(RepositoryError, match="line 2, statement 2"):
        call_command("upgrade", url=mysql_family_url, repository=str(make_repository(tmp_path / "r", files)))
    with opened(parse_url(mysql_family_url), read_only=True) as database:
        assert database.tables() == []


def test_upgrade_refuses_another_database_and_takes_its_own(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    own, other = fresh_database(server), fresh_database(server)
    for named in (other, own):
        sql = f"ALTER DATABASE `{named}` COLLATE utf8mb4_bin;\nCREATE TABLE {named}.t (id INT NOT NULL PRIMARY KEY);\n"
        files = {"001_A_mysql_upgrade.sql": sql, "001_A_mysql_downgrade.sql": f"DROP TABLE `{named}`.t;\n"}
        folder = str(make_repository(tmp_path / "r", files))
        if named == other:
            before = definition(server, other)
            with pytest.raises(RepositoryError, match=f"names the database {other}, and this one is {own}"):
                call_command("upgrade", url=server.url(own), repository=folder)
            assert definition(server, other) == before
            assert everything_in(server, other) == {}
    call_command("upgrade", url=server.url(own), repository=folder)
    assert "utf8mb4_bin" in definition(server, own)


def definition(server: Server, database: str) -> str:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE DATABASE `{database}`")
        return str(cursor.fetchall())


BASE = (
    "import sqlalchemy as sa\n\ndef upgrade(op):\n"
    "    op.create_table('a', sa.Column('id', sa.Integer, primary_key=True), sa.Column('word', sa.String(20)),"
    " sa.Column('n', sa.Integer, nullable=False, server_default='3'))\n\ndef downgrade(op):\n    op.drop_table('a')\n"
)
CASES = {
    "a value that does not come back": (
        "op.execute('UPDATE a SET n = 0')",
        "pass",
        ["after down: a: N rows with another n"],
        "",
    ),
    "a row that does not come back": (
        "op.execute('DELETE FROM a WHERE word IS NULL')",
        "pass",
        ["after down: a: N rows gone"],
        "",
    ),
    "a row too many": (
        "pass",
        "op.execute('INSERT INTO a (id, n) VALUES (999, 1)')",
        ["after down: a: N rows that were not there"],
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
        ["after down: a: N rows with another n", "declares to lose a.word, and it came back"],
        "loses = {'a.word': 'why'}",
    ),
    "a declaration that is not needed": (
        "pass",
        "pass",
        ["declares to lose a.n, and it came back"],
        "loses = {'a.n': 'why'}",
    ),
    "a declared loss of values, and rows lost as well": (
        "op.execute('DELETE FROM a WHERE word IS NULL')\n    op.execute('UPDATE a SET n = 0')",
        "pass",
        ["after down: a: N rows gone"],
        "loses = {'a.n': 'why'}",
    ),
    "declared losses of both": (
        "op.execute('DELETE FROM a WHERE word IS NULL')\n    op.execute('UPDATE a SET n = 0')",
        "pass",
        [],
        "loses = {'a.n': 'why', 'a': 'why'}",
    ),
    "a declared loss of rows, and values lost as well": (
        "op.execute('DELETE FROM a WHERE word IS NULL')\n    op.execute('UPDATE a SET n = 0')",
        "pass",
        ["after down: a: N rows with another n"],
        "loses = {'a': 'why'}",
    ),
    "a declared loss of rows, and rows too many": (
        "op.execute('DELETE FROM a WHERE word IS NULL')",
        "op.execute('INSERT INTO a (id, n) VALUES (999, 1)')",
        ["after down: a: N rows that were not there"],
        "loses = {'a': 'why'}",
    ),
    "a declared loss of rows, and an index lost as well": (
        "op.execute('DELETE FROM a WHERE word IS NULL')\n    op.create_index('a_n', 'a', ['n'])",
        "pass",
        ["after down: a: index a_n (n) is unexpected"],
        "loses = {'a': 'why'}",
    ),
    "a declared loss of values, and another type": (
        "op.alter_column('a', 'word', type_=sa.String(30))\n    op.execute(\"UPDATE a SET word = 'x'\")",
        "pass",
        ["after down: a.word: type was varchar(20), is varchar(30)"],
        "loses = {'a.word': 'why'}",
    ),
    "a declared loss of a column that goes": ("op.drop_column('a', 'word')", "pass", [], "loses = {'a.word': 'why'}"),
    "a declared loss of a table that goes": ("op.drop_table('a')", "pass", [], "loses = {'a': 'why'}"),
    "a declared loss of a column that is not there": (
        "pass",
        "pass",
        ["declares to lose a.nothing, and there is no such thing"],
        "loses = {'a.nothing': 'why'}",
    ),
    "a declared loss of a table that is not there": (
        "pass",
        "pass",
        ["declares to lose nothing, and there is no such thing"],
        "loses = {'nothing': 'why'}",
    ),
    "no way back, declared": ("op.execute('DELETE FROM a')", "pass", [], "irreversible = 'gone is gone'"),
    "no way back, declared, and refused": (
        "op.execute('DELETE FROM a')",
        "op.refuse('gone')",
        [],
        "irreversible = 'gone is gone'",
    ),
    "no way back, declared for nothing": (
        "op.add_column('a', sa.Column('x', sa.Integer))",
        "op.drop_column('a', 'x')",
        ["declares that it is irreversible, and its downgrade brings everything back"],
        "irreversible = 'gone is gone'",
    ),
    "a downgrade that raises": ("pass", "raise ValueError('no')", ["002_B.py, line 9: ValueError: no"], ""),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_come_back_is_named_and_only_what_is_declared_is_excused(
    database_url: str, tmp_path: Path, case: str
) -> None:
    up, down, expected, declared = CASES[case]
    second = f"import sqlalchemy as sa\n{declared}\n\ndef upgrade(op):\n    {up}\n\n\ndef downgrade(op):\n    {down}\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": second})
    found = uncounted(tried(database_url, tmp_path / "r"))
    first_lines = [words.split("\n")[0].replace("VARCHAR", "varchar") for words in found if "up again" not in words]
    assert first_lines == expected


FITTED = {
    "a reference": (
        "op.create_foreign_key('fk', 'b', 'a', ['a_id'], ['id'])",
        "op.drop_foreign_key('b', ['a_id']); op.has_index('b', 'fk') and op.drop_index('fk', table_name='b')",
    ),
    "a unique key": (
        "op.create_unique_constraint('u', 'b', ['word'])",
        "op.drop_constraint('u', 'b', type_='unique')",
    ),
    "rows with small keys": (
        "op.execute('INSERT INTO b (id) VALUES (1), (2)')",
        "op.execute('DELETE FROM b WHERE id IN (1, 2)')",
    ),
}


@pytest.mark.parametrize("rows", [None, 50])
@pytest.mark.parametrize("case", FITTED)
def test_a_key_or_a_row_that_ordinary_rows_refuse_is_tried_on_others_and_told(
    database_url: str, tmp_path: Path, case: str, rows: int | None
) -> None:
    up, down = FITTED[case]
    scripts = {
        "001_A.py": "import sqlalchemy as sa\n\ndef upgrade(op):\n"
        "    op.create_table('a', sa.Column('id', sa.Integer, primary_key=True))\n"
        "    op.create_table('b', sa.Column('id', sa.Integer, primary_key=True), sa.Column('a_id', sa.Integer),"
        " sa.Column('word', sa.String(20)))\n\n"
        "def downgrade(op):\n    op.drop_table('b')\n    op.drop_table('a')\n",
        "002_B.py": f"def upgrade(op):\n    {up}\n\ndef downgrade(op):\n    {down}\n",
        "003_C.py": "def upgrade(op):\n    op.execute('UPDATE b SET word = 7')\n\ndef downgrade(op):\n    pass\n",
    }
    folder = make_repository(tmp_path / "r", scripts)
    call_command("upgrade", url=database_url, repository=str(folder), version=1)
    second, third = rehearse(parse_url(database_url), Repository(folder), 2, 3, rows=rows).verdicts
    assert second.problems == ()
    assert [words.split(":")[0] for words in second.excused] == ["tried on rows that fit its keys"]
    assert second.rows > 8
    assert third.problems != ()


def test_what_fails_on_rows_that_fit_too_is_told_once(database_url: str, tmp_path: Path) -> None:
    up = "import sqlalchemy as sa\n\ndef upgrade(op):\n    op.create_unique_constraint('u', 'a', ['n'])\n"
    up += "    if op.scalar('SELECT COUNT(*) FROM a'):\n        op.refuse('full')\n"
    down = "\ndef downgrade(op):\n    op.drop_constraint('u', 'a', type_='unique')\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": up + down})
    (problem,) = tried(database_url, tmp_path / "r").verdicts[-1].problems
    assert "UNIQUE" in problem or "Duplicate" in problem


def test_it_exits_with_2_and_says_which(tmp_path: Path) -> None:
    bad = "def upgrade(op):\n    op.execute('UPDATE a SET n = 0')\n\ndef downgrade(op):\n    pass\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": bad})
    place = ("--url", "sqlite:///x.db", "--repository", "r")
    ran = run("test", *place, cwd=tmp_path)
    assert (ran.code, re.sub(r"\d+ rows", "N rows", ran.out)) == (2, "002: after down: a: N rows with another n\n")
    assert run("test", "--version", "1", *place, cwd=tmp_path).code == 0
    assert run("test", "--version", "2..9", *place, cwd=tmp_path).code == 1
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("head", [3]), ("2..head", [2, 3]), ("+1", [2]), ("+1..+2", [2, 3]), ("+0..3", [1, 2, 3]), ("-0", [1])],
)
def test_a_version_to_try_is_said_as_everywhere(tmp_path: Path, text: str, expected: list[int]) -> None:
    """Relative ones count from where the database is."""
    files = {}
    for number in (1, 2, 3):
        files[f"00{number}_x_default_upgrade.sql"] = f"CREATE TABLE t{number} (id INTEGER NOT NULL PRIMARY KEY);"
        files[f"00{number}_x_default_downgrade.sql"] = f"DROP TABLE t{number};"
    url, folder = f"sqlite:///{tmp_path / 'x.db'}", make_repository(tmp_path / "r", files)
    call_command("upgrade", url=url, repository=str(folder), version=1)
    assert [verdict.version for verdict in tried(url, folder, version=text).verdicts] == expected


IRREVERSIBLE = "irreversible = 'why'\n\ndef upgrade(op):\n    op.execute('UPDATE a SET n = 5 WHERE n = 3')\n"


DOWNGRADES = ("", "\ndef downgrade(op):\n    pass\n", "\ndef downgrade(op):\n    op.refuse('no')\n")


@pytest.mark.parametrize("downgrade", DOWNGRADES)
def test_those_after_an_irreversible_one_are_tried_too(database_url: str, tmp_path: Path, downgrade: str) -> None:
    third = "import sqlalchemy as sa\n\ndef upgrade(op):\n    op.add_column('a', sa.Column('x', sa.Integer))\n\n"
    third += "def downgrade(op):\n    pass\n"
    make_repository(tmp_path / "r", {"001_A.py": BASE, "002_B.py": IRREVERSIBLE + downgrade, "003_C.py": third})
    found = tried(database_url, tmp_path / "r", all=True)
    assert [verdict.problems[:1] for verdict in found.verdicts] == [(), (), ("after down: a: column x is unexpected",)]
    assert found.verdicts[1].excused == ("irreversible: why",)


def test_a_row_that_was_there_twice_and_comes_back_once_is_told(database_url: str, tmp_path: Path) -> None:
    scripts = {
        "001_A_default_upgrade.sql": "CREATE TABLE a (n INTEGER);\nINSERT INTO a VALUES (1), (1);\n",
        "001_A_default_downgrade.sql": "DROP TABLE a;\n",
        "002_B_default_upgrade.sql": "DELETE FROM a;\n",
        "002_B_default_downgrade.sql": "INSERT INTO a VALUES (1);\n",
    }
    make_repository(tmp_path / "r", scripts)
    assert problems(tried(database_url, tmp_path / "r")) == ["after down: a: 1 row gone"]
