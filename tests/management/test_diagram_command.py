"""`invoke diagram`: which schemas it draws, where it writes, and that the database is only asked."""

from __future__ import annotations

import json
import stat
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed, UsageError
from giveaminute.management import call_command
from giveaminute.versioning.diagrams import STYLE
from tests.conftest import FreshDatabase
from tests.management.running import SMALL, everything_in, files, run, run_forked, run_invoke
from tests.repositories import make_repository
from tests.servers import Server

SCRIPTS = {
    "001_Make.py": (
        "import sqlalchemy as sa\n\n"
        "def upgrade(op):\n"
        '    key = sa.Column("id", sa.Integer, primary_key=True)\n'
        '    op.create_table("person", key, sa.Column("name", sa.String(20)))\n'
        '    op.create_table("old", sa.Column("id", sa.Integer, primary_key=True))\n\n'
        "def downgrade(op):\n"
        '    op.drop_table("old")\n'
        '    op.drop_table("person")\n'
    ),
    "002_Change.py": (
        "import sqlalchemy as sa\n\n"
        "def upgrade(op):\n"
        '    op.drop_table("old")\n'
        '    op.alter_column("person", "name", type_=sa.String(50))\n'
        '    op.create_index("by_name", "person", ["name"])\n'
        '    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True),\n'
        '                    sa.Column("writer", sa.Integer, sa.ForeignKey("person.id", name="fk_writer")))\n\n'
        "def downgrade(op):\n"
        '    op.drop_table("note")\n'
        '    op.drop_index("by_name", "person")\n'
        '    op.alter_column("person", "name", type_=sa.String(20))\n'
        '    op.create_table("old", sa.Column("id", sa.Integer, primary_key=True))\n'
    ),
}


@pytest.fixture
def repository(tmp_path: Path) -> str:
    return str(make_repository(tmp_path / "r", SCRIPTS))


