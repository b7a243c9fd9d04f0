"""Diagrams show what a schema has and what changes, whatever its names are, always the same, and legibly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from giveaminute.versioning.diagrams import STYLE, Box, Diagram, Link, Mark, diagram, markdown, mermaid, svg
from giveaminute.versioning.diagrams.layout import Layout, layout
from giveaminute.versioning.diagrams.style import DARK, LIGHT
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

SVG = "{http://www.w3.org/2000/svg}"
ID = Column("id", "int", False, auto_increment=True)


def table(name: str, *columns: Column | str, key: str = "id", refers: dict[str, str] | None = None) -> Table:
    """A table with `key`, these columns (names are nullable ints), and foreign keys by column to `table.column`."""
    made = tuple(Column(each, "int") if isinstance(each, str) else each for each in columns)
    targets = {column: to.split(".") for column, to in (refers or {}).items()}
    keys = tuple(
        ForeignKey(f"fk_{name}_{column}", (column,), other, (referred,))
        for column, (other, referred) in targets.items()
    )
    return Table(name, (replace(ID, name=key), *made), (IndexPart(key),), foreign_keys=keys)


def schema(*tables: Table, **more: object) -> Schema:
    return replace(Schema({each.name: each for each in tables}), **more)  # type: ignore[arg-type]


def box(drawn: Diagram, name: str) -> Box:
    return next(each for each in drawn.boxes if each.name == name)


def marks(drawn: Diagram, name: str) -> dict[str, Mark]:
    return {row.name: row.mark for row in box(drawn, name).rows if row.mark is not Mark.SAME}


def notes(drawn: Diagram, name: str) -> list[str]:
    return [f"{note.mark.sign} {note.words}" for note in box(drawn, name).notes]


def links(drawn: Diagram) -> list[str]:
    return [f"{each.mark.sign or ' '}{'?' if each.implied else ' '} {each.words}" for each in drawn.links]


def grouped(drawn: Diagram) -> dict[str, list[str]]:
    return {group.name: [each.name for each in group.boxes] for group in drawn.groups}


def element(text: str) -> ElementTree.Element:
    """An SVG as an XML parser sees it."""
    return ElementTree.fromstring(text)


def said(text: str) -> str:
    """Everything that an SVG says, as one text."""
    return "\n".join(element(text).itertext())


# What changes


def test_what_is_added_and_removed_is_marked() -> None:
    before = schema(table("gone", "a", "b"), table("kept", "old", Column("other", "text")))
    after = schema(table("come", Column("word", "text")), table("kept", Column("other", "text"), "new", "newer"))
    drawn = diagram(after, before)
    assert {each.name: each.mark for each in drawn.boxes} == {
        "come": Mark.ADDED,
        "gone": Mark.REMOVED,
        "kept": Mark.CHANGED,
    }
    assert marks(drawn, "kept") == {"old": Mark.REMOVED, "new": Mark.ADDED, "newer": Mark.ADDED}
    assert [row.name for row in box(drawn, "kept").rows] == ["id", "old", "other", "new", "newer"]
    assert drawn.changes == (
        "table come is added",
        "table gone is removed",
        "kept: column old is removed",
        "kept: column new is added",
        "kept: column newer is added",
    )


COLUMN = Column("c", "int", True, collation="a_ci")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (replace(COLUMN, type="bigint"), "int → bigint"),
        (replace(COLUMN, nullable=False), "NULL → NOT NULL"),
        (replace(COLUMN, default="0"), "default none → 0"),
        (replace(COLUMN, on_update="CURRENT_TIMESTAMP"), "on update none → CURRENT_TIMESTAMP"),
        (replace(COLUMN, auto_increment=True), "AUTO_INCREMENT no → yes"),
        (replace(COLUMN, collation="b_ci"), "collation a_ci → b_ci"),
        (replace(COLUMN, comment="why"), "comment none → «why»"),
        (replace(COLUMN, generated="1 + 1"), "generated none → (1 + 1) VIRTUAL"),
        (replace(COLUMN, invisible=True), "invisible no → yes"),
    ],
)
def test_what_changes_of_a_column_is_told_at_it(now: Column, told: str) -> None:
    drawn = diagram(schema(table("t", now)), schema(table("t", COLUMN)))
    row = box(drawn, "t").rows[1]
    assert (row.mark, row.changes) == (Mark.CHANGED, (told,))
    assert told in said(svg(drawn))
    assert f'c "changed · {told}' in mermaid(drawn)


def test_a_column_that_moves_is_told() -> None:
    drawn = diagram(schema(table("t", "b", "c", "a")), schema(table("t", "a", "b", "c")))
    assert marks(drawn, "t") == {"a": Mark.CHANGED}
    assert box(drawn, "t").rows[3].changes == ("moved: was 2nd, is 4th",)


def test_what_changes_of_a_table_is_told_below_its_columns() -> None:
    was = replace(table("t", "a", "b"), engine="MyISAM", indexes=(Index("i", (IndexPart("a"),)),))
    now = replace(
        was,
        engine="InnoDB",
        comment="why",
        primary_key=(IndexPart("a"),),
        indexes=(Index("j", (IndexPart("b"),), unique=True),),
        checks=(Check("positive", "a > 0"),),
        triggers=(Trigger("tr", "BEFORE", "INSERT", "t", "SET NEW.a = 1"),),
        partitioning="HASH (a)",
        options=(("row_format", "dynamic"),),
    )
    drawn = diagram(schema(now), schema(was))
    assert notes(drawn, "t") == [
        "~ primary key was (id), is (a)",
        "− index i (a)",
        "+ index j UNIQUE (b)",
        "+ check positive (a > 0)",
        "+ trigger tr on t",
        "~ engine was MyISAM, is InnoDB",
        "~ comment was none, is «why»",
        "~ partitioning was none, is HASH (a)",
        "~ row_format was none, is dynamic",
    ]
    assert "index j UNIQUE (b)" in said(svg(drawn))
    assert "%% t: added: index j UNIQUE (b)" in mermaid(drawn)


def test_a_collation_that_comes_with_the_databases_is_told_once() -> None:
    word = Column("word", "text", collation="a_ci")
    was = schema(replace(table("t", word), collation="a_ci"), charset="a", collation="a_ci")
    now = schema(replace(table("t", replace(word, collation="b_ci")), collation="b_ci"), charset="b", collation="b_ci")
    drawn = diagram(now, was)
    assert marks(drawn, "t") == {}
    assert notes(drawn, "t") == ["~ collation, with the database's"]
    assert [note.words for note in drawn.notes] == ["database: default collation was a_ci, is b_ci"]
    alone = diagram(replace(now, charset="a", collation="a_ci"), was)
    assert notes(alone, "t") == ["~ collation was a_ci, is b_ci"]


def test_views_and_routines_are_told() -> None:
    routine = Routine("f", "FUNCTION", (), "int", "RETURN 1")
    before = schema(views={"old": View("old", "SELECT 1"), "v": View("v", "SELECT 1")})
    after = schema(
        views={"new": View("new", "SELECT 1"), "v": View("v", "SELECT 2")}, routines={("FUNCTION", "f"): routine}
    )
    drawn = diagram(after, before)
    assert {each.name: each.mark for each in drawn.boxes} == {
        "new": Mark.ADDED,
        "old": Mark.REMOVED,
        "v": Mark.CHANGED,
    }
    assert all(each.is_view for each in drawn.boxes)
    assert [(note.mark, note.words) for note in drawn.notes] == [(Mark.ADDED, "function f is added")]
    assert "function f is added" in said(svg(drawn))


def test_references_are_marked() -> None:
    parents = (table("p"), table("q"))
    before = schema(*parents, table("c", "a", "b", "d", refers={"a": "p.id", "b": "p.id"}))
    keys = (
        ForeignKey("fk_c_b", ("b",), "p", ("id",), on_delete="CASCADE"),
        ForeignKey("fk_c_d", ("d",), "q", ("id",)),
    )
    after = schema(*parents, replace(table("c", "a", "b", "d"), foreign_keys=keys))
    drawn = diagram(after, before)
    assert links(drawn) == ["−  c.a → p.id", "   c.b → p.id", "+  c.d → q.id"]
    assert notes(drawn, "c") == [
        "− foreign key fk_c_a (a → p.id)",
        "~ foreign key fk_c_b was b → p.id, is b → p.id ON DELETE CASCADE",
        "+ foreign key fk_c_d (d → q.id)",
    ]
    assert "c.d → q.id (foreign key, added)" in said(svg(drawn))
    assert ': "d (added)"' in mermaid(drawn)


def test_a_reference_that_was_only_a_name_and_is_enforced_now_is_added_once() -> None:
    before = schema(table("project"), table("note", "project_id"))
    after = schema(table("project"), table("note", "project_id", refers={"project_id": "project.id"}))
    assert links(diagram(after, before)) == ["+  note.project_id → project.id"]
    assert links(diagram(before, after)) == ["−  note.project_id → project.id"]


def test_every_mark_is_a_sign_and_a_word_and_not_only_a_colour() -> None:
    drawn = diagram(schema(table("come"), table("kept", "b")), schema(table("gone", "x"), table("kept", "a")))
    text = said(svg(drawn))
    for mark in (Mark.ADDED, Mark.REMOVED, Mark.CHANGED, Mark.RENAMED):
        assert mark.sign in text and mark.value in text
    labels = {each.get("aria-label") for each in element(svg(drawn)).iter(f"{SVG}g")}
    assert {"table come, added", "table gone, removed", "table kept, changed"} <= labels


def test_nothing_is_marked_where_nothing_differs() -> None:
    same = schema(table("t", "a"), table("u", "t_id"))
    drawn = diagram(same, same)
    assert {each.mark for each in drawn.boxes} | {each.mark for each in drawn.links} == {Mark.SAME}
    assert drawn.changes == ()
    assert "none changed" in said(svg(drawn))


# What is only renamed


def test_a_table_and_a_column_that_only_got_another_name_are_told_so() -> None:
    users = table("users", Column("email", "text"), Column("word", "text"))
    before = schema(users, table("post", "author", "size", refers={"author": "users.id"}))
    after = schema(replace(users, name="member"), table("post", "writer", "size", refers={"writer": "member.id"}))
    drawn = diagram(after, before)
    assert (box(drawn, "member").mark, box(drawn, "member").formerly) == (Mark.RENAMED, "users")
    assert notes(drawn, "member") == ["→ was users"]
    assert marks(drawn, "post") == {"writer": Mark.RENAMED}
    assert box(drawn, "post").rows[1].formerly == "author"
    assert drawn.changes[:2] == ("table users is renamed member", "post: column author is renamed writer")
    assert [link.mark for link in drawn.links] == [Mark.CHANGED]  # the key's name
    assert "renamed from users" in str([each.get("aria-label") for each in element(svg(drawn)).iter()])
    assert 'writer FK "renamed from author"' in mermaid(drawn)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("a",), ("b", "c")),  # which of the two?
        (("a",), (Column("b", "text"),)),  # another type
        (("a", "x"), ("x", "b")),  # another place
    ],
)
def test_what_could_be_something_else_is_not_called_renamed(
    before: tuple[Column | str, ...], after: tuple[Column | str, ...]
) -> None:
    drawn = diagram(schema(table("t", *after)), schema(table("t", *before)))
    assert Mark.RENAMED not in marks(drawn, "t").values()
    assert marks(drawn, "t")["a"] is Mark.REMOVED


def test_two_alike_tables_are_not_called_renamed() -> None:
    drawn = diagram(schema(table("b", "x"), table("c", "x")), schema(table("a", "x")))
    assert {each.name: each.mark for each in drawn.boxes} == {
        "a": Mark.REMOVED,
        "b": Mark.ADDED,
        "c": Mark.ADDED,
    }


# Which references a name tells


@pytest.mark.parametrize(
    ("column", "refers"),
    [
        (Column("user_id", "int"), "user.user_id"),
        (Column("to_user_id", "int"), "user.user_id"),
        (Column("user_group_id", "int"), "user_group.id"),
        (Column("image_id", "int unsigned"), "images.id"),
        (Column("user_id", "varchar(64)"), None),
        (Column("superuser_id", "int"), None),
        (Column("user", "int"), None),
        (Column("media_id", "int"), None),
    ],
)
def test_a_name_tells_a_reference_by_the_rule(column: Column, refers: str | None) -> None:
    others = (table("user", key="user_id"), table("user_group"), table("images"), table("facebook_user", key="user_id"))
    drawn = diagram(schema(*others, table("t", column)))
    found = [link for link in drawn.links if link.child == "t"]
    assert [f"{link.parent}.{link.parent_columns[0]}" for link in found] == ([refers] if refers else [])
    assert all(link.implied for link in found)
    assert [link.child for link in drawn.links if link.child != "t"] == ["facebook_user"]
    assert diagram(schema(*others, table("t", column)), implied=False).links == ()


def test_how_many_rows_refer_is_told() -> None:
    one = replace(
        table("one", "p_id", refers={"p_id": "p.id"}), indexes=(Index("u", (IndexPart("p_id"),), unique=True),)
    )
    many = table("many", Column("p_id", "int", False), refers={"p_id": "p.id"})
    drawn = diagram(schema(table("p"), one, many))
    assert {link.child: (link.single, link.optional) for link in drawn.links} == {
        "one": (True, True),
        "many": (False, False),
    }
    text = mermaid(drawn)
    assert '"p" ||--o{ "many" : "p_id"' in text
    assert '"p" |o--o| "one" : "p_id"' in text


# Groups


def test_tables_are_grouped_by_the_first_word_and_by_what_they_refer_to() -> None:
    drawn = diagram(
        schema(
            table("project"),
            table("project_need", "project_id"),
            table("project__user", "project_id", "user_id"),
            table("user"),
            table("user_group"),
            table("twitter", "user_id"),
            table("rule", "step_id"),
            table("step"),
            table("alone"),
        )
    )
    assert grouped(drawn) == {
        "project": ["project", "project__user", "project_need"],
        "user": ["twitter", "user", "user_group"],
        "step": ["rule", "step"],
        "": ["alone"],
    }


def test_a_word_that_all_tables_begin_with_groups_nothing() -> None:
    drawn = diagram(schema(table("app_a"), table("app_b_one"), table("app_b_two")))
    assert grouped(drawn) == {"b": ["app_b_one", "app_b_two"], "": ["app_a"]}


# Names that mean something to somebody else

HOSTILE = (
    "<script>alert(1)</script>",
    '"><image href=x onerror=alert(1)>',
    "]]>",
    "--><!--",
    "&amp;&lt;",
    "'; DROP TABLE x; --",
    "a b\tc\nd",
    "direction  TB",
    "}\nerDiagram",
    "%% x",
    "pk",
    "~x~",
    "```",
    "x\x00\x01\ud800y",
    "表テーブル",
    "e\u0301te\u0301 🏛",
    "x" * 64,
    "",
)


def hostile() -> Schema:
    tables = []
    for name in HOSTILE:
        made = table(name, *(Column(f"{each}{name}"[:80], each or "x", comment=each) for each in HOSTILE))
        keys = tuple(ForeignKey(name, (made.columns[1].name,), other, ("id",)) for other in HOSTILE[:2])
        indexes = (Index(name, (IndexPart(name),)),)
        tables.append(replace(made, comment=name, foreign_keys=keys, indexes=indexes))
    return schema(*tables, views={f"v{name}": View(f"v{name}", name) for name in HOSTILE})


@pytest.mark.parametrize("before", [None, Schema({}), schema(*(table(name, "c") for name in HOSTILE))])
def test_hostile_names_are_harmless_in_svg(before: Schema | None) -> None:
    for standalone in (True, False):
        text = svg(diagram(hostile(), before, title=HOSTILE[0]), standalone=standalone)
        root = element(text)
        tags = {each.tag.removeprefix(SVG) for each in root.iter()}
        assert tags <= {"svg", "g", "title", "desc", "style", "rect", "text", "path", "circle"}
        attributes = {name for each in root.iter() for name in each.attrib}
        assert not {name for name in attributes if name.startswith("on") or "href" in name or name == "style"}
        assert "url(" not in text and "\x00" not in text
        text.encode("utf-8")
    labels = {each.get("aria-label") or "" for each in root.iter()}
    assert any(HOSTILE[0] in label for label in labels)
    assert any("表テーブル" in label for label in labels)


ENTITY = r'    "[^"%\r\n\\]+"(\["[^"%\r\n\\]+"\])?(:::[a-z]+)?( \{)?'
ATTRIBUTE = (
    r"        (?!([pfu]k)\b)[A-Za-z_\u00C0-\uD7FF][A-Za-z0-9_\u00C0-\uD7FF]*(\(\d+\))?"
    r" (?!([pfu]k)\b)[A-Za-z_\u00C0-\uD7FF][A-Za-z0-9_\u00C0-\uD7FF]*( [PFU]K(, [PFU]K)*)?"
    r'( "[^"~\r\n]*")?'
)
RELATION = r'    "[^"%\r\n\\]+" (\|\||\|o)(--|\.\.)(o\{|o\|) "[^"%\r\n\\]+" : "[^"\r\n]*"'
REST = r"---|title: .*|erDiagram|    \}|    %% .*|    classDef [a-z]+ [a-z:#0-9,]+"


def is_mermaid(text: str) -> bool:
    """Whether each line is of a form that Mermaid's grammar has (its parser needs node; these forms were tried)."""
    forms = re.compile("|".join((ENTITY, ATTRIBUTE, RELATION, REST)), re.IGNORECASE)
    return all(forms.fullmatch(line) for line in text.splitlines())


