"""What is not as promised is told in words, by subject, and nothing is written for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from giveaminute.errors import DatabaseAhead, UsageError
from giveaminute.management import call_command
from tests.management.running import run
from tests.repositories import make_repository

ONE = "def upgrade(op):\n    op.execute('CREATE TABLE a (id INT PRIMARY KEY, n INT)')\n\ndef downgrade(op):\n    pass\n"
TWO = "def upgrade(op):\n    op.execute('CREATE TABLE b (id INT PRIMARY KEY)')\n\ndef downgrade(op):\n    pass\n"


def findings(**options: str) -> list[str]:
    report = call_command("check", **options)
    return [f"{each.subject.value}: {each.words}" for each in report.findings]


def change(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_install_is_as_promised_in_every_way(database_url: str) -> None:
    call_command("upgrade", url=database_url)
    assert findings(url=database_url) == []


def test_drift_of_the_live_schema_is_told_in_words(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", version=1, **options)
    assert findings(**options) == []
    change(database_url, "ALTER TABLE a ADD COLUMN extra INT", "CREATE TABLE c (id INT PRIMARY KEY)")
    assert findings(only="schema", **options) == [
        "schema: a: column extra is unexpected",
        "schema: table c is unexpected",
    ]


def test_an_edit_of_the_meaning_of_an_applied_script_is_told_and_a_cosmetic_one_is_not(
    database_url: str, tmp_path: Path
) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", **options)
    make_repository(tmp_path, {"001_A.py": f"# a remark\n{ONE}", "002_B.py": TWO})
    assert findings(only="scripts", **options) == []
    make_repository(tmp_path, {"001_A.py": ONE.replace("n INT", "n BIGINT"), "002_B.py": TWO})
    (told,) = findings(only="scripts", **options)
    assert told.startswith("scripts: 001_A.py was edited since it was applied (")


def test_models_that_differ_from_head_are_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from giveaminute.models import Base

    call_command("upgrade", url=database_url)
    wrong = sa.MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(wrong)
    sa.Table("brand_new", wrong, sa.Column("id", sa.Integer, primary_key=True))
    monkeypatch.setattr(Base, "metadata", wrong)
    (told,) = findings(only="models", url=database_url)
    assert told.startswith("models: the models differ from head: ('add_table'")
    assert "brand_new" in told


def test_a_database_ahead_of_the_scripts_is_refused(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", **options)
    make_repository(tmp_path, {"001_A.py": ONE})
    with pytest.raises(DatabaseAhead):
        findings(only="schema", **options)
    assert findings(only="scripts", **options) == ["scripts: migration 002 «B» was applied, and its script is gone"]


def test_it_exits_with_2_also_as_json_and_names_what_can_be_asked(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"001_A.py": ONE})
    place = ("--url", "sqlite:///x.db", "--repository", "r")
    assert run("upgrade", *place, cwd=tmp_path).code == 0
    assert run("check", *place, cwd=tmp_path).code == 0
    change(f"sqlite:///{tmp_path}/x.db", "DROP TABLE a")
    ran = run("check", *place, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "schema: table a is missing\n")
    as_json = run("check", "--json", *place, cwd=tmp_path)
    assert as_json.code == 2
    assert json.loads(as_json.out)["findings"] == [{"subject": "schema", "words": "table a is missing"}]
    with pytest.raises(UsageError, match="Give some of: schema,models,snapshot,scripts"):
        call_command("check", only="colour", url="sqlite://")
