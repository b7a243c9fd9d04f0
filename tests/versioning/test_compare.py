"""The comparison in words, and the fingerprint, on values alone."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.compare import Difference, Kind, Wording, compare, compare_tables
from giveaminute.versioning.fingerprint import fingerprint
from giveaminute.versioning.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Routine,
    Schema,
    Table,
    Trigger,
    View,
)

ID = Column("id", "int", nullable=False, auto_increment=True)
NAME = Column("name", "varchar(64)", default="''", charset="utf8mb4", collation="utf8mb4_unicode_ci")
MADE = Column("made", "timestamp", default="CURRENT_TIMESTAMP", on_update="CURRENT_TIMESTAMP")
DOUBLE = Column("double", "int", generated="`id` * 2", stored=True)
BY_NAME = Index("by_name", (IndexPart("name", 20), IndexPart("id", descending=True)))
OWNER = ForeignKey("owner", ("owner_id",), "user", ("id",), on_delete="CASCADE")
SMALL = Check("small", "`id` < 10")
STAMP = Trigger("stamp", "BEFORE", "INSERT", "project", "SET NEW.made = 1")
PROJECT = Table(
    "project",
    (ID, NAME, MADE, DOUBLE),
    primary_key=(IndexPart("id"),),
    indexes=(BY_NAME,),
    foreign_keys=(OWNER,),
    checks=(SMALL,),
    triggers=(STAMP,),
    engine="InnoDB",
    collation="utf8mb4_unicode_ci",
    comment="all of them",
    options=(("row_format", "dynamic"),),
    partitioning="HASH (id): p0, p1",
)
NAMES = View("names", "select name from project", triggers=(replace(STAMP, timing="INSTEAD OF"),))
TWICE = Routine("twice", "FUNCTION", ("IN x int",), "int", "RETURN x * 2", comment="doubles")
SCHEMA = Schema(
    {"project": PROJECT, "user": Table("user", (ID,))},
    {"names": NAMES},
    {("FUNCTION", "twice"): TWICE},
    charset="utf8mb4",
    collation="utf8mb4_unicode_ci",
)


def with_project(**changes: Any) -> Schema:
    return replace(SCHEMA, tables={**SCHEMA.tables, "project": replace(PROJECT, **changes)})


def with_column(old: Column, **changes: Any) -> Schema:
    return with_project(columns=tuple(replace(c, **changes) if c == old else c for c in PROJECT.columns))


CASES: list[tuple[Schema, list[str]]] = [
    (replace(SCHEMA, tables={"project": PROJECT}), ["table user is missing"]),
    (
        replace(SCHEMA, tables={**SCHEMA.tables, "digests": Table("digests", (ID,))}),
        ["table digests is unexpected"],
    ),
    (with_project(columns=(ID, MADE, DOUBLE)), ["project: column name is missing"]),
    (
        with_project(columns=(Column("a", "int"), ID, NAME, MADE, DOUBLE)),
        ["project: column a is unexpected"],
    ),
    (with_project(columns=(NAME, MADE, DOUBLE, ID)), ["project: column id was 1st, is 4th"]),
    (
        with_project(columns=(Column("a", "int"), NAME, MADE, DOUBLE, ID)),
        ["project: column a is unexpected", "project: column id was 1st, is 5th"],
    ),
    (with_column(NAME, type="varchar(255)"), ["project.name: type was varchar(64), is varchar(255)"]),
    (with_column(NAME, nullable=False), ["project.name: was NULL, is NOT NULL"]),
    (with_column(NAME, default=None), ["project.name: default was '', is none"]),
    (with_column(MADE, on_update=None), ["project.made: on update was CURRENT_TIMESTAMP, is none"]),
    (with_column(ID, auto_increment=False), ["project.id: was AUTO_INCREMENT, is not AUTO_INCREMENT"]),
    (
        with_column(NAME, collation="latin1_swedish_ci", charset="latin1"),
        ["project.name: collation was utf8mb4_unicode_ci, is latin1_swedish_ci"],
    ),
    (with_column(NAME, comment="shown"), ["project.name: comment was none, is «shown»"]),
    (
        with_column(DOUBLE, stored=False),
        ["project.double: generated was (`id` * 2) STORED, is (`id` * 2) VIRTUAL"],
    ),
    (with_column(NAME, invisible=True), ["project.name: was visible, is invisible"]),
    (with_project(primary_key=()), ["project: primary key was (id), is none"]),
    (with_project(indexes=()), ["project: index by_name (name(20), id DESC) is missing"]),
    (
        with_project(indexes=(replace(BY_NAME, unique=True),)),
        ["project: index by_name was (name(20), id DESC), is UNIQUE (name(20), id DESC)"],
    ),
    (
        with_project(indexes=(replace(BY_NAME, kind="fulltext"),)),
        ["project: index by_name was (name(20), id DESC), is FULLTEXT (name(20), id DESC)"],
    ),
    (
        with_project(foreign_keys=()),
        ["project: foreign key owner (owner_id → user.id ON DELETE CASCADE) is missing"],
    ),
    (
        with_project(foreign_keys=(replace(OWNER, on_delete="NO ACTION"),)),
        ["project: foreign key owner was owner_id → user.id ON DELETE CASCADE, is owner_id → user.id"],
    ),
    (with_project(checks=()), ["project: check small (`id` < 10) is missing"]),
    (
        with_project(checks=(SMALL, Check(None, "`id` > 1"))),
        ["project: check `id` > 1 is unexpected"],
    ),
    (
        with_project(checks=(replace(SMALL, enforced=False),)),
        ["project: check small was `id` < 10, is `id` < 10 NOT ENFORCED"],
    ),
    (with_project(triggers=()), ["trigger stamp on project is missing"]),
    (with_project(triggers=(replace(STAMP, body="SET @a = 1"),)), ["trigger stamp on project: body differs"]),
    (
        with_project(triggers=(replace(STAMP, timing="AFTER"),)),
        ["trigger stamp on project: was BEFORE INSERT, is AFTER INSERT"],
    ),
    (with_project(engine="MyISAM"), ["project: engine was InnoDB, is MyISAM"]),
    (with_project(comment=""), ["project: comment was «all of them», is none"]),
    (with_project(options=()), ["project: row_format was dynamic, is none"]),
    (with_project(partitioning=None), ["project: partitioning was HASH (id): p0, p1, is none"]),
    (replace(SCHEMA, views={}), ["view names is missing"]),
    (
        replace(SCHEMA, views={"names": replace(NAMES, definition="select 1")}),
        ["view names: definition differs"],
    ),
    (replace(SCHEMA, routines={}), ["function twice is missing"]),
    (
        replace(SCHEMA, routines={("FUNCTION", "twice"): replace(TWICE, returns="bigint")}),
        ["function twice: return type was int, is bigint"],
    ),
    (replace(SCHEMA, charset="latin1"), ["database: default charset was utf8mb4, is latin1"]),
]


@pytest.mark.parametrize(("actual", "words"), CASES, ids=[words[0] for _, words in CASES])
def test_a_difference_is_told_in_words(actual: Schema, words: list[str]) -> None:
    assert [difference.words for difference in compare(SCHEMA, actual)] == words
    assert fingerprint(actual) != fingerprint(SCHEMA)


def test_equal_schemas_have_no_difference() -> None:
    assert compare(SCHEMA, replace(SCHEMA)) == []


def test_a_difference_says_to_programs_what_it_is_about() -> None:
    (difference,) = compare(SCHEMA, with_column(NAME, type="text"))
    assert difference == Difference(Kind.TYPE, "project", "name", str(difference))


def test_the_nouns_can_be_chosen() -> None:
    wording = Wording("should be", "is", "has to be added", "has to go")
    told = compare_tables(PROJECT, replace(PROJECT, engine="MyISAM", columns=(ID, NAME, MADE)), wording)
    assert [difference.words for difference in told] == [
        "project: column double has to be added",
        "project: engine should be InnoDB, is MyISAM",
    ]


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return value[1:] if value else ("other",)
    return f"{value} other" if value else "other"


PARTS: list[tuple[Any, str]] = [
    *[(part, "columns") for part in (NAME, DOUBLE)],
    (BY_NAME, "indexes"),
    (OWNER, "foreign_keys"),
    (SMALL, "checks"),
    (STAMP, "triggers"),
]
EVERY_FIELD = [
    pytest.param(part, member, field.name, id=f"{type(part).__name__} {field.name}")
    for part, member in PARTS
    for field in fields(part)
    if field.compare
    and not (part is NAME and field.name == "stored")  # it says nothing of a plain column
    and field.name not in ("columns", "referred_columns", "parts", "table")
]


@pytest.mark.parametrize(("part", "member", "field"), EVERY_FIELD)
def test_no_field_of_a_part_can_change_unseen(part: Any, member: str, field: str) -> None:
    other = replace(part, **{field: changed(getattr(part, field))})
    members = tuple(other if one == part else one for one in getattr(PROJECT, member))
    spoilt = with_project(**{member: members})
    assert compare(SCHEMA, spoilt) and compare(spoilt, SCHEMA)
    assert fingerprint(spoilt) != fingerprint(SCHEMA)


@pytest.mark.parametrize("field", [field.name for field in fields(Table) if field.name != "name"])
def test_no_field_of_a_table_can_change_unseen(field: str) -> None:
    value = getattr(PROJECT, field)
    spoilt = with_project(**{field: () if isinstance(value, tuple) else changed(value)})
    assert compare(SCHEMA, spoilt) and compare(spoilt, SCHEMA)
    assert fingerprint(spoilt) != fingerprint(SCHEMA)


@pytest.mark.parametrize("field", [field.name for field in fields(View) if field.compare and field.name != "name"])
def test_no_field_of_a_view_can_change_unseen(field: str) -> None:
    spoilt = replace(SCHEMA, views={"names": replace(NAMES, **{field: changed(getattr(NAMES, field))})})
    assert compare(SCHEMA, spoilt)


ROUTINE_FIELDS = [f.name for f in fields(Routine) if f.compare and f.name not in ("name", "kind")]


@pytest.mark.parametrize("field", ROUTINE_FIELDS)
def test_no_field_of_a_routine_can_change_unseen(field: str) -> None:
    other = replace(TWICE, **{field: changed(getattr(TWICE, field))})
    assert compare(SCHEMA, replace(SCHEMA, routines={("FUNCTION", "twice"): other}))


def test_the_order_in_which_triggers_fire_is_compared() -> None:
    second = replace(STAMP, name="second")
    told = compare(with_project(triggers=(STAMP, second)), with_project(triggers=(second, STAMP)))
    assert [difference.words for difference in told] == [
        "project: order of the triggers BEFORE INSERT was stamp, second, is second, stamp"
    ]


def table_of(names: Any) -> Table:
    return Table("t", tuple(Column(name, "int") for name in names))


@pytest.mark.parametrize(
    ("was", "now", "moved"),
    [
        ("abcdefg", "abcdefg", ""),
        ("abcdefghij", "abcdefhijg", "g"),  # what 3 → 2 did to project_need.address_id
        ("abcdef", "fabcde", "f"),
        ("abcdef", "acdef", ""),
        ("abcdef", "abxcdef", ""),
        ("abcdef", "xbcdefay", "a"),
        ("abc", "cba", "ab"),
    ],
)
def test_only_columns_that_have_to_move_have_moved(was: str, now: str, moved: str) -> None:
    told = [d.name for d in compare_tables(table_of(was), table_of(now)) if d.kind is Kind.POSITION]
    assert "".join(told) == moved


@given(st.permutations("abcdef"), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("xyz")))
def test_no_smaller_set_of_moves_explains_an_order(now: list[str], gone: set[str], new: set[str]) -> None:
    was = list("abcdef")
    now = [*sorted(new), *[name for name in now if name not in gone]]
    told = compare_tables(table_of(was), table_of(now))
    moved = {d.name for d in told if d.kind is Kind.POSITION}
    common = [name for name in was if name in now]

    def explains(moves: set[str]) -> bool:
        stay = [name for name in common if name not in moves]
        return stay == [name for name in now if name in stay]

    smaller = itertools.chain.from_iterable(itertools.combinations(common, n) for n in range(len(moved)))
    assert explains(moved)
    assert not any(explains(set(moves)) for moves in smaller)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111])
def test_places_are_told_as_people_say_them(number: int) -> None:
    names = [f"c{n}" for n in range(300)]
    moved = [*names[: number - 1], *names[number:], names[number - 1]]
    (difference,) = compare_tables(table_of(names), table_of(moved))
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 101: "st"}.get(number, "th")
    assert difference.words == f"t: column c{number - 1} was {number}{ending}, is 300th"


def test_our_own_tables_can_be_left_out() -> None:
    ours = {name: Table(name, (ID,)) for name in BOOKKEEPING}
    schema = replace(SCHEMA, tables={**SCHEMA.tables, **ours})
    assert schema.without() == SCHEMA
    assert set(schema.without({"user"}, prefix="migrate_").tables) == {"project"}


def test_a_fingerprint_does_not_depend_on_the_order_of_reading() -> None:
    turned = replace(SCHEMA, tables=dict(reversed(list(SCHEMA.tables.items()))))
    assert list(turned.tables) != list(SCHEMA.tables)
    assert fingerprint(turned) == fingerprint(SCHEMA)


def test_a_fingerprint_ignores_what_equality_ignores() -> None:
    assert fingerprint(replace(PROJECT, triggers=(replace(STAMP, source="…"),))) == fingerprint(PROJECT)


def test_fingerprints_are_the_same_in_every_process() -> None:
    """Journals keep them: if this constant has to change, so has `fingerprint.VERSION`."""
    table = Table("t", (Column("id", "int"),))
    expected = "s1:9757521aa5dd945aba3596a9c3883eb01a0dda74999a02cd7978d5f8b75b8059"
    assert fingerprint(table) == expected
    script = (
        "from giveaminute.versioning.fingerprint import fingerprint\n"
        "from giveaminute.versioning.schema import Column, Table\n"
        "print(fingerprint(Table('t', (Column('id', 'int'),))))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == expected


def test_reading_and_comparing_import_no_sqlalchemy() -> None:
    script = (
        "import sys\n"
        "import giveaminute.versioning.compare, giveaminute.versioning.fingerprint\n"
        "import giveaminute.versioning.dialects.mysql_schema, giveaminute.versioning.dialects.sqlite_schema\n"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
