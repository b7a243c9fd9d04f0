"""One script: proved whole before it runs, and known by what it means."""

from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path

import pytest

from giveaminute.errors import ExitCode, RepositoryError
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.script import Declarations, PythonMigration, SqlMigration, meaning, read
from giveaminute.versioning.statements import Syntax
from tests.repositories import make_repository

UP, DOWN = Direction.UPGRADE, Direction.DOWNGRADE
SOURCE = '''"""Add a thing."""
import sqlalchemy as sa

LENGTH = 10


def upgrade(op):
    """Does it."""
    op.add_column("t", sa.Column("a", sa.String(LENGTH), server_default="it's"))  # why


def downgrade(op):
    op.drop_column("t", "a")
'''


def python(folder: Path, source: str | bytes) -> PythonMigration:
    found = read(Repository(make_repository(folder, {"001_a.py": source})).script(1), "sqlite", UP, Syntax.SQLITE)
    assert isinstance(found, PythonMigration)
    return found


def sql(folder: Path, up: str | bytes, down: str | bytes = "SELECT 1", syntax: Syntax = Syntax.MYSQL) -> SqlMigration:
    files = {"001_a_default_upgrade.sql": up, "001_a_default_downgrade.sql": down}
    found = read(Repository(make_repository(folder, files)).script(1), "mysql", UP, syntax)
    assert isinstance(found, SqlMigration)
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# because"),
        ("  # why", ""),
        ("Add a thing.", "Add something."),
        ('"""Add a thing."""\n', ""),
        ('    """Does it."""\n', ""),
        ("\n", "\r\n"),
        ("\n", "\r"),
        ("\n\n\n", "\n"),
        ("    ", "\t"),
        ('"t", sa', '\n    "t",\n    sa'),
        ('"t"', "'t'"),
        ('"t"', "('t')"),
        ('"t"', '"" "t"'),
        ('"t"', '"\\x74"'),
        ("= 10", "= 0xA"),
        ("= 10", "=    10;"),
        ('"it\'s"', "'it\\'s'"),
        ('"""Add a', '# -*- coding: utf-8 -*-\n"""Add a'),
        ('"""Add a', '\ufeff"""Add a'),
        ("downgrade(op):\n", "downgrade(op):\n\n    # back\n"),
    ],
)
def test_a_change_of_form_is_no_change_of_meaning(tmp_path: Path, old: str, new: str) -> None:
    assert old in SOURCE
    assert python(tmp_path, SOURCE.replace(old, new)).checksum == python(tmp_path, SOURCE).checksum


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 10", "= 11"),
        ("= 10", "= 10.0"),
        ("= 10", "= True"),
        ("= 10", "= '10'"),
        ("LENGTH = 10", "LENGTH: int = 10"),
        ("LENGTH = 10\n", ""),
        ('"a"', '"A"'),
        ('"a"', 'b"a"'),
        ('"a"', 'f"a{1}"'),
        ("it's", "its"),
        ("it's", "it's "),
        ('server_default="it\'s"', 'default="it\'s"'),
        (', server_default="it\'s"', ""),
        ("drop_column", "drop_table"),
        ('"t", "a")', '"a", "t")'),
        ('    op.drop_column("t", "a")', "    pass"),
        ("    op.drop_column", "    if True:\n        op.drop_column"),
        ("upgrade(op)", "upgrade(op, x=1)"),
        ("def upgrade", "@staticmethod\ndef upgrade"),
        ("import sqlalchemy as sa", "import sqlalchemy as sa, os"),
        ('"""Add a thing."""\n', '"""Add a thing."""\nirreversible = "why"\n'),
    ],
)
def test_a_change_of_meaning_is_another_checksum(tmp_path: Path, old: str, new: str) -> None:
    assert old in SOURCE
    assert python(tmp_path, SOURCE.replace(old, new, 1)).checksum != python(tmp_path, SOURCE).checksum


