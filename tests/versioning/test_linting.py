"""What the lint is made of: types and sizes, statements, what a script silences, and the reports about that."""

from __future__ import annotations

from pathlib import Path

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning.lint import LintReport, lint_versions
from giveaminute.versioning.linting import sizes, statements
from giveaminute.versioning.linting.silencing import Silencing, silencings
from giveaminute.versioning.linting.types import cuts, refuses
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.schema import Column, Index, IndexPart, Table
from giveaminute.versioning.script import read
from giveaminute.versioning.sqltokens import Syntax
from tests.repositories import make_repository


def text(type_: str, charset: str = "utf8mb4", nullable: bool = False) -> Column:
    return Column("c", type_, nullable=nullable, charset=charset)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bigint", "int"),
        ("int", "int unsigned"),
        ("int unsigned", "int"),
        ("varchar(64)", "varchar(63)"),
        ("text", "varchar(255)"),
        ("mediumtext", "text"),
        ("varchar(20000)", "text"),
        ("varchar(10)", "int"),
        ("varbinary(9)", "varbinary(8)"),
        ("decimal(10,2)", "decimal(9,2)"),
        ("int", "decimal(9,0)"),
        ("datetime", "timestamp"),
        ("datetime", "year"),
        ("enum('a','b')", "enum('a','c')"),
        ("enum('aaaa','b')", "varchar(3)"),
        ("int", "varchar(5)"),
        ("INTEGER", "SMALLINT"),
        ("VARCHAR(80)", "VARCHAR(8)"),
    ],
)
def test_a_type_that_takes_less_refuses_what_was_taken_before(old: str, new: str) -> None:
    assert refuses(text(old), text(new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int", "bigint"),
        ("tinyint(1)", "int"),
        ("varchar(63)", "varchar(64)"),
        ("varchar(255)", "text"),
        ("text", "mediumtext"),
        ("char(3)", "varchar(3)"),
        ("decimal(9,2)", "decimal(10,2)"),
        ("int", "decimal(10,0)"),
        ("int", "double"),
        ("timestamp", "datetime"),
        ("date", "datetime"),
        ("enum('a')", "enum('a','b')"),
        ("enum('a')", "varchar(1)"),
        ("int", "varchar(20)"),
        ("geometry", "point"),
        ("VARCHAR", "VARCHAR(10)"),
    ],
)
def test_a_type_that_takes_all_the_same_refuses_nothing(old: str, new: str) -> None:
    assert not refuses(text(old), text(new))
    assert not cuts(text(old), text(new))


def test_a_charset_with_fewer_characters_refuses_the_others() -> None:
    assert refuses(text("varchar(9)"), text("varchar(9)", "latin1"))
    assert refuses(text("varchar(9)"), text("varchar(9)", "utf8mb3"))
    assert not refuses(text("varchar(9)", "latin1"), text("varchar(9)"))
    assert not refuses(text("varchar(9)", "utf8mb3"), text("varchar(9)"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("decimal(10,2)", "decimal(10,1)"),
        ("decimal(10,2)", "int"),
        ("double", "float"),
        ("double", "decimal(20,10)"),
        ("datetime(6)", "datetime(3)"),
        ("datetime", "date"),
        ("timestamp", "time"),
    ],
)
def test_what_is_rounded_without_an_error_is_told(old: str, new: str) -> None:
    assert cuts(text(old), text(new))


def table(*types: str, nullable: bool = False, charset: str = "utf8mb4", **options: str) -> Table:
    columns = tuple(Column(f"c{n}", type_, nullable=nullable, charset=charset) for n, type_ in enumerate(types))
    return Table("t", columns, engine="InnoDB", options=tuple(sorted(options.items())))


def test_the_limits_of_a_row_are_those_that_servers_were_measured_to_have() -> None:
    """MySQL 9.7 and MariaDB 10.11, with full rows: 33 columns VARCHAR(60) fit, 34 do not; 197 TEXT do, 198 do not."""
    assert sizes.row_bytes(table("varchar(16383)", nullable=True)) == sizes.MOST_IN_ROW
    assert sizes.row_bytes(table("varchar(16383)", "tinyint")) == sizes.MOST_IN_ROW
    assert sizes.row_bytes(table("varchar(16383)", "smallint")) > sizes.MOST_IN_ROW
    assert sizes.page_bytes(table("int", *["varchar(60)"] * 33)) <= sizes.MOST_IN_PAGE
    assert sizes.page_bytes(table("int", *["varchar(60)"] * 34)) > sizes.MOST_IN_PAGE
    assert sizes.page_bytes(table("int", *["text"] * 197)) <= sizes.MOST_IN_PAGE
    assert sizes.page_bytes(table("int", *["text"] * 198)) > sizes.MOST_IN_PAGE
    assert sizes.page_bytes(table(*["varchar(60)"] * 40, charset="latin1")) < 2_600
    assert sizes.page_bytes(table(*["text"] * 11, row_format="compact")) > sizes.MOST_IN_PAGE


