"""The scripts on disk: which files are migrations, and what contradicts what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from giveaminute.errors import ExitCode, RepositoryError, UsageError
from giveaminute.versioning.repository import Direction, Repository
from tests.repositories import CONFIG, make_repository

UP, DOWN = Direction.UPGRADE, Direction.DOWNGRADE


def repository(folder: Path, *names: str, config: str = CONFIG) -> Repository:
    """A repository of empty scripts."""
    return Repository(make_repository(folder, dict.fromkeys(names, ""), config))


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        ([], {}),
        (["001_A.py"], {1: "A"}),
        (["002_b_C-d.py", "001_Add_a_sub-type.py"], {1: "Add a sub-type", 2: "b C-d"}),
        (["1_a.py", "02_b.py", "0003_c.py"], {1: "a", 2: "b", 3: "c"}),
        ([f"{n:03d}_x.py" for n in range(1, 12)], dict.fromkeys(range(1, 12), "x")),
        (["001_A_mysql_upgrade.sql", "001_A_mysql_downgrade.sql"], {1: "A"}),
        (["001_mysql_upgrade.sql", "001_A_b_sqlite_upgrade.sql"], {1: "A b"}),
        (["001_default_upgrade.sql", "001_default_downgrade.sql"], {1: ""}),
        (["001_a.py", "__init__.py", "README", "notes.txt", ".001_a.py", ".x.sql", "001_a.pyc", "001_a.py~"], {1: "a"}),
    ],
)  # fmt: skip
def test_scripts_are_known_by_their_names(tmp_path: Path, names: list[str], titles: dict[int, str]) -> None:
    found = repository(tmp_path, *names)
    assert {number: script.title for number, script in found.scripts.items()} == titles
    assert list(found.scripts) == sorted(titles) and found.head == max(titles, default=0)
    assert all(script.number == number for number, script in found.scripts.items())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["001_a.py", "001_b.py"], "Two migrations have the number 001: 001_a.py, 001_b.py"),
        (["001_a.py", "1_a.py"], "Two migrations have the number 001: 001_a.py, 1_a.py"),
        (["001_a.py", "001_a_default_upgrade.sql"], "Two migrations have the number 001"),
        (["001_a_mysql_upgrade.sql", "001_b_mysql_downgrade.sql"], "Two migrations have the number 001"),
        (["001_mysql_upgrade.sql", "1_mysql_upgrade.sql"], "Two migrations have the number 001"),
        (["001_a.py", "003_c.py"], "Migration 002 is missing: 003_c.py follows 001"),
        (["002_b.py"], "Migration 001 is missing: 002_b.py follows 000"),
        (["001_a.py", "003_c_default_upgrade.sql"], "Migration 002 is missing: 003_c_default_upgrade.sql follows 001"),
        (["000_zero.py", "001_a.py"], "000_zero.py: migrations count from 001"),
        (["001.py"], "001.py is not named like a migration"),
        (["001_.py"], "001_.py is not named like a migration"),
        (["001-a.py"], "001-a.py is not named like a migration"),
        (["a.py"], "a.py is not named like a migration"),
        (["001_a b.py"], "001_a b.py is not named like a migration"),
        (["001_a.sql"], "001_a.sql is not named like a migration"),
        (["001_a_upgrade.sql"], "001_a_upgrade.sql is not named like a migration"),
        (["001_a_oracle_upgrade.sql"], "001_a_oracle_upgrade.sql is not named like a migration"),
        (["001_a_mysql_upgrade.SQL.sql"], "is not named like a migration"),
        (["٠٠١_a.py"], "is not named like a migration"),
    ],
)
def test_contradictions_are_told_by_file_name(tmp_path: Path, names: list[str], words: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        _ = repository(tmp_path, *names).scripts
    assert words in caught.value.message
    assert caught.value.remedy and caught.value.exit_code == ExitCode.NOT_AS_RECORDED


@pytest.mark.parametrize(
    ("names", "database", "direction", "expected"),
    [
        (["001_a.py"], "mysql", UP, "001_a.py"),
        (["001_a.py"], "sqlite", DOWN, "001_a.py"),
        (["001_a_mysql_upgrade.sql", "001_a_default_upgrade.sql"], "mysql", UP, "001_a_mysql_upgrade.sql"),
        (["001_a_mysql_upgrade.sql", "001_a_default_upgrade.sql"], "sqlite", UP, "001_a_default_upgrade.sql"),
        (["001_a_sqlite_downgrade.sql", "001_a_sqlite_upgrade.sql"], "sqlite", DOWN, "001_a_sqlite_downgrade.sql"),
    ],
)
def test_each_database_gets_its_own_file_or_the_default(
    tmp_path: Path, names: list[str], database: str, direction: Direction, expected: str
) -> None:
    assert repository(tmp_path, *names).script(1).file(database, direction).name == expected


def test_a_missing_direction_is_told(tmp_path: Path) -> None:
    script = repository(tmp_path, "001_a_mysql_upgrade.sql").script(1)
    for database, direction in [("mysql", DOWN), ("sqlite", UP)]:
        with pytest.raises(RepositoryError, match=f"001 has no {direction.value} for {database}") as caught:
            script.file(database, direction)
        assert f"001_{database}_{direction.value}.sql" in str(caught.value.remedy)


def test_a_script_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    found = repository(tmp_path, "001_a.py", "002_b.py")
    assert found.script(2).title == "b"
    for number in (0, 3, -1):
        with pytest.raises(UsageError, match=f"There is no migration {number}") as caught:
            found.script(number)
        assert "from 1 to 2" in str(caught.value.remedy)


def test_the_configuration_names_the_install(tmp_path: Path) -> None:
    found = repository(
        tmp_path, config="# old\n[db_settings]\nrepository_id = cbu 100%\nversion_table=v\n; x\nrequired_dbs=[]\n"
    )
    assert (found.id, found.version_table) == ("cbu 100%", "v")
    assert repository(tmp_path, config="[db_settings]\nrepository_id: x").version_table == "migrate_version"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "not an INI file"),
        ("repository_id=cbu", "not an INI file"),
        ("[other]\nrepository_id=cbu", "not an INI file"),
        ("[db_settings]\nrepository_id=a\nrepository_id=b", "not an INI file"),
        ("[db_settings]\n", "repository_id is missing"),
        ("[db_settings]\nrepository_id=\n", "repository_id is missing"),
        ("[db_settings]\nrepository_id=cbu\nversion_table=a b", "«a b» is not a plain name"),
        ("[db_settings]\nrepository_id=cbu\nversion_table=x; DROP TABLE y", "is not a plain name"),
        ("[db_settings]\nrepository_id=cbu\nversion_table=", "«» is not a plain name"),
    ],
)
def test_a_configuration_at_fault_is_told(tmp_path: Path, config: str, words: str) -> None:
    found = repository(tmp_path, config=config)
    with pytest.raises(RepositoryError) as caught:
        _ = (found.id, found.version_table)
    assert words in caught.value.message and "migrate.cfg" in caught.value.message and caught.value.remedy


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no migrate\.cfg"):
        _ = Repository(tmp_path).id
    with pytest.raises(UsageError, match="no folder versions/"):
        _ = Repository(tmp_path).scripts


def test_reading_imports_and_writes_nothing(tmp_path: Path) -> None:
    folder = make_repository(
        tmp_path, {"001_a.py": "raise SystemExit", "002_b.py": "syntax error", "003_c.py": b"\xff\0"}
    )
    before = sorted(os.walk(folder))
    assert list(Repository(folder).scripts) == [1, 2, 3]
    assert sorted(os.walk(folder)) == before


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Add a table of events", "003_Add_a_table_of_events"),
        ("  many   blanks ", "003_many_blanks"),
        ("with-dash, comma & (more)!", "003_with_dash_comma_more"),
        ("../../etc/passwd", "003_etc_passwd"),
        ("Café 2", "003_Cafe_2"),
        ("x" * 100, "003_" + "x" * 100),
    ],
)
def test_a_title_becomes_the_next_name(tmp_path: Path, title: str, expected: str) -> None:
    found = repository(tmp_path, "001_a.py", "002_b.py")
    assert found.next_name(title) == expected
    make_repository(tmp_path / "next", {"001_a.py": "", "002_b.py": "", f"{expected}.py": ""})
    assert Repository(tmp_path / "next").head == 3


@pytest.mark.parametrize("title", ["", "  ", "???", "密码", "x" * 101, "a\nb", "a\0b", "to upgrade", "Downgrade"])
def test_a_title_that_makes_no_name_is_refused(tmp_path: Path, title: str) -> None:
    with pytest.raises(UsageError) as caught:
        repository(tmp_path).next_name(title)
    assert caught.value.remedy