EVERYTHING = '''"""Doc."""
X: int = 1_000
@staticmethod
def deco(a: int, /, *, b: str = "x" "y", **c) -> "int | None":
    """doc"""
    if (n := len(b)) > 1 and not (a is None or a in (1, 2.5, 1j, 1e999, b"\\x00\\xff", ..., None, True)):
        return {k: [*v, -n] for k, v in c.items() if k}
    return lambda x, *y: ~x if y else x[1:2, ::3]
async def coro(x):
    async with x as y:
        return [j async for j in await y]
class C(dict, metaclass=type):
    "doc"
def upgrade(op):
    f, wd = 3, 5
    a = f"{f} {f!r} {f:>10} {f:>{wd}} {f=} {f = :>{wd}.{f}f} {{}} {'q'!s:^4}" f"{f}" 'plain' rf"\\d{f}" f"" f"{f:}"
    match a:
        case "x" | "y" if f: pass
        case [1, *rest] | {"k": rest, **kw}: pass
        case C(p=1) as cc: pass
        case -1 | None | _: pass
    try: del a
    except (ValueError, TypeError) as error: raise RuntimeError from error
    else: x, *y = [1, 2]
    finally: op.execute("\u00fc\U0001f389\U0001fae8\u0378 \\x7f", {"a": -1, **{}})
'''
GOLDEN = "f4e8fab944470fc2601ca2aaf9b92f687672aa795c81d9b257514986a7e8425d"
"""The same on Python 3.10, 3.11, 3.12 and 3.13: the checksum of an applied script outlives the Python that ran it."""


def test_the_meaning_is_the_same_on_every_python() -> None:
    assert sha256(meaning(ast.parse(EVERYTHING)).encode()).hexdigest() == GOLDEN


def test_the_checksums_of_released_forms_stay(tmp_path: Path) -> None:
    assert python(tmp_path, SOURCE).checksum == "py1:3f2a1f61065adb47c7da44fa7f7bf43dbb8091997c84af03b5c04ed267f5ca12"
    assert (
        sql(tmp_path, "CREATE TABLE t (a INT); -- x\n", "DROP TABLE t;").checksum
        == "sql1:7dd2aa7e51202caf2352d7e467741902f04302052e54cfd16db41071c33e02d0"
    )


@pytest.mark.parametrize(
    ("up", "same"),
    [
        ("CREATE TABLE t (a INT DEFAULT 'x  y')", "CREATE   TABLE t\n(a INT -- why\nDEFAULT 'x  y');"),
        ("INSERT INTO t VALUES (1); DELETE FROM t;", "INSERT INTO t VALUES(1)  ;\r\n/* all */DELETE FROM t\r\n;\r\n"),
        ("SELECT 1;", "# x\nSELECT 1;;\n"),
    ],
)
def test_the_form_of_sql_does_not_matter(tmp_path: Path, up: str, same: str) -> None:
    assert sql(tmp_path, up).checksum == sql(tmp_path, same).checksum


@pytest.mark.parametrize(
    ("up", "down", "up2", "down2"),
    [
        ("SELECT 'a  b'", "SELECT 1", "SELECT 'a b'", "SELECT 1"),
        ("SELECT 1; SELECT 2", "SELECT 3", "SELECT 1", "SELECT 2; SELECT 3"),
        ("SELECT 1; SELECT 2", "SELECT 3", "SELECT 2; SELECT 1", "SELECT 3"),
        ("SELECT 1", "SELECT 2", "SELECT 2", "SELECT 1"),
        ("SELECT 1 /*! + 1 */", "SELECT 2", "SELECT 1", "SELECT 2"),
        ("SELECT a", "SELECT 2", "SELECT A", "SELECT 2"),
    ],
)
def test_the_meaning_of_sql_does(tmp_path: Path, up: str, down: str, up2: str, down2: str) -> None:
    assert sql(tmp_path, up, down).checksum != sql(tmp_path, up2, down2).checksum


def test_both_directions_have_one_checksum_and_their_own_statements(tmp_path: Path) -> None:
    files = {
        "001_a_default_upgrade.sql": "\nCREATE TABLE t (a INT);\nSELECT 1;",
        "001_a_default_downgrade.sql": "DROP TABLE t",
    }
    script = Repository(make_repository(tmp_path, files)).script(1)
    up, down = (read(script, "mysql", way, Syntax.MYSQL) for way in Direction)
    assert up.checksum == down.checksum
    assert isinstance(up, SqlMigration) and isinstance(down, SqlMigration)
    assert [(each.line, each.text) for each in up.statements] == [(2, "CREATE TABLE t (a INT)"), (3, "SELECT 1")]
    assert [each.text for each in down.statements] == ["DROP TABLE t"]