def change(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_head_is_drawn_from_the_scripts_alone(database_url: str, repository: str) -> None:
    drawn = call_command("diagram", url=database_url, repository=repository)
    assert (drawn.title, drawn.tables, drawn.changes) == ("cbu: version 2", {"same": ("note", "person")}, ())
    names = {each.get("aria-label") for each in ElementTree.fromstring(drawn.text).iter()}
    assert {"table note", "table person"} <= names


def test_what_is_between_two_versions_is_marked_either_way(database_url: str, repository: str) -> None:
    up = call_command("diagram", url=database_url, repository=repository, from_=1, to="head")
    assert up.title == "cbu: version 1 → version 2"
    assert up.tables == {"added": ("note",), "removed": ("old",), "changed": ("person",)}
    assert up.changes[0] == "table note is added"
    assert {each.lower() for each in up.changes[2:]} == {
        "person.name: type was varchar(20), is varchar(50)",
        "person: index by_name (name) is added",
    }
    down = call_command("diagram", url=database_url, repository=repository, from_="head", to="1")
    assert down.tables == {"added": ("old",), "removed": ("note",), "changed": ("person",)}
    whole = call_command("diagram", url=database_url, repository=repository, from_="0")
    assert whole.tables == {"added": ("note", "person")}


def test_the_reference_of_a_new_table_is_drawn(database_url: str, repository: str) -> None:
    drawn = call_command("diagram", url=database_url, repository=repository, from_=1, format="mermaid")
    assert '"person" |o--o{ "note" : "writer (added)"' in drawn.text


def test_what_the_pending_ones_would_change_in_what_is_there(database_url: str, repository: str) -> None:
    options = {"url": database_url, "repository": repository}
    call_command("upgrade", version=1, **options)
    change(database_url, "ALTER TABLE person ADD COLUMN by_hand INT", "CREATE TABLE stray (a INT, b INT)")
    drawn = call_command("diagram", from_="live", **options)
    assert drawn.title.endswith("as it is → version 2")
    assert drawn.tables == {"added": ("note",), "removed": ("old", "stray"), "changed": ("person",)}
    assert "person: column by_hand is removed" in drawn.changes
    now = call_command("diagram", to="live", **options)
    assert now.tables == {"same": ("old", "person", "stray")}
    relative = call_command("diagram", from_="+0", to="+1", **options)
    assert relative.title == "cbu: version 1 → version 2"


@pytest.mark.parametrize("at", [None, 1])
def test_a_servers_database_is_only_asked(
    at: int | None, repository: str, server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    options = {"url": server.url(name), "repository": repository}
    if at is None:
        change(server.url(name), "CREATE TABLE never_controlled (id INT PRIMARY KEY)")
    else:
        call_command("upgrade", version=at, **options)
    before = everything_in(server, name)
    for more in ({}, {"from_": "live"}, {"from_": "live", "to": "live"}, {"from_": "0", "to": "1"}):
        call_command("diagram", **options, **more)
    assert everything_in(server, name) == before
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE %s", (f"{name}\\_scratch%",))
        assert cursor.fetchall() == ()


def test_no_sqlite_file_is_made_by_asking(repository: str, tmp_path: Path) -> None:
    before = files(tmp_path)
    call_command("diagram", url=f"sqlite:///{tmp_path}/x.db", repository=repository, from_="live")
    assert files(tmp_path) == before


def test_the_applications_own_schema_is_drawn(database_url: str) -> None:
    drawn = call_command("diagram", url=database_url, from_=7)
    assert drawn.tables["added"] == ("digests", "homepage_question")
    assert "project_need" in drawn.tables["changed"] and "removed" not in drawn.tables
    names = {each.get("aria-label") for each in ElementTree.fromstring(drawn.text).iter()}
    assert {"project, 17 tables", "table digests, added", "table project_need, changed"} <= names


# Files


@pytest.mark.parametrize(
    ("name", "starts", "kind"),
    [
        ("x.svg", "<svg xmlns=", "svg"),
        ("x.SVG", "<svg xmlns=", "svg"),
        ("x.mmd", '---\ntitle: "cbu: version 3"\n---\nerDiagram\n', "mermaid"),
        ("x.md", "# cbu: version 3\n\n```mermaid\n---\n", "mermaid"),
    ],
)
def test_the_ending_picks_the_format(name: str, starts: str, kind: str, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked("diagram", "--file", name, "--repository", "r", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, f"{name}\n", "cbu: version 3: 2 tables.\n")
    assert (tmp_path / name).read_text().startswith(starts)
    told = run_forked("diagram", "--file", name, "--repository", "r", "--json", cwd=tmp_path)
    assert json.loads(told.out) == {
        "title": "cbu: version 3",
        "format": kind,
        "file": name,
        "tables": {"same": ["a", "b"]},
        "changes": [],
        "text": None,
    }


def test_a_format_that_is_named_goes_before_the_ending(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked("diagram", "--file", "x.txt", "--format", "svg", "--repository", "r", cwd=tmp_path)
    assert ran.code == 0
    assert (tmp_path / "x.txt").read_text().startswith("<svg")


def test_without_a_file_it_is_on_stdout(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    before = files(tmp_path)
    ran = run_forked("diagram", "--repository", "r", "--from", "1", cwd=tmp_path)
    assert ran.code == 0
    assert STYLE in ElementTree.fromstring(ran.out)[2].text  # type: ignore[operator]
    assert ran.err == "cbu: version 1 → version 3: 1 same, 1 added.\n"
    assert run_forked("diagram", "--repository", "r", "--format", "mermaid", cwd=tmp_path).out.startswith("---\n")
    assert files(tmp_path) == before


def test_an_existing_file_is_replaced_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    (tmp_path / "real.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("real.svg")
    old = (tmp_path / "real.svg").open()
    assert run_forked("diagram", "--file", "link.svg", "--repository", "r", cwd=tmp_path).code == 0
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_text().startswith("<svg")
    assert old.read() == "old"  # whoever reads it reads one or the other
    old.close()
    assert stat.S_IMODE((tmp_path / "real.svg").stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.svg", "r", "real.svg"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--file", "x.png"), ("which format «.png» is", "End it in .svg, .mmd or .md")),
        (("--file", "x"), ("which format «» is",)),
        (("--file", "x.svg", "--format", "png"), ("--format «png» is none of svg, mermaid",)),
        (("--file", "nowhere/x.svg"), ("there is no folder nowhere",)),
        (("--file", "r"), ("names no file",)),
        (("--file", "/dev/null", "--format", "svg"), ("is no regular file", "Leave --file out")),
        (("--file", "x.svg", "--from", "9"), ("Version 9 does not exist.", "go from 1 to 3")),
        (("--file", "x.svg", "--to", "now"), ("«now» is no version.", "+N, -N, head or live")),
        (("--file", "x.svg", "--from=-1"), ("-1 from 0 is -1", "does not exist")),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    words: tuple[str, ...], says: tuple[str, ...], tmp_path: Path
) -> None:
    make_repository(tmp_path / "r", SMALL)
    before = files(tmp_path)
    ran = run_forked("diagram", *words, "--url", "sqlite:///x.db", "--repository", "r", cwd=tmp_path)
    assert ran.code == 1
    for each in (*says, "Error: ", "\n  → "):
        assert each in ran.err, ran.err
    assert ran.out == ""
    assert files(tmp_path) == before


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    (tmp_path / "shut").mkdir(0o555)
    ran = run("diagram", "--file", "shut/x.svg", "--repository", "r", cwd=tmp_path, obeying_modes=True)
    assert ran.code == 1
    assert "shut/x.svg: cannot be written: Permission denied" in ran.err


def test_a_script_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path / "r", {"001_Bad_default_upgrade.sql": "NOT SQL;\n", "001_Bad_default_downgrade.sql": "SELECT 1;\n"}
    )
    (tmp_path / "x.svg").write_text("old")
    with pytest.raises(MigrationFailed, match="In a scratch database"):
        call_command(
            "diagram", url=f"sqlite:///{tmp_path}/x.db", repository=str(repository), file=str(tmp_path / "x.svg")
        )
    assert (tmp_path / "x.svg").read_text() == "old"


def test_call_command_refuses_a_version_that_is_none(repository: str) -> None:
    with pytest.raises(UsageError, match="is no version"):
        call_command("diagram", repository=repository, url="sqlite:///x.db", from_="seven")


def test_invoke_lists_it_and_takes_its_options(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    assert " diagram " in run_invoke("--list").out
    ran = run_invoke(
        "diagram", "--from", "1", "--to", "head", "--file", str(tmp_path / "x.svg"), "--repository", str(tmp_path / "r")
    )
    assert ran.code == 0, ran.said
    assert (tmp_path / "x.svg").read_text().startswith("<svg")


def test_a_link_to_itself_is_told(tmp_path: Path, repository: str) -> None:
    loop = tmp_path / "loop.svg"
    loop.symlink_to(loop)
    with pytest.raises(UsageError, match="is a link to itself"):
        call_command("diagram", repository=repository, url="sqlite:///x.db", file=str(loop))


def test_one_table_is_counted_as_one(tmp_path: Path) -> None:
    change(f"sqlite:///{tmp_path / 'x.db'}", "CREATE TABLE one (id INTEGER PRIMARY KEY)")
    make_repository(tmp_path / "r", SCRIPTS)
    ran = run(
        "diagram", "--to", "live", "--file", "x.svg", "--url", "sqlite:///x.db", "--repository", "r", cwd=tmp_path
    )
    assert ran.err == "cbu: x.db as it is: 1 table.\n"
