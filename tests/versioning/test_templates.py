"""New scripts: they run as they are, and nothing is overwritten."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from giveaminute.errors import UsageError
from giveaminute.management import call_command
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.templates import create
from tests.repositories import make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(make_repository(tmp_path / "repository", {}))


def names(repository: Repository) -> list[str]:
    return sorted(path.name for path in repository.versions.iterdir())


@pytest.mark.parametrize(
    ("title", "docstring"),
    [
        ("Add a table of events", "Add a table of events."),
        ("  Add   photos.  ", "Add photos."),
        ('quotes """ in "it"', "quotes ''' in \"it."),
        ("back\\slash \\n \\", "back\\slash \\n \\."),
        ("braces {0} {title}", "braces {0} {title}."),
        ("Füße & 密码", "Füße & 密码."),
    ],
)
def test_any_title_makes_a_script_that_says_so_and_parses(repository: Repository, title: str, docstring: str) -> None:
    [path] = create(repository, title)
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) == docstring
    assert Repository(repository.folder).scripts[1].python == path


def test_new_scripts_run_up_and_down_as_they_are(repository: Repository, database_url: str) -> None:
    for sql in (False, True):
        create(Repository(repository.folder), "Nothing yet", sql=sql)
    assert names(repository) == [
        "001_Nothing_yet.py",
        "002_Nothing_yet_default_downgrade.sql",
        "002_Nothing_yet_default_upgrade.sql",
    ]
    place = {"url": database_url, "repository": str(repository.folder)}
    assert call_command("upgrade", **place).after == 2
    assert call_command("downgrade", version=0, **place).after == 0


def test_a_script_for_one_database(repository: Repository) -> None:
    paths = create(repository, "Only here", sql=True, database="mysql")
    assert [path.name for path in paths] == ["001_Only_here_mysql_upgrade.sql", "001_Only_here_mysql_downgrade.sql"]
    with pytest.raises(UsageError, match="«oracle» is none of mysql, sqlite, default"):
        create(repository, "Only there", sql=True, database="oracle")


def test_the_next_number_is_counted_afresh_and_nothing_is_overwritten(repository: Repository) -> None:
    create(repository, "One")
    with pytest.raises(UsageError, match=r"001_One\.py: cannot be written"):
        create(repository, "One")  # this repository was listed before
    assert [path.name for path in create(Repository(repository.folder), "One")] == ["002_One.py"]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    folder = make_repository(tmp_path, {})
    repository = Repository(folder)
    assert repository.head == 0
    repository.versions.rmdir()
    with pytest.raises(UsageError, match="cannot be written: No such file") as caught:
        create(repository, "One")
    assert caught.value.remedy
