"""`upgrade --dry-run` and `--sql` as people run them: SQL on stdout, words on stderr, nothing done."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.dry_run import DryRun
from giveaminute.versioning.handover import Handover
from giveaminute.versioning.statements import split
from tests.management.running import ROOT, SMALL, environment, run_forked, run_invoke
from tests.repositories import make_repository

FAILING = {
    **SMALL,
    "004_Fail_default_upgrade.sql": "CREATE TABLE c (id INTEGER);\nCREATE TABLE a (id INTEGER);\n",
    "004_Fail_default_downgrade.sql": "DROP TABLE c;\n",
}


def state(url: str) -> dict[str, list[tuple[object, ...]]]:
    with opened(parse_url(url), read_only=True) as database:
        return {name: database.query(f"SELECT * FROM {database.dialect.quote(name)}") for name in database.tables()}


@pytest.fixture
def words(database_url: str, tmp_path: Path) -> tuple[str, ...]:
    """The options for a database at version 1 with two migrations to come."""
    make_repository(tmp_path / "r", SMALL)
    call_command("upgrade", url=database_url, repository=str(tmp_path / "r"), version="1")
    return ("--url", database_url, "--repository", str(tmp_path / "r"))


def test_a_dry_run_prints_the_statements_and_does_nothing(
    words: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    before = state(database_url)
    ran = run_forked("upgrade", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 0
    assert state(database_url) == before
    with opened(parse_url(database_url), read_only=True) as database:
        statements = [each.text for each in split(ran.out, database.dialect.syntax)]
    assert [text.split("\n")[-1] for text in statements] == [
        "INSERT INTO a (id) VALUES (1)",
        "INSERT INTO a (id) VALUES (2)",
        "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, word VARCHAR(20))",
    ]
    assert "-- ===== upgrade 002: Fill a =====\n-- 002_Fill_a_default_upgrade.sql" in ran.out
    assert "2 migrations, 3 statements; rehearsed on" in ran.err
    assert "migrate_history" not in ran.out


def test_the_facts_as_json(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = run_forked("upgrade", "--dry-run", "--json", *words, cwd=tmp_path)
    found = json.loads(ran.out)
    assert (ran.code, found["before"], found["after"], found["failure"]) == (0, 1, 3, None)
    assert [step["version"] for step in found["steps"]] == [2, 3]
    assert found["steps"][0]["statements"][0]["sql"] == ["INSERT INTO a (id) VALUES (1)"]
    assert found["steps"][0]["statements"][0]["cost"]["blocks"] in ("rows", "writes")


def test_invokes_own_dry_is_a_dry_run(words: tuple[str, ...], database_url: str) -> None:
    before = state(database_url)
    ran = run_invoke("--dry", "upgrade", *words)
    assert ran.code == 0
    assert "INSERT INTO a (id) VALUES (1);" in ran.out
    assert state(database_url) == before


def test_a_command_without_a_dry_run_refuses_invokes_own(words: tuple[str, ...], database_url: str) -> None:
    before = state(database_url)
    ran = run_invoke("--dry", "drop-version-control", "--yes", *words)
    assert ran.code == 1
    assert "has no dry run; nothing was done" in ran.err
    assert state(database_url) == before


@pytest.mark.parametrize("option", ["--dry-run", "--sql"])
def test_nothing_to_do_says_so_and_prints_nothing(
    option: str, words: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    call_command("upgrade", url=database_url, repository=words[-1])
    ran = run_forked("upgrade", option, *words, cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    assert "Nothing to do: the database is at version 3." in ran.err


def test_a_downgrade_is_rehearsed_without_asking(words: tuple[str, ...], database_url: str, tmp_path: Path) -> None:
    before = state(database_url)
    ran = run_forked("downgrade", "0", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 0
    assert "LOSES the table a with its rows" in ran.out
    assert "DROP TABLE a;" in ran.out
    assert state(database_url) == before


def test_a_step_that_would_fail_exits_6_after_the_statements_before_it(
    words: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    make_repository(tmp_path / "r", FAILING)
    before = state(database_url)
    ran = run_forked("upgrade", "--dry-run", *words, cwd=tmp_path)
    assert ran.code == 6
    assert ran.out.rstrip().endswith("CREATE TABLE c (id INTEGER);")
    assert (
        "In the rehearsal: 004_Fail_default_upgrade.sql, line 2, statement 2 «CREATE TABLE a (id INTEGER)»" in ran.err
    )
    assert state(database_url) == before
    handed = run_forked("upgrade", "--sql", *words, cwd=tmp_path)
    assert (handed.code, handed.out) == (6, "")


def test_a_backup_is_not_taken_for_a_rehearsal(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = run_forked("upgrade", "--dry-run", "--backup", *words, cwd=tmp_path)
    assert ran.code == 0
    assert "No backup is taken: nothing will be changed." in ran.err
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--plan", "--dry-run"), "Give one of --plan, --dry-run and --sql."),
        (("--with-data",), "--with-data is for a rehearsal."),
        (("--private",), "--private is for a rehearsal."),
    ],
)
def test_options_that_contradict_one_another_are_refused(
    options: tuple[str, ...], said: str, words: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    before = state(database_url)
    ran = run_forked("upgrade", *options, *words, cwd=tmp_path)
    assert ran.code == 1
    assert said in ran.err
    assert state(database_url) == before


def test_from_python_both_are_facts(words: tuple[str, ...], database_url: str) -> None:
    found = call_command("upgrade", url=database_url, repository=words[-1], dry_run=True)
    handed = call_command("upgrade", url=database_url, repository=words[-1], sql=True)
    assert isinstance(found, DryRun)
    assert isinstance(handed, Handover)
    assert (handed.before, handed.after) == (1, 3)
    assert handed.script.startswith("-- Brings ")


@pytest.mark.parametrize("columns", [80, 120])
def test_comments_keep_to_the_width_of_the_terminal(columns: int, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    command = [sys.executable, "-m", "giveaminute", "upgrade", "--dry-run", "--repository", str(tmp_path / "r")]
    primary, secondary = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=secondary, check=True)
    done = subprocess.run(
        [*command, "--url", f"sqlite:///{tmp_path / 'x.db'}"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=secondary,
        encoding="utf-8",
        check=True,
    )
    os.close(secondary)
    os.close(primary)
    comments = [line for line in done.stdout.splitlines() if line.startswith("-- ") and "=====" not in line]
    assert comments
    assert max(map(len, comments)) <= columns
