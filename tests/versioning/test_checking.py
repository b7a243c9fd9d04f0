"""What is not as promised is told in words, by subject, and nothing is written for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from giveaminute.errors import DatabaseAhead, HalfApplied, MigrationFailed, UsageError
from giveaminute.management import call_command
from tests.management.running import run, run_forked
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
        copied = table.to_metadata(wrong)
        for index in copied.indexes:  # which a copy forgets to be for some families only
            if index.dialect_kwargs.get("mysql_prefix"):
                index.ddl_if(dialect="mysql")
    sa.Table("brand_new", wrong, sa.Column("id", sa.Integer, primary_key=True))
    monkeypatch.setattr(Base, "metadata", wrong)
    assert findings(only="models", url=database_url) == ["models: table brand_new is only in the models"]


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
    assert ran.code == 2
    told, _, old, new, *diff = ran.out.splitlines()
    assert told == "schema: table a is missing"
    assert (old, new) == ("--- x.db (as promised at version 1)", "+++ x.db (as it is)")
    assert diff[1:] == ["-CREATE TABLE a (id INT PRIMARY KEY, n INT);", "-"]
    as_json = run("check", "--json", *place, cwd=tmp_path)
    assert as_json.code == 2
    found = json.loads(as_json.out)
    assert found["findings"] == [{"subject": "schema", "words": "table a is missing"}]
    assert found["diff"].splitlines()[-2:] == diff[1:]
    with pytest.raises(UsageError, match="Give some of: schema,models,snapshot,scripts"):
        call_command("check", only="colour", url="sqlite://")


def test_the_diff_shows_only_what_differs(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", **options)
    assert call_command("check", **options).diff == ""
    change(database_url, "ALTER TABLE a ADD COLUMN extra INT", "CREATE VIEW v AS SELECT id FROM b")
    diff = call_command("check", only="schema", **options).diff
    changed = [line for line in diff.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert any("extra" in line for line in changed) and any("VIEW" in line for line in changed)
    assert "TABLE b" not in diff and "TABLE `b`" not in diff and "SET " not in diff


def late(title: str) -> str:
    """A script that makes a table of this name."""
    return TWO.replace("TABLE b", f"TABLE {title}")


def test_a_script_that_came_in_below_the_version_is_told_as_merged_late(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", **options)
    make_repository(tmp_path, {"001_A.py": ONE, "002_Late.py": late("late"), "003_B.py": TWO})
    assert findings(only="scripts", **options) == [
        "scripts: 002_Late.py was merged late: version 2 was reached here without it (002 was «B»), and it never ran:"
        " renumber it as the next",
        "scripts: 003_B.py was applied here as 002 and would run again: give it that number back",
    ]
    make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO, "003_Late.py": late("late")})
    assert findings(only="scripts", **options) == []


def test_a_script_that_took_the_place_of_another_is_told_with_it(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    call_command("upgrade", **options)
    make_repository(tmp_path, {"001_A.py": ONE, "002_Other.py": late("other")})
    gone, told = findings(only="scripts", **options)
    assert gone == "scripts: migration 002 «B» was applied, and its script is gone"
    assert told.startswith("scripts: 002_Other.py was merged late: version 2 was reached here without it")
    make_repository(tmp_path, {"001_A.py": ONE, "002_Another_name.py": TWO})
    assert findings(only="scripts", **options) == []


def test_what_the_old_tool_applied_is_not_taken_for_late(database_url: str, tmp_path: Path) -> None:
    options = {"url": database_url, "repository": str(make_repository(tmp_path, {"001_A.py": ONE, "002_B.py": TWO}))}
    change(database_url, "CREATE TABLE a (id INT PRIMARY KEY, n INT)")
    call_command("version-control", version=1, **options)
    call_command("upgrade", **options)
    assert findings(only="scripts", **options) == []


MODELS = """import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

class Base(DeclarativeBase):
    pass

class A(Base):
    __tablename__ = "a"
    id = sa.Column(sa.Integer, primary_key=True)
    n = sa.Column(sa.Integer)

