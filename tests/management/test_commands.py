"""What each command does when all is well, on SQLite, MariaDB and MySQL."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import giveaminute
from giveaminute.errors import NotUnderVersionControl, RepositoryError, UnprovenVersion, UsageError
from giveaminute.management import call_command
from giveaminute.versioning.runner import RunResult
from tests.conftest import FreshDatabase
from tests.management.running import ROOT, SMALL, everything_in, files, run, run_forked, run_invoke
from tests.repositories import make_repository
from tests.servers import Server

STEPS = ["upgrade 001 Make a", "upgrade 002 Fill a", "upgrade 003 Make b"]


@dataclass(frozen=True)
class Place:
    """A database and a repository: the words that name them, and all that is in the database."""

    url: str
    name: str
    folder: Path
    state: Callable[[], Any]

    @property
    def repository(self) -> str:
        return str(self.folder / "r")

    @property
    def words(self) -> tuple[str, ...]:
        return ("--url", self.url, "--repository", self.repository)

    def at(self, version: int) -> None:
        call_command("upgrade", url=self.url, repository=self.repository, version=str(version))

    def version(self) -> int:
        found = call_command("db-version", url=self.url, repository=self.repository)
        assert isinstance(found, int)
        return found


@pytest.fixture(params=["sqlite", "mariadb", "mysql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, fresh_database: FreshDatabase) -> Place:
    """An empty database on each family in turn, and three small migrations."""
    make_repository(tmp_path / "r", SMALL)
    if request.param == "sqlite":
        (tmp_path / "d").mkdir()
        file = tmp_path / "d" / "x.db"
        return Place(f"sqlite:///{file}", str(file), tmp_path, lambda: (files(file.parent), _times(file.parent)))
    server: Server = request.getfixturevalue(f"{request.param}_server")
    name = fresh_database(server)
    return Place(server.url(name), name, tmp_path, lambda: everything_in(server, name))


def _times(folder: Path) -> list[int]:
    return [path.stat().st_mtime_ns for path in folder.iterdir()]


def test_upgrade_brings_nothing_to_head(place: Place) -> None:
    ran = run("upgrade", *place.words, cwd=place.folder)
    assert (ran.code, ran.out) == (0, "")
    first, *steps, last = ran.err.splitlines()
    assert first == f"{place.name}: version 0 → 3"
    assert [re.sub(r"\s+\d+\.\d\d s$", "", step) for step in steps] == [
        "  ↑ 001  Make a",
        "  ↑ 002  Fill a",
        "  ↑ 003  Make b",
    ]
    assert last == "3 migrations applied; now at version 3."
    assert place.version() == 3


@pytest.mark.parametrize("words", [(), ("--version", "3"), ("--version", "+0"), ("--version", "head"), ("--plan",)])
def test_upgrade_again_says_so_and_changes_nothing(words: tuple[str, ...], place: Place) -> None:
    place.at(3)
    before = place.state()
    ran = run_forked("upgrade", *words, *place.words, cwd=place.folder)
    says = "Nothing to do.\n" if "--plan" in words else "Nothing to do: the database is at version 3.\n"
    assert (ran.code, ran.out, ran.err) == (0, "", says)
    assert place.state() == before


def test_a_plan_is_printed_and_nothing_is_written(place: Place) -> None:
    empty = place.state()
    ran = run_forked("upgrade", "--plan", *place.words, cwd=place.folder)
    assert (ran.code, ran.out.splitlines(), ran.err) == (0, STEPS, "3 migrations would run.\n")
    assert place.state() == empty
    place.at(2)
    before = place.state()
    ran = run_forked("downgrade", "0", "--plan", *place.words, cwd=place.folder)
    assert ran.code == 0
    assert ran.out.splitlines() == ["downgrade 002 Fill a", "downgrade 001 Make a"]
    ran = run_forked("upgrade", "--plan", "--json", *place.words, cwd=place.folder)
    (step,) = json.loads(ran.out)
    assert (step["direction"], step["before"], step["after"]) == ("upgrade", 2, 3)
    assert step["script"]["sql"].keys() == {"default_upgrade", "default_downgrade"}
    assert place.state() == before


def test_a_plan_tells_what_a_script_declares_to_lose(tmp_path: Path) -> None:
    text = 'loses = {"a.word": "nobody used it"}\n\ndef upgrade(op):\n    pass\n\ndef downgrade(op):\n    pass\n'
    make_repository(tmp_path / "r", {"001_Drop_a_word.py": text})
    for words in (("upgrade", "--plan"), ("upgrade",), ("downgrade", "0", "--yes")):
        ran = run_forked(*words, "--url", "sqlite:///x.db", "--repository", "r", cwd=tmp_path)
        assert ran.code == 0
        assert ran.err.startswith("  loses a.word (001_Drop_a_word.py: nobody used it)\n")


def test_versions_are_numbers_steps_or_head(place: Place) -> None:
    for words, version in (
        (("upgrade", "--version", "1"), 1),
        (("upgrade", "--version", "+1"), 2),
        (("downgrade", "-1", "--yes"), 1),
        (("upgrade", "--version=head"), 3),
        (("downgrade", "1", "--yes"), 1),
        (("downgrade", "+0", "--yes"), 1),
        (("upgrade",), 3),
        (("downgrade", "0", "--yes"), 0),
    ):
        ran = run_forked(*words, *place.words, cwd=place.folder)
        assert ran.code == 0, ran.said
        assert place.version() == version


def test_downgrade_tells_each_step(place: Place) -> None:
    place.at(3)
    ran = run_forked("downgrade", "1", "--yes", "--no-backup", *place.words, cwd=place.folder)
    lines = ran.err.splitlines()
    assert lines[0] == f"{place.name}: version 3 → 1"
    assert [line[:15].rstrip() for line in lines[1:3]] == ["  ↓ 003  Make b", "  ↓ 002  Fill a"]
    assert lines[3] == "2 migrations taken back; now at version 1."
    ran = run_forked("downgrade", "1", *place.words, cwd=place.folder)
    assert (ran.code, ran.err) == (0, "Nothing to do: the database is at version 1.\n")


def test_a_run_as_json(place: Place) -> None:
    ran = run_forked("upgrade", "--json", *place.words, cwd=place.folder)
    result = json.loads(ran.out)
    assert (result["before"], result["after"]) == (0, 3)
    assert [step["version"] for step in result["steps"]] == [1, 2, 3]
    assert result["steps"][1].keys() == {"version", "title", "direction", "statements", "seconds"}
    ran = run_forked("upgrade", "--version", "9", "--json", *place.words, cwd=place.folder)
    assert ran.code == 1
    assert json.loads(ran.out)["error"] == {
        "code": "UsageError",
        "message": "Version 9 does not exist.",
        "remedy": "The scripts go from 1 to 3; 0 is before the first.",
        "exit_code": 1,
    }


def test_the_remedy_in_json_is_the_command_to_type_here(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE own (id INTEGER)")
    words = ("--url", "sqlite:///x.db", "--repository", "r")
    ran = run_forked("upgrade", "--json", *words, cwd=tmp_path)
    remedy = json.loads(ran.out)["error"]["remedy"]
    assert f"version-control --version N {' '.join(words)}" in remedy or f"version-control {' '.join(words)}" in remedy
    assert f"→ {remedy}\n" in ran.err


def test_version_and_db_version_print_a_number_and_nothing_else(place: Place) -> None:
    place.at(2)
    for word, number in (("version", "3\n"), ("db-version", "2\n")):
        words = place.words if word == "db-version" else place.words[2:]
        for more in ((), ("--json",)):
            ran = run_forked(word, *more, *words, cwd=place.folder)
            assert (ran.code, ran.out, ran.err) == (0, number, "")


def test_status_of_nothing_makes_nothing(place: Place) -> None:
    empty = place.state()
    ran = run_forked("status", *place.words, cwd=place.folder)
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()] == [
        ["version", "title", "state", "when", "(UTC)", "by"],
        ["001", "Make", "a", "pending"],
        ["002", "Fill", "a", "pending"],
        ["003", "Make", "b", "pending"],
    ]
    said, advice = ran.err.splitlines()
    assert said == f"{place.name} is empty; head is 3."
    assert re.fullmatch(r"  → python -m giveaminute upgrade --url \S+ --repository \S+", advice)
    assert run_forked("status", "--json", *place.words, cwd=place.folder).code == 0
    assert place.state() == empty


def test_status_tells_what_is_applied_and_pending(place: Place) -> None:
    place.at(2)
    before = place.state()
    ran = run_forked("status", *place.words, cwd=place.folder)
    lines = ran.out.splitlines()
    assert [line.split()[3] for line in lines[1:]] == ["applied", "applied", "pending"]
    assert re.search(r"applied  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S+@\S+$", lines[1])
    assert ran.err.startswith(f"{place.name} is at version 2; 1 pending up to 3.\n")
    found = json.loads(run_forked("status", "--json", *place.words, cwd=place.folder).out)
    assert found.keys() == {
        *("database", "version", "head", "pending", "migrations", "unfinished", "summary", "next_command"),
        *("statement", "holder", "paused"),
    }
    assert (found["database"], found["version"], found["head"], found["pending"]) == (place.name, 2, 3, 1)
    assert found["migrations"][2] == {
        "version": 3,
        "title": "Make b",
        "state": "pending",
        "when": None,
        "who": None,
        "seconds": None,
    }
    assert found["next_command"] == "invoke upgrade"
    assert place.state() == before
    place.at(3)
    ran = run_forked("status", *place.words, cwd=place.folder)
    assert ran.err == f"{place.name} is at version 3, the newest.\n"


def test_source_prints_the_script(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked("source", "1", "--repository", "r", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, SMALL["001_Make_a.py"], "")
    ran = run_forked("source", "003", "--repository", "r", cwd=tmp_path)
    assert ran.out == (
        "-- 003_Make_b_default_downgrade.sql\nDROP TABLE b;\n\n"
        f"-- 003_Make_b_default_upgrade.sql\n{SMALL['003_Make_b_default_upgrade.sql']}"
    )


def test_a_new_script_runs_both_ways_as_it_is(place: Place) -> None:
    made = []
    new: tuple[tuple[tuple[str, ...], list[str]], ...] = (
        (("Add a word",), ["004_Add_a_word.py"]),
        (("Fill it", "--sql"), ["005_Fill_it_default_upgrade.sql", "005_Fill_it_default_downgrade.sql"]),
    )
    for words, names in new:
        ran = run_forked("script", *words, "--repository", "r", cwd=place.folder)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines() == [f"r/versions/{name}" for name in names]
        made += [(place.folder / "r" / "versions" / name).read_text(encoding="utf-8") for name in names]
    assert made[0].startswith('"""Add a word."""\n') and "def downgrade(op):" in made[0]
    assert made[1].startswith("-- Fill it.\n")
    for command, version in ((("upgrade",), 5), (("downgrade", "3", "--yes"), 3)):
        ran = run_forked(*command, *place.words, cwd=place.folder)
        assert ran.code == 0, ran.said
        assert place.version() == version


def test_a_new_script_never_replaces_one(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked("script", "Same", "--sql", "--database", "mysql", "--repository", "r", cwd=tmp_path)
    assert ran.out.splitlines() == [
        f"r/versions/004_Same_mysql_{direction}.sql" for direction in ("upgrade", "downgrade")
    ]
    ran = run_forked("script", "Same", "--repository", "r", cwd=tmp_path)
    assert ran.out == "r/versions/005_Same.py\n"


def test_version_control_of_an_empty_database(place: Place) -> None:
    ran = run_forked("version-control", *place.words, cwd=place.folder)
    assert (ran.code, ran.out, ran.err) == (0, "", f"{place.name} is now under version control at version 0.\n")
    before = place.state()
    for words in ((), ("--version", "0")):
        ran = run_forked("version-control", *words, *place.words, cwd=place.folder)
        assert (ran.code, ran.err) == (0, f"{place.name} was already under version control at version 0.\n")
    assert place.state() == before
    assert run_forked("upgrade", *place.words, cwd=place.folder).code == 0


def test_out_of_version_control_and_back(place: Place) -> None:
    place.at(2)
    ran = run_forked("drop-version-control", "--yes", *place.words, cwd=place.folder)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("No longer under version control; it was at version 2.\n")
    assert "python -m giveaminute version-control --version 2 --url" in ran.err
    before = place.state()
    for words in (("upgrade",), ("version-control",), ("drop-version-control", "--yes")):
        assert run_forked(*words, *place.words, cwd=place.folder).code == 5
    assert place.state() == before
    ran = run_forked("version-control", "--version", "2", *place.words, cwd=place.folder)
    assert (ran.code, ran.err.splitlines()) == (
        0,
        [
            f"{place.name} is now under version control at version 2.",
            "  Its schema is that of this version, as it is of 1; tables and views: 1 of 1.",
        ],
    )
    assert run_forked("upgrade", *place.words, cwd=place.folder).code == 0
    assert place.version() == 3


def without_row(place: Place, version: int) -> None:
    place.at(version)
    assert run_forked("drop-version-control", "--yes", *place.words, cwd=place.folder).code == 0


def test_version_control_finds_the_version_and_refuses_another(place: Place) -> None:
    without_row(place, 3)
    before = place.state()
    ran = run_forked("version-control", "--version", "1", *place.words, cwd=place.folder)
    assert (ran.code, ran.out) == (5, "")
    assert (
        "is not at version 1:\n    table b is unexpected (version 3 has it)\n  Its schema is that of version 3."
        in ran.err
    )
    assert f"version-control --version 1 {' '.join(place.words)} --force)" in ran.err
    assert place.state() == before
    ran = run_forked("version-control", "--json", *place.words, cwd=place.folder)
    told = json.loads(ran.out)
    assert (ran.code, told["version"], told["forced"], told["proof"]["matches"]) == (0, 3, False, [3])
    assert told["proof"]["near_misses"] == [
        {"versions": [1, 2], "differences": ["table b is unexpected (version 3 has it)"]},
        {
            "versions": [0],
            "differences": ["table a is unexpected (version 1 has it)", "table b is unexpected (version 3 has it)"],
        },
    ]
    assert place.version() == 3


def test_a_forced_version_says_what_differs(place: Place) -> None:
    without_row(place, 3)
    ran = run_forked("version-control", "--version", "1", "--force", *place.words, cwd=place.folder)
    assert (ran.code, ran.out, ran.err.splitlines()) == (
        0,
        "",
        [
            f"{place.name} is now under version control at version 1.",
            "  It was forced; the schema is that of version 3:",
            "    table b is unexpected (version 3 has it)",
        ],
    )
    assert place.version() == 1


def test_a_refusal_has_its_evidence_in_json(place: Place) -> None:
    without_row(place, 2)
    ran = run_forked("version-control", "--json", *place.words, cwd=place.folder)
    error = json.loads(ran.out)["error"]
    assert (ran.code, error["code"], error["exit_code"], error["matches"]) == (5, "UnprovenVersion", 5, [1, 2])
    assert error["remarks"] == {"1": [], "2": []}
    assert error["near_misses"][0]["versions"] == [0]


@pytest.mark.parametrize("words", [("status",), ("db-version",), ("version",), ("upgrade", "--plan"), ("source", "1")])
@pytest.mark.parametrize("at", [0, 2])
def test_a_question_changes_nothing(words: tuple[str, ...], at: int, place: Place) -> None:
    if at:
        place.at(at)
    before = place.state()
    asked = place.words if words[0] in ("status", "db-version", "upgrade") else place.words[2:]
    ran = run_forked(*words, *asked, cwd=place.folder)
    assert ran.code == (5 if (words, at) == (("db-version",), 0) else 0)
    assert place.state() == before


def test_several_commands_on_one_line_each_run(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    place = ("--url", f"sqlite:///{tmp_path}/x.db", "--repository", str(tmp_path / "r"))
    ran = run_invoke("upgrade", *place, "downgrade", "0", "--yes", *place, "upgrade", *place)
    assert ran.code == 0, ran.said
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        rows = connection.execute("SELECT version, direction FROM migrate_history ORDER BY id").fetchall()
    up = [(number, "upgrade") for number in (1, 2, 3)]
    assert rows == [*up, (3, "downgrade"), (2, "downgrade"), (1, "downgrade"), *up]


def test_a_refused_command_ends_the_line(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    place = ("--url", f"sqlite:///{tmp_path}/x.db", "--repository", str(tmp_path / "r"))
    ran = run_invoke("upgrade", "--version", "9", *place, "upgrade", *place)
    assert ran.code == 1
    assert not (tmp_path / "x.db").exists()


def test_invoke_lists_and_explains_every_command() -> None:
    names = sorted(path.stem.replace("_", "-") for path in (ROOT / "giveaminute/management/commands").glob("[a-z]*.py"))
    listed = run_invoke("--list", "--list-format", "json")
    assert sorted(task["name"] for task in json.loads(listed.out)["tasks"]) == names
    explained = run_invoke("--help", "upgrade")
    assert explained.code == 0
    assert "--plan" in explained.out and "Bring the database to the newest version" in explained.out


# The package away from its checkout


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with a copy of the package and nothing else of the checkout, as pip leaves it."""
    assert giveaminute.__file__ is not None
    source = Path(giveaminute.__file__).parent
    shutil.copytree(source, tmp_path / "site" / "giveaminute", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "empty").mkdir()
    return tmp_path / "site"