BOTH = "def upgrade(op): pass\ndef downgrade(op): pass\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def upgrade(op):\n    x = = 1\n", "001_a.py, line 2: "),
        ("def upgrade(op):\npass", "001_a.py, line 2: "),
        ("return 1\n" + BOTH, "001_a.py, line 1: "),
        (BOTH + "nonlocal x", "001_a.py, line 3: "),
        ("x = 'ü'".encode("latin-1"), "001_a.py"),
        ("# coding: nonsense\n" + BOTH, "001_a.py"),
        ("x = 1\0", "001_a.py"),
        ("", "001_a.py has no upgrade(op)"),
        ("def upgrade(op): pass", "001_a.py has no downgrade(op)"),
        ("def downgrade(op): pass", "001_a.py has no upgrade(op)"),
        ("async def upgrade(op): pass\ndef downgrade(op): pass", "001_a.py, line 1: upgrade is async"),
        ("if 1:\n    def upgrade(op): pass\ndef downgrade(op): pass", "001_a.py has no upgrade(op)"),
        ('irreversible = "why"\ndef downgrade(op): pass', "001_a.py has no upgrade(op)"),
        ("irreversible = 'a' + x\n" + BOTH, "001_a.py, line 1: irreversible is not declared in its form"),
        ("irreversible = ''\n" + BOTH, "irreversible is not declared in its form"),
        ("irreversible = True\n" + BOTH, "irreversible is not declared in its form"),
        (BOTH + "loses = ['t.a']", "loses is not declared in its form"),
        (BOTH + "loses = {'t.a': None}", "loses is not declared in its form"),
        (BOTH + "loses = {'t.a': ''}", "loses is not declared in its form"),
        (BOTH + "loses = {'t.a': why()}", "001_a.py, line 3: loses is not declared in its form"),
        (BOTH + "loses: dict = {1: 'x'}", "loses is not declared in its form"),
    ],
)
def test_a_script_at_fault_is_told_by_file_and_line_before_anything_runs(
    tmp_path: Path, source: str | bytes, words: str
) -> None:
    with pytest.raises(RepositoryError) as caught:
        python(tmp_path, source)
    assert words in caught.value.message
    assert caught.value.remedy and caught.value.exit_code == ExitCode.NOT_AS_RECORDED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (BOTH, Declarations()),
        ("def upgrade(op): pass\nirreversible = 'the rows ' 'are gone'", Declarations("the rows are gone")),
        ("irreversible: str = 'x'\n" + BOTH, Declarations("x")),
        (BOTH + "loses = {'t.a': 'short', 'u.b': 'too'}", Declarations(None, (("t.a", "short"), ("u.b", "too")))),
        (BOTH + "def f():\n    irreversible = x", Declarations()),
        (BOTH + "irreversible = None", Declarations()),
    ],
)
def test_declarations_are_read_without_running(tmp_path: Path, source: str, expected: Declarations) -> None:
    assert python(tmp_path, "raise SystemExit\n" + source).declarations == expected


def test_a_script_runs_only_when_its_function_is_asked_for(tmp_path: Path) -> None:
    source = (
        "from __future__ import annotations\nimport dataclasses\n"
        "def upgrade(op): op.append((__name__, __file__, help_(1)))\ndef downgrade(op): op.clear()\n"
        "def help_(x: undefined): return x + 1\n"
    )
    migration = python(tmp_path, source)
    told: list[object] = []
    migration.function(UP)(told)
    assert told == [("migration_001_a", str(tmp_path / "versions" / "001_a.py"), 2)]
    migration.function(DOWN)(told)
    assert told == []