other = sa.MetaData()
nothing = 3
"""
PORTABLE = (
    "import sqlalchemy as sa\n\ndef upgrade(op):\n    op.create_table('a', sa.Column('id', sa.Integer,"
    " primary_key=True), sa.Column('n', sa.Integer))\n\ndef downgrade(op):\n    op.drop_table('a')\n"
)


def test_another_applications_models_are_named(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"001_A.py": PORTABLE})
    (tmp_path / "shop.py").write_text(MODELS, encoding="utf-8")
    place = ("--url", "sqlite:///x.db", "--repository", "r")
    assert run("upgrade", *place, cwd=tmp_path).code == 0
    ran = run("check", "--models", "shop", *place, cwd=tmp_path)
    assert (ran.code, "checked: schema, models, scripts" in ran.err) == (0, True), ran.said
    ran = run("check", "--only", "models", "--models", "shop:other", *place, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "models: table a is in no model\n")
    ran = run("script", "Grow", "--auto", "--models", "shop:Base", *place, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, "", "Nothing to write: the newest version and the models agree.\n")
    ran = run("script", "Drop it", "--auto", "--models", "shop:other", *place, cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "r/versions/002_Drop_it.py\n")
    assert "  table a is in no model\n" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--models", "nowhere.at.all"), "--models «nowhere.at.all» cannot be imported: there is no module nowhere"),
        (("--models", "shop:gone"), "gone of shop is not there"),
        (("--models", "shop:nothing"), "nothing of shop is no MetaData and no declarative base"),
        (("--models", "empty"), "empty has neither metadata nor Base"),
        (("--models", "broken"), "--models «broken» cannot be imported: ZeroDivisionError: division by zero"),
        (("--models", ""), "--models «» cannot be imported"),
        ((), "Which models belong to these scripts is not known"),
    ],
)
def test_models_that_cannot_be_had_are_a_clear_error(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"001_A.py": PORTABLE})
    for name, text in {"shop": MODELS, "empty": "", "broken": "1 / 0\n"}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    place = ("--url", "sqlite:///x.db", "--repository", "r")
    for command in (("script", "Grow", "--auto"), ("check", "--only", "models")):
        ran = run_forked(*command, *words, *place, cwd=tmp_path)
        assert ran.code == 1
        assert ran.err.startswith("Error: ") and says in ran.err and "  → " in ran.err, ran.said
    assert [path.name for path in (tmp_path / "r" / "versions").iterdir()] == ["001_A.py"]


def test_auto_goes_with_neither_sql_nor_a_database(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"001_A.py": PORTABLE})
    for options in ({"auto": True, "sql": True}, {"auto": True, "database": "mysql"}, {"models": "shop"}):
        with pytest.raises(UsageError):
            call_command("script", title="X", repository=str(tmp_path / "r"), url="sqlite:///x.db", **options)


def test_a_migration_that_stopped_in_its_middle_is_named_before_anything_is_compared(
    mysql_family_url: str, tmp_path: Path
) -> None:
    half = "ALTER TABLE a ADD COLUMN x INT;\nALTER TABLE nowhere ADD COLUMN x INT;\n"
    files = {"001_A.py": ONE, "002_B_default_upgrade.sql": half, "002_B_default_downgrade.sql": ""}
    options = {"url": mysql_family_url, "repository": str(make_repository(tmp_path, files))}
    with pytest.raises(MigrationFailed):
        call_command("upgrade", **options)
    before = sorted(path.name for path in (tmp_path / "versions").iterdir())
    for command, more in (
        ("check", {}),
        ("check", {"only": "scripts"}),
        ("check", {"fix": "adopt"}),
        ("version-control", {}),
        ("version-control", {"version": "1"}),
    ):
        with pytest.raises(HalfApplied, match=r"the upgrade of 002 .* is half done") as caught:
            call_command(command, **options, **more)
        assert caught.value.remedy == "Finish it first: invoke upgrade (where it stands: invoke status)"
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == before