@pytest.mark.parametrize("before", [None, Schema({}), schema(*(table(name, "c") for name in HOSTILE))])
def test_hostile_names_are_harmless_in_mermaid(before: Schema | None) -> None:
    drawn = diagram(hostile(), before, title=HOSTILE[0])
    text = mermaid(drawn)
    assert is_mermaid(text), [line for line in text.splitlines() if not is_mermaid(line)]
    assert "<" not in text and "direction TB" not in text
    entities = re.findall(r'^    ("[^"]+")(?=[\[: {]|$)(?! [|}])', text, re.MULTILINE)
    assert len(entities) == len(set(entities)) == len(list(drawn.boxes))
    assert text.count("\n```") == 0 and markdown(drawn).count("\n```") == 2


# A page that takes nothing but its own


def test_the_part_of_a_page_brings_no_style_and_every_class_is_in_the_stylesheet() -> None:
    drawn = diagram(schema(table("come", "kept_id"), table("kept", "b")), schema(table("gone"), table("kept", "a")))
    inline = element(svg(drawn, standalone=False))
    assert "style" not in {each.tag for each in inline.iter()}
    classes = {each.get("class") for each in inline.iter()} - {None, "er", "er-group", "er-table", "er-link"}
    assert classes and all(f".{name} {{" in STYLE for name in classes)
    assert not {each.get("id") for each in inline.iter()} - {None}
    coloured = [each for each in inline.iter() if each.get("class") in classes]
    assert all(each.get("fill") or each.get("stroke") for each in coloured)
    alone = element(svg(drawn))
    assert [each.text for each in alone.iter(f"{SVG}style")] == [f"\n{STYLE}"]
    assert "prefers-color-scheme: dark" in STYLE and "url(" not in STYLE and "@import" not in STYLE


