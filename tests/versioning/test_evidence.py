"""Which version a schema is at: what contradicts one, what is tolerated, and every install that really exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning import control
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import opened
from giveaminute.versioning.evidence import Evidence, judge, likely
from giveaminute.versioning.promises import Promises, promises, touched
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import application_schema
from giveaminute.versioning.schema import Column, ForeignKey, Index, IndexPart, Schema, Table, View
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

REPOSITORY = Repository(Path(__file__).resolve().parents[2] / "giveaminute" / "migrations")

# Pure


def table(name: str, *columns: str, **facts: object) -> Table:
    return replace(
        Table(name, tuple(Column(each, "int") for each in columns), engine="InnoDB", collation="latin1_swedish_ci"),
        **facts,  # type: ignore[arg-type]
    )


def schema(*tables: Table, views: tuple[View, ...] = ()) -> Schema:
    return Schema({each.name: each for each in tables}, {each.name: each for each in views})


A, AB, B = table("a", "id"), table("a", "id", "b"), table("b", "id")
KEY = ForeignKey("b_a", ("id",), "a", ("id",))
BY_KEY = table("b", "id", foreign_keys=(KEY,), indexes=(Index("b_a", (IndexPart("id"),)),))
LADDER = {0: schema(), 1: schema(A), 2: schema(AB), 3: schema(AB), 4: schema(AB, B), 5: schema(AB, BY_KEY)}


def evidence(live: Schema, ladder: dict[int, Schema] | None = None) -> Evidence:
    return judge(Promises(ladder or LADDER), live)


def myisam(which: Table) -> Table:
    return replace(which, engine="MyISAM", collation="utf8mb3_general_ci")


@pytest.mark.parametrize(
    ("live", "matches"),
    [
        (schema(A), (1,)),
        (schema(AB), (2, 3)),
        (schema(AB, B), (4,)),
        (schema(AB, BY_KEY), (5,)),
        (schema(A, table("own", "id")), (1,)),
        (schema(table("a", "id", "own")), (1,)),
        (schema(table("a", "b", "id")), (2, 3)),
        (schema(myisam(AB)), (2, 3)),
        (schema(myisam(AB), myisam(B)), (4, 5)),
        (schema(A, B), ()),
        (schema(table("a", "b")), ()),
        (schema(replace(A, columns=(Column("id", "bigint"),))), ()),
        (schema(table("own", "id")), (0,)),
        (schema(AB, views=(View("v", "select 1"),)), (2, 3)),
    ],
)
def test_the_versions_that_a_schema_can_be_at(live: Schema, matches: tuple[int, ...]) -> None:
    assert evidence(live).matches == matches


def test_what_contradicts_is_told_in_words_with_the_version_that_has_it() -> None:
    found = evidence(schema(AB, table("own", "id")))
    assert found.against(1) == ("a: column b is unexpected (version 2 has it)",)
    assert found.against(4) == ("table b is missing",)
    assert found.against(3) == ()
    assert found.fits[3].remarks == ("table own is unexpected (no version knows it)",)
    assert evidence(schema(A, B)).against(1) == ("table b is unexpected (version 4 has it)",)


def test_what_is_gone_again_in_later_versions_contradicts_them() -> None:
    ladder = {0: schema(), 1: schema(A, B), 2: schema(A)}
    assert evidence(schema(A, B), ladder).matches == (1,)
    assert evidence(schema(A, B), ladder).against(2) == ("table b is unexpected (version 1 has it)",)


def test_of_two_versions_that_nothing_contradicts_the_better_fit_is_the_match() -> None:
    utf8 = replace(A, collation="utf8mb3_general_ci")
    ladder = {1: schema(A), 2: schema(utf8)}
    assert evidence(schema(A), ladder).matches == (1,)
    found = evidence(schema(myisam(A)), ladder)
    assert found.matches == (2,)
    assert found.against(1) == ("a: collation should be latin1_swedish_ci, is utf8mb3_general_ci",)
    assert evidence(schema(replace(A, collation="utf8mb4_bin")), ladder).matches == (1, 2)


def test_a_foreign_key_that_is_missing_counts_only_where_it_could_be() -> None:
    assert evidence(schema(AB, replace(BY_KEY, foreign_keys=()))).against(5) == (
        "b: foreign key b_a (id → a.id) is missing",
    )
    fit = evidence(schema(AB, myisam(B))).fits[5]
    assert fit.contradictions == ()
    assert "b: foreign key b_a (id → a.id) is missing (the engine cannot hold it)" in fit.remarks
    assert "b: index b_a (id) is missing (the engine cannot hold it)" in fit.remarks
    referred = evidence(schema(replace(AB, engine="MyISAM"), B)).fits[5]
    assert referred.contradictions == ()


def test_views_count_and_one_that_is_hidden_from_this_user_does_not() -> None:
    ladder = {1: schema(A), 2: schema(A, views=(View("v", "select 1"),)), 3: schema(A, views=(View("v", "select 2"),))}
    assert evidence(ladder[2], ladder).matches == (2,)
    assert evidence(ladder[3], ladder).matches == (3,)
    assert evidence(ladder[1], ladder).matches == (1,)
    assert evidence(schema(A, views=(View("v", ""),)), ladder).matches == (2, 3)


def test_near_misses_are_told_nearest_first_and_what_is_missing_counts_for_more() -> None:
    misses = evidence(schema(table("a", "b"), B)).near_misses()
    assert [miss.versions for miss in misses] == [(0,), (4,), (2, 3), (1,), (5,)]
    assert misses[1].differences == ("a: column id is missing",)
    assert misses[2].differences == ("table b is unexpected (version 4 has it)", "a: column id is missing")


def test_of_many_versions_those_that_the_names_leave_possible_are_judged() -> None:
    ladder = {n: schema(*(table(f"t{k}", "id") for k in range(n))) for n in range(300)}
    chosen = likely(ladder, ladder[200])
    assert chosen[0] == 200
    assert len(chosen) == 100
    found = judge(Promises(ladder), ladder[200], asked=290)
    assert found.matches == (200,)
    assert len(found.against(290)) == 90
    assert len(likely({n: schema(A) for n in range(300)}, schema(A))) == 300


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([], set()),
        (["INSERT INTO a VALUES (1)", "UPDATE b SET c = 1"], set()),
        (["ALTER TABLE `a b` ADD COLUMN c INT"], {"ALTER", "TABLE", "a b", "ADD", "COLUMN", "c", "INT"}),
        (["\n  drop table x"], {"drop", "table", "x"}),
        (["CREATE INDEX i ON t (c)"], {"CREATE", "INDEX", "i", "ON", "t", "c"}),
        (["ALTER TABLE a RENAME TO b"], None),
        (["ALTER TABLE a CHANGE b c INT"], None),
        (["ALTER TABLE a /*!50000 RENAME TO b */"], None),
        (["DROP INDEX i"], None),
        (["CREATE VIEW v AS SELECT 1"], None),
        (["CALL p()"], None),
        (["CREATE TABLE a (id INT)", "ALTER DATABASE COLLATE utf8mb4_bin"], None),
    ],
)
def test_the_tables_that_statements_can_touch(statements: list[str], words: set[str] | None) -> None:
    assert touched(statements) == words


# Built by the scripts

MANY = {
    "001": (
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, n INT);\nCREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY);"
    ),
    "002": "INSERT INTO a VALUES (1, 1);",
    "003": "ALTER TABLE a ADD COLUMN b INT;",
    "004": "CREATE INDEX a_n ON a (n);",
    "005": "CREATE VIEW v AS SELECT id FROM a;",
    "006": "CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, b_id INTEGER, FOREIGN KEY (b_id) REFERENCES b (id));",
    "007": "ALTER TABLE b RENAME TO b2;",
    "008": "DROP VIEW v;\nDROP TABLE c;",
    "009": "UPDATE a SET n = 2;\nCREATE TABLE `d e` (id INTEGER NOT NULL PRIMARY KEY);",
    "010": "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW DELETE FROM b2;",
}


def many(folder: Path) -> Repository:
    on_sqlite = {"010_x_sqlite_upgrade.sql": "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b2; END;"}
    return Repository(make_repository(folder, {**upward(MANY), **on_sqlite}))


def upward(scripts: Mapping[str, str]) -> dict[str, str]:
    """Files in SQL for these numbers; nothing is undone on the way down."""
    up = {f"{number}_x_default_upgrade.sql": text for number, text in scripts.items()}
    return up | {f"{number}_x_default_downgrade.sql": "" for number in scripts}


def test_reading_only_what_a_step_touched_gives_what_reading_everything_gives(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, repository = parse_url(database_url), many(tmp_path / "r")
    seen: list[tuple[int, int]] = []
    quick = promises(url, repository, lambda *version: seen.append(version))
    monkeypatch.setattr("giveaminute.versioning.promises.touched", lambda statements: None)
    whole = promises(url, repository, lambda *version: None)
    assert seen == [(version, 10) for version in range(11)]
    assert sorted(quick.schemas) == list(range(11))
    for version, schema in whole.schemas.items():
        assert [each.words for each in compare(schema, quick.schemas[version])] == []
    assert {"a", "b", "c", "v"} == {*quick.schemas[6].tables, *quick.schemas[6].views}
    with opened(url, read_only=True) as database:
        assert database.tables() == []


def test_scripts_that_need_what_no_script_makes_end_the_promises_there(database_url: str, tmp_path: Path) -> None:
    files = upward({"001": MANY["001"], "002": "UPDATE elsewhere SET n = 1;", "003": MANY["003"]})
    found = promises(parse_url(database_url), Repository(make_repository(tmp_path, files)), lambda *version: None)
    assert (found.reached, sorted(found.schemas)) == (1, [0, 1])
    assert (
        found.obstacle is not None and "002_x_default_upgrade.sql" in found.obstacle and "elsewhere" in found.obstacle
    )


# Every install that exists

_promises: dict[str, Promises] = {}
ALIKE = {7: (7, 8), 8: (7, 8), 9: (9, 10), 10: (9, 10)}


def of_install(server: Server, name: str) -> Evidence:
    """The evidence for one database; what the scripts promise on its server is built once."""
    url = parse_url(server.url(name))
    if server.url() not in _promises:
        _promises[server.url()] = promises(url, REPOSITORY, lambda *version: None)
    with opened(url, read_only=True) as database:
        return judge(_promises[server.url()], application_schema(database, REPOSITORY))


@pytest.mark.parametrize("version", range(1, 12))
def test_every_old_install_is_recognised(server: Server, fresh_database: FreshDatabase, version: int) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, version, rows=False)
        cursor.execute("CREATE TABLE own (id INT) ENGINE=MyISAM")
        cursor.execute("ALTER TABLE images ADD COLUMN lang CHAR(2)")
    found = of_install(server, name)
    assert found.matches == ALIKE.get(version, (version,))
    fit = found.fits[version]
    assert fit.found == fit.promised > 30
    assert "table own is unexpected (no version knows it)" in fit.remarks
    assert "images: column lang is unexpected (no version knows it)" in fit.remarks


def test_the_shipped_snapshot_is_no_version_and_its_strays_are_told(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection:
        old_installs.build_shipped_snapshot(connection, name, rows=False)
    found = of_install(server, name)
    assert found.matches == ()
    assert [miss.versions for miss in found.near_misses()[:3]] == [(9, 10, 11), (7, 8), (12,)]
    assert found.against(7) == (
        "table digests is unexpected (version 12 has it)",
        "table homepage_question is unexpected (version 12 has it)",
        "project__user: column is_project_creator is unexpected (version 12 has it)",
        "project_need: column subtype is unexpected (version 9 has it)",
        "user: column full_display_name is missing",
    )


def test_an_install_with_every_stray_is_at_the_version_that_adopts_them(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection:
        old_installs.build(connection, name, 11, rows=False, strays=old_installs.STRAYS)
    assert of_install(server, name).matches == (12,)


@pytest.mark.parametrize("version", range(12, 18))
def test_an_install_of_our_own_is_recognised(server: Server, fresh_database: FreshDatabase, version: int) -> None:
    of_install(server, fresh_database(server))
    found = judge(_promises[server.url()], _promises[server.url()].schemas[version])
    assert found.matches == ((15, 16) if version in (15, 16) else (version,))


def test_evidence_of_a_live_database_is_what_its_scripts_say(database_url: str, tmp_path: Path) -> None:
    repository = many(tmp_path / "r")
    with opened(parse_url(database_url), read_only=False) as database:
        for statement in MANY["001"].split("\n"):
            database.send(statement)
        database.connection.commit()
        found = control.evidence_of(database, repository, None, lambda *version: None)
        assert found.matches == (1, 2)
        assert found.against(3) == ("a: column b is missing",)
        assert database.tables() == ["a", "b"]