def test_the_installed_package_works_in_the_current_folder(installed: Path, tmp_path: Path) -> None:
    here, environ = tmp_path / "empty", {"PYTHONPATH": str(installed)}
    ran = run("upgrade", cwd=here, environ=environ)
    assert ran.code == 0, ran.said
    assert [path.name for path in here.iterdir()] == ["giveaminute.db"]
    head = run("version", cwd=here, environ=environ).out
    assert run("db-version", cwd=here, environ=environ).out == head
    assert int(head) == len(list((installed / "giveaminute/migrations/versions").glob("[0-9]*")))


def test_url_beats_environment_beats_config_beats_the_default(installed: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    here, environ = tmp_path / "empty", {"PYTHONPATH": str(installed)}
    (here / "config.yaml").write_text("database:\n  dbn: sqlite\n  db: config.db\n", encoding="utf-8")
    (here / "other.yaml").write_text("database:\n  dbn: sqlite\n  db: other.db\n", encoding="utf-8")
    by_environment = {**environ, "DATABASE_URL": "sqlite:///environment.db"}

    def named(words: tuple[str, ...], variables: dict[str, str]) -> str:
        ran = run("status", "--json", "--repository", str(tmp_path / "r"), *words, cwd=here, environ=variables)
        return Path(json.loads(ran.out)["database"]).name

    assert named(("--url", "sqlite:///url.db", "--config", "other.yaml"), by_environment) == "url.db"
    assert named(("--config", "other.yaml"), by_environment) == "other.db"
    assert named((), by_environment) == "environment.db"
    assert named((), {**environ, "DATABASE_URL": ""}) == "config.db"
    (here / "config.yaml").unlink()
    assert named((), environ) == "giveaminute.db"


# From Python


def test_call_command_returns_results_and_is_silent(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    options = {"url": place.url, "repository": place.repository}
    result = call_command("upgrade", **options)
    assert isinstance(result, RunResult)
    assert (result.before, result.after, [step.version for step in result.steps]) == (0, 3, [1, 2, 3])
    assert call_command("upgrade", **options).steps == ()
    assert call_command("downgrade", version=1, **options).after == 1
    assert call_command("db_version", **options) == 1
    assert [step.after for step in call_command("upgrade", plan=True, **options)] == [2, 3]
    assert call_command("status", **options).pending == 2
    assert call_command("version", repository=place.repository) == 3
    assert call_command("drop-version-control", **options) == 1
    with pytest.raises(UnprovenVersion, match="is not at version 3"):
        call_command("version-control", version=3, **options)
    assert call_command("version-control", version=1, **options).changed
    assert capfd.readouterr() == ("", "")


def test_call_command_raises_the_errors_of_the_engine(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    options = {"url": f"sqlite:///{tmp_path}/x.db", "repository": str(tmp_path / "r")}
    with pytest.raises(NotUnderVersionControl, match="is empty"):
        call_command("db-version", **options)
    with pytest.raises(UsageError, match="no version"):
        call_command("upgrade", version="5x", **options)
    with pytest.raises(UsageError, match="There is no command «bogus»"):
        call_command("bogus")
    with pytest.raises(UsageError, match="has no option «colour»"):
        call_command("upgrade", colour="red", **options)
    with pytest.raises(UsageError, match="downgrade needs VERSION"):
        call_command("downgrade", **options)
    make_repository(tmp_path / "r", {**SMALL, "005_Late.py": ""})
    with pytest.raises(RepositoryError, match="Migration 004 is missing"):
        call_command("upgrade", **options)


def test_two_repositories_share_a_database(place: Place) -> None:
    place.at(3)
    other = make_repository(
        place.folder / "other",
        {
            "001_Make_c_default_upgrade.sql": "CREATE TABLE c (id INT);\n",
            "001_Make_c_default_downgrade.sql": "DROP TABLE c;\n",
        },
        "[db_settings]\nrepository_id=other\nversion_table=migrate_version\n",
    )
    words = ("--url", place.url, "--repository", str(other))
    assert run_forked("upgrade", *words, cwd=place.folder).code == 5
    assert run_forked("version-control", "--version", "0", *words, cwd=place.folder).code == 0
    assert run_forked("upgrade", *words, cwd=place.folder).code == 0
    assert run_forked("db-version", *words, cwd=place.folder).out == "1\n"
    assert place.version() == 3