def test_every_text_can_be_read_on_all_that_it_stands_on() -> None:
    for palette in (LIGHT, DARK):
        tints = [name for name in palette if name.endswith("-tint")]
        for ground in ("page", "panel", "card", "head", *tints):
            for ink in ("ink", "dim"):
                assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)
        for mark in ("added", "removed", "changed", "renamed"):
            assert contrast(palette[mark], palette[f"{mark}-tint"]) >= 4.5, mark
            assert contrast(palette[mark], palette["panel"]) >= 3, mark
        assert contrast(palette["line"], palette["panel"]) >= 3
        assert contrast(palette["frame"], palette["panel"]) >= 3


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Where everything is


def made_up(count: int, salt: int = 0, family: int = 7, sparse: bool = False) -> Schema:
    """Tables in families that refer to the first of theirs, and to up to two others (if `sparse` one in ten does)."""
    names = [f"f{number // family}x_t{number}" for number in range(count)]
    tables = []
    for number, name in enumerate(names):
        chance = (number * 7919 + salt * 104729) % 10007
        to = {"own": f"{names[number // family * family]}.id"}
        to |= {
            f"other{each}": f"{names[chance * each % count]}.id"
            for each in range(1, 1 + chance % 3)[: chance % 10 == 0 if sparse else 2]
        }
        tables.append(table(name, *(f"c{each}" for each in range(chance % 9)), *to, refers=to))
    return schema(*tables)


