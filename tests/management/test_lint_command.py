"""`check --lint` as people run it: findings on stdout, exit 2; and the same in `upgrade --dry-run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import UsageError
from giveaminute.management import call_command
from giveaminute.settings import SQLITE, parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.dry_run import DryRun
from giveaminute.versioning.lint import LintReport
from giveaminute.versioning.linting.rules import RULES
from tests.management.running import ROOT, SMALL, everything_in, files, run_forked, run_invoke
from tests.repositories import make_repository
from tests.servers import Server

BAD = {
    **SMALL,
    "004_Change_default_upgrade.sql": (
        "-- lint: loses-data: nobody wants them\nDELETE FROM a WHERE id = 2;\nUPDATE b SET word = '';\n"
    ),
    "004_Change_default_downgrade.sql": "SELECT 1;\n",
    "005_Drop_it.py": "def upgrade(op):\n    op.drop_column('b', 'word')\n\n\ndef downgrade(op):\n    pass\n",
}


def prepared(url: str, folder: Path, version: str | None, scripts: dict[str, str] = BAD) -> tuple[str, ...]:
    """The options for a database at this version, or not made at all."""
    make_repository(folder, scripts)
    if version is not None:
        call_command("upgrade", url=url, repository=str(folder), version=version)
    return ("--url", url, "--repository", str(folder))


def state(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with opened(parse_url(url), read_only=True) as database:
        return {name: database.query(f"SELECT * FROM {database.dialect.quote(name)}") for name in database.tables()}


def test_what_is_pending_is_linted_and_nothing_is_changed(database_url: str, tmp_path: Path) -> None:
    words = prepared(database_url, tmp_path / "r", "3")
    before = state(database_url)
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert ran.code == 2
    assert state(database_url) == before
    found = [line for line in ran.out.splitlines() if not line.startswith("  ")]
    assert found == [
        "004_Change_default_upgrade.sql:3: unbounded-update: UPDATE of every row of b, without WHERE",
        "005_Drop_it.py:2: breaks-running-code: the column b.word is gone",
        "005_Drop_it.py:2: loses-data: the column b.word is dropped with its values",
    ]
    assert 'instead  Work in batches: op.backfill("b", "…")' in ran.out
    assert "silenced: 004_Change_default_upgrade.sql: loses-data: nobody wants them" in ran.err
    assert "3 found; 2 migrations linted on" in ran.err
    told = "not judged: blocks-writes, rewrites-table: how a table is changed only a MySQL or MariaDB server can"
    assert (told in " ".join(ran.err.split())) == database_url.startswith("sqlite")


def test_the_dry_run_tells_the_same_at_the_statements(database_url: str, tmp_path: Path) -> None:
    words = prepared(database_url, tmp_path / "r", "3")
    ran = run_forked("upgrade", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 0
    comments = " ".join(ran.out.replace("\n--", "").split())
    assert "LINT unbounded-update: UPDATE of every row of b, without WHERE. Instead: Work in batches" in comments
    assert "LINT loses-data: rows of a are deleted. Silenced: nobody wants them DELETE FROM a" in comments
    assert "LINT breaks-running-code: the column b.word is gone." in comments
    report = call_command("check", url=database_url, repository=str(tmp_path / "r"), lint=True)
    rehearsed = call_command("upgrade", url=database_url, repository=str(tmp_path / "r"), dry_run=True)
    assert isinstance(report, LintReport)
    assert isinstance(rehearsed, DryRun)
    assert [each.findings for each in rehearsed.steps] == [each.findings for each in report.linted]


def test_a_dry_run_of_a_downgrade_is_not_linted(database_url: str, tmp_path: Path) -> None:
    words = prepared(database_url, tmp_path / "r", "3")
    ran = run_forked("downgrade", "1", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 0
    assert "DELETE FROM a" in ran.out
    assert "LINT" not in ran.out


@pytest.mark.parametrize(
    ("options", "versions"),
    [
        (("--version", "2"), [2]),
        (("--version", "1..3"), [1, 2, 3]),
        (("--version", "head"), [5]),
        (("--version", "+1..+2"), [2, 3]),
        (("--all",), [1, 2, 3, 4, 5]),
    ],
)
def test_which_are_linted_can_be_said(tmp_path: Path, options: tuple[str, ...], versions: list[int]) -> None:
    words = prepared(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "r", "1")
    ran = run_forked("check", "--lint", "--json", *options, *words, cwd=tmp_path)
    report = json.loads(ran.out)
    assert [each["version"] for each in report["linted"]] == versions
    assert ran.code == (2 if 5 in versions else 0)


def test_what_is_clean_or_done_exits_0(database_url: str, tmp_path: Path) -> None:
    words = prepared(database_url, tmp_path / "r", "1", SMALL)
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    assert "Nothing found; 2 migrations linted on" in ran.err
    call_command("upgrade", url=database_url, repository=str(tmp_path / "r"))
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    assert "Nothing is pending" in ran.err


def test_without_a_database_all_are_pending_and_none_is_made(tmp_path: Path) -> None:
    words = prepared(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "r", None)
    before = files(tmp_path)
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert ran.code == 2
    assert "5 migrations linted on SQLite" in ran.err
    assert files(tmp_path) == before


def test_the_findings_as_json_say_rule_place_reason_and_what_to_write(tmp_path: Path) -> None:
    words = prepared(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "r", "3")
    ran = run_forked("check", "--lint", "--json", *words, cwd=tmp_path)
    assert ran.code == 2
    found = [each for linted in json.loads(ran.out)["linted"] for each in linted["findings"]]
    assert [(each["rule"], each["line"], each["silenced"]) for each in found] == [
        ("loses-data", 2, "nobody wants them"),
        ("unbounded-update", 3, None),
        ("breaks-running-code", 2, None),
        ("loses-data", 2, None),
    ]
    assert all(each["why"] and each["instead"] and each["words"] and each["file"] for each in found)


@pytest.mark.parametrize("before", ["", "UPDATE a SET id = id; "], ids=["alone", "after a finding"])
def test_a_migration_that_fails_is_told_with_its_exit_code(database_url: str, before: str, tmp_path: Path) -> None:
    failing = {**SMALL, "003_Make_b_default_upgrade.sql": f"{before}CREATE TABLE a (id INTEGER);\n"}
    words = prepared(database_url, tmp_path / "r", "1", failing)
    for options in ((), ("--version", "2..3")):
        ran = run_forked("check", "--lint", *options, *words, cwd=tmp_path)
        assert ran.code == 6
        assert "003_Make_b_default_upgrade.sql, line 1" in ran.err
        assert "not judged: 003_Make_b_default_upgrade.sql: it did not come to its end" in ran.err
        assert ("unbounded-update" in ran.out) is bool(before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "2"}, "--version is for --lint"),
        ({"all": True}, "--all is for --lint"),
        ({"private": True}, "--private is for --lint"),
        ({"lint": True, "only": "schema"}, "--lint and --only contradict"),
        ({"lint": True, "fix": "adopt"}, "--lint and --fix contradict"),
        ({"lint": True, "all": True, "version": "2"}, "--version says which to lint"),
        ({"lint": True, "version": "3..1"}, "reversed"),
        ({"lint": True, "version": "9"}, "Version 9 does not exist"),
        ({"lint": True, "version": "x"}, "no version"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    make_repository(tmp_path / "r", SMALL)
    with pytest.raises(UsageError, match=message):
        call_command("check", url=f"sqlite:///{tmp_path / 'x.db'}", repository=str(tmp_path / "r"), **options)
    assert not (tmp_path / "x.db").exists()


def test_a_file_is_linted_as_on_a_server_with_a_private_one(mariadb_server: Server, tmp_path: Path) -> None:
    changed = {
        **SMALL,
        "004_Wider.py": "import sqlalchemy as sa\n\n\ndef upgrade(op):\n"
        "    op.alter_column('b', 'word', type_=sa.Text)\n\n\ndef downgrade(op):\n    pass\n",
    }
    words = prepared(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "r", "3", changed)
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert ran.code == 0
    ran = run_forked("check", "--lint", "--private", *words, cwd=tmp_path)
    assert ran.code == 2
    assert ran.out.startswith("004_Wider.py:5: blocks-writes: b is copied (COPY) while writes wait\n")
    assert "(a private m" in ran.err


def test_a_live_server_is_left_as_it_was(server: Server, fresh_database: Any, tmp_path: Path) -> None:
    name = fresh_database(server)
    words = prepared(server.url(name), tmp_path / "r", "3")
    before = everything_in(server, name)
    for options in ((), ("--all",)):
        assert run_forked("check", "--lint", *options, *words, cwd=tmp_path).code == 2
    assert everything_in(server, name) == before
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT schema_name FROM information_schema.schemata WHERE LEFT(schema_name, 30) = LEFT(%s, 30)", (name,)
        )
        assert [each for (each,) in cursor.fetchall() if "_scratch_" in each and name[:20] in each] == []


def test_a_question_about_rows_that_nobody_could_answer_is_told(database_url: str, tmp_path: Path) -> None:
    asks = {
        **SMALL,
        "004_Ask.py": "lint = {'unbounded-update': 'few rows'}\n\n\ndef upgrade(op):\n"
        '    op.execute("UPDATE a SET id = id + 10 WHERE id = 2")\n'
        "    if op.scalar('SELECT COUNT(*) FROM a WHERE id > 100'):\n"
        "        op.execute('UPDATE a SET id = id + 1')\n\n\n"
        "def downgrade(op):\n    pass\n",
    }
    words = prepared(database_url, tmp_path / "r", "3", asks)
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    if parse_url(database_url).family == SQLITE:  # its copy has the rows: the answer is known
        assert "004_Ask.py:1: needless-silencing" in ran.out
    else:
        assert (ran.code, ran.out) == (0, "")
        assert "not judged: 004_Ask.py: line 6 asks about rows" in ran.err


def test_what_stopped_in_its_middle_is_named_and_not_linted(
    server: Server, fresh_database: Any, tmp_path: Path
) -> None:
    """The statements that are done are not sent again, so that what silences them would look needless."""
    url = server.url(fresh_database(server))
    done = "-- lint: unbounded-update: few rows\nUPDATE b SET word = '';\nCREATE TABLE c (id INT);\n"
    stopping = {
        **SMALL,
        "004_Stop_default_upgrade.sql": f"{done}CREATE TABLE wrong (;\n",
        "004_Stop_default_downgrade.sql": "DROP TABLE c;\n",
    }
    words = prepared(url, tmp_path / "r", "3", stopping)
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 6
    ran = run_forked("check", "--lint", *words, cwd=tmp_path)
    assert ran.code == 4
    assert "004" in ran.err
    mended = {**stopping, "004_Stop_default_upgrade.sql": f"{done}CREATE TABLE right_ (id INT);\n"}
    make_repository(tmp_path / "r", mended)
    ran = run_forked("upgrade", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 0
    assert "CREATE TABLE right_" in ran.out
    assert "LINT" not in ran.out


@pytest.mark.parametrize("family", ["sqlite", "mariadb"])
def test_our_own_migrations_are_clean_or_say_why_they_are_not(
    family: str, request: pytest.FixtureRequest, fresh_database: Any, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    if family != "sqlite":
        server: Server = request.getfixturevalue(f"{family}_server")
        url = server.url(fresh_database(server))
    report = call_command("check", url=url, lint=True, all=True)
    assert isinstance(report, LintReport)
    assert report.failure is None
    assert len(report.linted) >= 17
    assert report.findings == ()


def test_the_rules_are_in_the_docs() -> None:
    text = (ROOT / "docs" / "writing-migrations.md").read_text(encoding="utf-8")
    assert [name for name in RULES if f"| `{name}` |" not in text] == []


def test_invoke_takes_the_options(tmp_path: Path) -> None:
    words = prepared(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "r", None, SMALL)
    ran = run_invoke("check", "--lint", "--version", "1..2", *words)
    assert ran.code == 0
    assert "Nothing found; 2 migrations linted" in ran.err