@pytest.mark.parametrize(
    ("up", "words"),
    [
        ("SELECT 1;\nSELECT 'x;\n", "001_a_default_upgrade.sql, line 2"),
        ("SELECT 1;\n\nDELIMITER", "001_a_default_upgrade.sql, line 3"),
        (
            "SELECT 1; COMMIT;",
            "001_a_default_upgrade.sql, line 1, statement 2 «COMMIT»: transactions belong to the run",
        ),
        (b"SELECT '\xff'", "001_a_default_upgrade.sql: cannot be read"),
        ("SELECT '\0'", "001_a_default_upgrade.sql, line 1"),
    ],
)
def test_sql_at_fault_is_told_by_file_and_line(tmp_path: Path, up: str | bytes, words: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        sql(tmp_path, up)
    assert words in caught.value.message and caught.value.remedy


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("LOCK TABLES t WRITE", "the journal's own tables would be locked out"),
        ("USE mysql", "the journal is in this database"),
        ("SET autocommit=0", "transactions belong to the run"),
        ("INSERT INTO mysql.foo VALUES (1)", "names the database mysql, and this one is changebyus"),
        ("INSERT INTO t SELECT ROW_COUNT()", "ROW_COUNT() tells of what the run writes down"),
        ("SET @n = found_rows()", "found_rows() tells of what the run writes down"),
    ],
)
def test_sql_that_would_be_refused_when_it_is_sent_is_refused_before_anything_runs(
    tmp_path: Path, statement: str, words: str
) -> None:
    text = f"ALTER TABLE t ADD COLUMN x INT;\n{statement};"
    files = {"001_a_mysql_upgrade.sql": text, "001_a_mysql_downgrade.sql": "SELECT * FROM mysql.foo"}
    script = Repository(make_repository(tmp_path, files)).script(1)
    with pytest.raises(RepositoryError) as caught:
        read(script, "mysql", UP, Syntax.MYSQL, "changebyus")
    assert f"001_a_mysql_upgrade.sql, line 2, statement 2 «{statement}»: " in caught.value.message
    assert words in caught.value.message
    assert caught.value.remedy and "nothing has run" in caught.value.remedy


@pytest.mark.parametrize("signature", ["", "op, more", "*, op", "op, *, more"])
def test_a_direction_that_cannot_be_called_with_op_is_refused(tmp_path: Path, signature: str) -> None:
    with pytest.raises(RepositoryError, match="line 1: upgrade is not called with anything but op") as caught:
        python(tmp_path, f"def upgrade({signature}): pass\ndef downgrade(op): pass\n")
    assert caught.value.remedy and caught.value.remedy.endswith("def upgrade(op):")


@pytest.mark.parametrize("signature", ["op", "op, more=1", "*all", "op, /", "op=None, *, more=1"])
def test_a_direction_that_can_be_called_with_op_is_taken(tmp_path: Path, signature: str) -> None:
    assert python(tmp_path, f"def upgrade({signature}): pass\ndef downgrade(op): pass\n").has(UP)


@pytest.mark.parametrize(
    "line", ["from alembic import op", "import alembic.op as op", "from alembic import context, op"]
)
def test_alembics_own_op_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(RepositoryError, match="line 1: alembic's own op does not work here") as caught:
        python(tmp_path, f"{line}\ndef upgrade(op): pass\ndef downgrade(op): pass\n")
    assert caught.value.remedy and "use the op that the function gets" in caught.value.remedy


def test_the_other_direction_is_read_too(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"001_a_default_downgrade\.sql, line 1"):
        sql(tmp_path, "SELECT 1", "SELECT 'x")
    files = {"001_a_default_upgrade.sql": "SELECT 1"}
    with pytest.raises(RepositoryError, match="has no downgrade for mysql"):
        read(Repository(make_repository(tmp_path, files)).script(1), "mysql", UP, Syntax.MYSQL)


def test_a_generator_is_refused_but_not_one_inside(tmp_path: Path) -> None:
    """It would be made, never run, and taken for done."""
    down = "\ndef downgrade(op):\n    pass\n"
    made = make_repository(tmp_path, {"001_a.py": "def upgrade(op):\n    yield op\n" + down})
    script = Repository(made).script(1)
    with pytest.raises(RepositoryError, match="line 1: upgrade is a generator"):
        read(script, "sqlite", Direction.UPGRADE, Syntax.SQLITE)
    inside = "def upgrade(op):\n    def rows():\n        yield 1\n    assert list(rows()) == [1]\n"
    make_repository(tmp_path, {"001_a.py": inside + down})
    migration = read(script, "sqlite", Direction.UPGRADE, Syntax.SQLITE)
    assert isinstance(migration, PythonMigration)
    migration.function(Direction.UPGRADE)(None)


def test_a_dataclass_with_postponed_annotations_works(tmp_path: Path) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Pair:\n    a: int\n\n"
        "def upgrade(op):\n    assert Pair(1).a == 1\n\ndef downgrade(op):\n    pass\n"
    )
    script = Repository(make_repository(tmp_path, {"001_a.py": source})).script(1)
    migration = read(script, "sqlite", Direction.UPGRADE, Syntax.SQLITE)
    assert isinstance(migration, PythonMigration)
    migration.function(Direction.UPGRADE)(None)