Segment = tuple[int, int, int, int]


def segments(laid: Layout) -> Iterator[tuple[int, Segment]]:
    """Every straight piece of every net's lines, as x, y, x, y."""
    for number, (_, wires) in enumerate(laid.nets):
        for wire in wires:
            ys = [branch.y for branch in wire.branches]
            yield number, (wire.x, min(ys), wire.x, max(ys))
            for branch in wire.branches:
                yield number, (min(branch.to, wire.x), branch.y, max(branch.to, wire.x), branch.y)


@pytest.mark.parametrize("salt", range(6))
def test_no_line_runs_over_a_card_or_along_another_line_and_no_card_over_another(salt: int) -> None:
    laid = layout(diagram(made_up(40, salt), made_up(38, salt)))
    places = list(laid.cards.values())
    assert len(places) == 40
    for one, other in combinations(places, 2):
        apart_x = one.x + one.width < other.x or other.x + other.width < one.x
        apart_y = one.y + one.height < other.y or other.y + other.height < one.y
        assert apart_x or apart_y
    found = list(segments(laid))
    assert len(found) > 80
    for _, (left, top, right, bottom) in found:
        for place in places:
            over_x = max(left, place.x) < min(right, place.x + place.width) or place.x < left < place.x + place.width
            over_y = max(top, place.y) < min(bottom, place.y + place.height) or place.y < top < place.y + place.height
            assert not (over_x and over_y)
    for (net, one_), (other_net, other_) in combinations(found, 2):
        if net != other_net:
            assert not along(one_, other_)