def test_a_key_is_as_long_as_its_columns_or_their_prefixes() -> None:
    made = table("varchar(768)", "varchar(400)", "varchar(400)", "bigint", "text")

    def key(*parts: IndexPart) -> int:
        return sizes.key_bytes(made, Index("k", parts))

    assert key(IndexPart("c0")) == sizes.MOST_IN_KEY
    assert key(IndexPart("c1"), IndexPart("c2")) == 3_200
    assert key(IndexPart("c1", 10), IndexPart("c3")) == 48
    assert key(IndexPart("c4", 768)) == sizes.MOST_IN_KEY
    assert sizes.is_cut_short(made, IndexPart("c4", 768))
    assert not sizes.is_cut_short(made, IndexPart("c4", 767))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a = 1",
        "update `t` set a = 'x where y'",
        "UPDATE t SET a = (SELECT MAX(b) FROM u WHERE u.id = 1)",
        "UPDATE t SET a = 1 WHERE 1",
        "UPDATE t SET a = 1 WHERE new IS NULL ORDER BY id",
        "/*! UPDATE t SET a = 1 */",
        "DELETE FROM t -- WHERE id = 1",
        "SET STATEMENT max_statement_time = 9 FOR DELETE FROM t",
        "WITH w AS (SELECT 1 WHERE 1) DELETE FROM t",
        "UPDATE t JOIN u ON u.id = t.id SET t.a = 1",
    ],
)
def test_a_change_of_every_row_is_known_by_its_words(statement: str) -> None:
    assert statements.changes_every_row(statement, Syntax.MYSQL, {"id", "a", "b"}) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a = 1 WHERE id = 1",
        "UPDATE t SET a = 1 WHERE `ID` IN (1, 2)",
        "UPDATE t SET a = 1 LIMIT 5",
        "DELETE FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.id)",
        "DELETE FROM t WHERE new IS NULL AND a = 1",
        "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2",
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW UPDATE u SET a = 1",
        "SELECT 'UPDATE t SET a = 1'",
    ],
)
def test_a_change_of_some_rows_is_none_of_every_row(statement: str) -> None:
    assert statements.changes_every_row(statement, Syntax.MYSQL, {"id", "a", "b"}) is None


def test_renamed_columns_are_told_in_each_of_their_forms() -> None:
    told = {
        "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN `c` TO `d`": [("a", "b"), ("c", "d")],
        "ALTER TABLE t CHANGE COLUMN a b INT NOT NULL": [("a", "b")],
        "ALTER TABLE t CHANGE `a` `a` BIGINT": [("a", "a")],
        "ALTER TABLE t RENAME TO u": [],
        "ALTER TABLE t RENAME u": [],
        "ALTER TABLE t RENAME INDEX a TO b": [],
        "UPDATE t SET a = 'CHANGE a b'": [],
    }
    assert {each: list(statements.renamed_columns(each, Syntax.MYSQL)) for each in told} == told
    assert list(statements.renamed_columns('ALTER TABLE t RENAME "a" TO b', Syntax.SQLITE)) == [("a", "b")]


# What a script silences


def test_silencings_are_read_with_their_lines(tmp_path: Path) -> None:
    python = tmp_path / "a.py"
    python.write_text('"""x"""\nlint = {\n    "loses-data": "two\\n  lines",\n    "rewrites-table": "",\n}\n')
    assert silencings(python, Syntax.MYSQL) == (
        Silencing("loses-data", "two lines", 3),
        Silencing("rewrites-table", "", 4),
    )
    sql = tmp_path / "a.sql"
    sql.write_text(
        "SELECT '-- lint: no: this is a text';\n-- lint: loses-data: why: that\n# lint: blocks-writes: because\n"
        "/* lint: rewrites-table:\n  small */ -- lint: row-too-large\n-- a lint: of another kind\n"
    )
    assert silencings(sql, Syntax.MYSQL) == (
        Silencing("loses-data", "why: that", 2),
        Silencing("blocks-writes", "because", 3),
        Silencing("rewrites-table", "small", 4),
        Silencing("row-too-large", "", 5),
    )