def along(one: Segment, other: Segment) -> bool:
    """Whether two segments share more than a point."""
    for a, b in ((0, 1), (1, 0)):
        if one[a] == one[a + 2] == other[a] == other[a + 2]:
            return one[b] < other[b + 2] and other[b] < one[b + 2]
    return False


def test_every_reference_is_drawn_from_row_to_row() -> None:
    drawn = diagram(made_up(30))
    laid = layout(drawn)
    ends = {
        (number, branch.end.card, branch.end.link)
        for number, (_, wires) in enumerate(laid.nets)
        for wire in wires
        for branch in wire.branches
        if branch.end
    }
    children = [link for _, _, link in ends if link is not None]
    assert sorted(children, key=link_order) == sorted(drawn.links, key=link_order)
    for number, (net, _) in enumerate(laid.nets):
        assert (number, net.parent, None) in ends
    for _, wires in laid.nets:
        for wire in wires:
            for branch in wire.branches:
                if branch.end is not None:
                    place = laid.cards[branch.end.card]
                    assert branch.to in (place.x, place.x + place.width)
                    assert place.y < branch.y < place.y + place.height


def link_order(link: Link) -> tuple[str, tuple[str, ...]]:
    return link.child, link.columns


def test_an_empty_schema_and_one_table_are_drawn() -> None:
    assert "0 tables" in said(svg(diagram(Schema({}))))
    assert mermaid(diagram(Schema({}))) == "erDiagram\n"
    assert "alone" in said(svg(diagram(schema(Table("alone", ())))))


def test_a_table_that_refers_to_itself_is_drawn() -> None:
    drawn = diagram(schema(table("part", "whole", refers={"whole": "part.id"})))
    assert "part.whole → part.id (foreign key)" in said(svg(drawn))


# The same again


def test_the_same_schema_gives_the_same_bytes_in_any_order() -> None:
    first, last = made_up(40), made_up(40, 1)
    backwards = [Schema(dict(reversed(list(each.tables.items())))) for each in (first, last)]
    for render in (svg, mermaid, markdown):
        assert render(diagram(last, first)) == render(diagram(backwards[1], backwards[0]))


def test_the_same_schema_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib\nfrom tests.versioning.test_diagrams import *\n"
        "drawn = diagram(made_up(40, 1), made_up(40))\n"
        "print(hashlib.sha256((svg(drawn) + mermaid(drawn)).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_two_thousand_tables_take_no_more_than_their_share() -> None:
    def seconds(count: int) -> float:
        drawn = diagram(made_up(count, sparse=True))
        start = time.process_time()
        svg(drawn)
        mermaid(drawn)
        return time.process_time() - start

    assert seconds(2000) < 60 * max(seconds(200), 0.05)