def test_a_silencing_changes_no_checksum_but_what_the_script_reads_does(tmp_path: Path) -> None:
    body = "def upgrade(op):\n    op.execute('SELECT 1')\n\n\ndef downgrade(op):\n    pass\n"
    texts = {
        "plain": body,
        "silenced": f'lint = {{"loses-data": "why"}}\n{body}',
        "annotated": f'lint: dict[str, str] = {{"loses-data": "why"}}\n{body}',
        "read": f'lint = {{"loses-data": "why"}}\n{body.replace("SELECT 1", "SELECT 1")}\nprint(lint)\n',
        "computed": f'lint = dict(a="b")\n{body}',
    }
    sums = {}
    for name, source in texts.items():
        repository = Repository(make_repository(tmp_path / "r", {"001_A.py": source}))
        sums[name] = read(repository.script(1), "sqlite", Direction.UPGRADE, Syntax.SQLITE).checksum
    assert sums["plain"] == sums["silenced"] == sums["annotated"]
    assert len({sums["plain"], sums["read"], sums["computed"]}) == 3


FIRST = """
import sqlalchemy as sa

irreversible = "a test"


def upgrade(op):
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
"""


def linted(url: str, folder: Path, second: dict[str, str]) -> LintReport:
    repository = Repository(make_repository(folder, {"001_First.py": FIRST, **second}))
    return lint_versions(parse_url(url), repository, 2, 2)


def script(top: str, body: str) -> dict[str, str]:
    return {"002_Second.py": f"{top}\n\n\ndef upgrade(op):\n    {body}\n\n\ndef downgrade(op):\n    pass\n"}


def told(report: LintReport) -> list[tuple[str, int | None]]:
    return [(each.rule, each.line) for each in report.findings]


def test_a_silencing_without_need_reason_or_rule_is_told(database_url: str, tmp_path: Path) -> None:
    rules = ('"unbounded-update": "few"', '"loses-data": "what?"', '"loses-date": "a slip"', '"row-too-large": ""')
    top = f"lint = {{\n    {f',{chr(10)}    '.join(rules)},\n}}"
    report = linted(database_url, tmp_path / "r", script(top, 'op.execute("UPDATE t SET a = 1")'))
    assert told(report) == [("needless-silencing", 3), ("unknown-rule", 4), ("silencing-without-reason", 5)]
    (silenced,) = [each for each in report.linted[0].findings if each.silenced]
    assert (silenced.rule, silenced.silenced) == ("unbounded-update", "few")


def test_a_silencing_without_a_reason_silences_nothing(database_url: str, tmp_path: Path) -> None:
    second = {
        "002_default_upgrade.sql": "-- lint: unbounded-update:\nUPDATE t SET a = 1;",
        "002_default_downgrade.sql": "SELECT 1;",
    }
    report = linted(database_url, tmp_path / "r", second)
    assert told(report) == [("silencing-without-reason", 1), ("unbounded-update", 2)]


def test_a_declaration_in_no_form_is_told_and_stops_nothing(database_url: str, tmp_path: Path) -> None:
    report = linted(database_url, tmp_path / "r", script("lint = ['loses-data']", "op.notice('x')"))
    assert report.failure is None
    assert told(report) == [("silencing-without-reason", 1)]


def test_what_another_server_could_find_is_not_called_needless(database_url: str, tmp_path: Path) -> None:
    """One that one server needs and another does not could else be in no script."""
    top = 'import sqlalchemy as sa\nlint = {"rewrites-table": "a server of another make may do so"}'
    report = linted(database_url, tmp_path / "r", script(top, 'op.add_column("t", sa.Column("b", sa.Integer))'))
    assert told(report) == []
    report = linted(database_url, tmp_path / "r", script(top, 'op.execute("UPDATE t SET a = 1 WHERE id = 1")'))
    assert told(report) == [("needless-silencing", 2)]


def test_a_script_that_goes_other_ways_on_other_databases_needs_its_silencings_perhaps_there(
    database_url: str, tmp_path: Path
) -> None:
    top = 'lint = {"unbounded-update": "few rows"}'
    body = 'if op.dialect == "another":\n        op.execute("UPDATE t SET a = 1")'
    assert told(linted(database_url, tmp_path / "r", script(top, body))) == []
