"""The tables and views of a diagram, with what became of each of their parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from giveaminute.versioning.compare import Difference, Kind, Wording, compare_tables
from giveaminute.versioning.describe import comment_text, generated
from giveaminute.versioning.diagrams.facts import Box, Mark, Note, Row
from giveaminute.versioning.diagrams.renames import Renames
from giveaminute.versioning.schema import Column, Schema, Table, View

WORDING = Wording("was", "is", "is removed", "is added")
_OF_COLUMNS = {
    Kind.COLUMN,
    Kind.POSITION,
    Kind.TYPE,
    Kind.NULLABLE,
    Kind.DEFAULT,
    Kind.ON_UPDATE,
    Kind.AUTO_INCREMENT,
    Kind.GENERATED,
    Kind.VISIBILITY,
}


def boxes(after: Schema, before: Schema | None, found: Renames) -> Iterator[Box]:
    """Every table, then every view, by name; `before` has the new names already."""
    old = after if before is None else before
    defaults = (old.collation, after.collation)
    for name in sorted({**old.tables, **after.tables}):
        yield _table_box(old.tables.get(name), after.tables.get(name), found, defaults)
    for name in sorted({**old.views, **after.views}):
        yield _view_box(old.views.get(name), after.views.get(name))


def _table_box(was: Table | None, now: Table | None, found: Renames, defaults: tuple[str | None, str | None]) -> Box:
    """`defaults`: the database's collation before and after."""
    table = now or was
    assert table is not None
    is_renamed = found.former_table(table.name) is not None or table.name in found.columns
    if was is None or now is None or (was == now and not is_renamed):
        mark = _presence(was is not None, now is not None)
        return Box(table.name, tuple(_row(each, table) for each in table.columns), comment=table.comment, mark=mark)
    differences = compare_tables(was, now, WORDING)
    moved = {each.name: each.words for each in differences if each.kind is Kind.POSITION}
    rows = tuple(_rows(was, now, moved, found))
    follows = (was.collation, now.collation) == defaults
    notes = tuple(_note(each, now, follows) for each in differences if not _is_of_column(each))
    formerly = found.former_table(now.name)
    if formerly is not None:
        notes = (Note(Mark.RENAMED, f"was {formerly}"), *notes)
    is_same = not notes and all(row.mark is Mark.SAME for row in rows)
    mark = Mark.RENAMED if formerly is not None else Mark.SAME if is_same else Mark.CHANGED
    return Box(now.name, rows, comment=now.comment, mark=mark, formerly=formerly, notes=notes)


def _presence(was: bool, now: bool) -> Mark:
    return Mark.SAME if was and now else Mark.ADDED if now else Mark.REMOVED


def _is_of_column(difference: Difference) -> bool:
    """Whether it is told at a column's row; a collation or comment is of the table where it has the table's name."""
    if difference.kind in (Kind.COLLATION, Kind.COMMENT):
        return difference.words.startswith(f"{difference.table}.{difference.name}:")
    return difference.kind in _OF_COLUMNS


def _rows(was: Table, now: Table, moved: Mapping[str, str], found: Renames) -> Iterator[Row]:
    """The columns as they are now, those that are gone behind the one that they were behind."""
    gone: dict[str | None, list[Column]] = {}
    behind = None
    for column in was.columns:
        if now.column(column.name) is None:
            gone.setdefault(behind, []).append(column)
        else:
            behind = column.name
    for column in gone.get(None, ()):
        yield _row(column, was, Mark.REMOVED)
    for column in now.columns:
        old = was.column(column.name)
        if old is None:
            yield _row(column, now, Mark.ADDED)
        else:
            changes = tuple(_changes(old, column, was, now, moved.get(column.name)))
            formerly = found.former_column(now.name, column.name)
            mark = Mark.RENAMED if formerly is not None else Mark.CHANGED if changes else Mark.SAME
            yield _row(column, now, mark, formerly, changes)
        for each in gone.get(column.name, ()):
            yield _row(each, was, Mark.REMOVED)


def _row(
    column: Column, table: Table, mark: Mark = Mark.SAME, formerly: str | None = None, changes: tuple[str, ...] = ()
) -> Row:
    return Row(column.name, column.type, column.nullable, _keys(column, table), column.comment, mark, formerly, changes)


def _keys(column: Column, table: Table) -> tuple[str, ...]:
    unique = any(each.unique and [part.column for part in each.parts] == [column.name] for each in table.indexes)
    roles = (
        ("PK", any(part.column == column.name for part in table.primary_key)),
        ("FK", any(column.name in key.columns for key in table.foreign_keys)),
        ("UK", unique),
    )
    return tuple(key for key, is_so in roles if is_so)


def _changes(was: Column, now: Column, old: Table, new: Table, moved: str | None) -> Iterator[str]:
    """What is different, `was → is`. A collation that goes with the table's is told at the table."""
    facts: list[tuple[str, object, object]] = [
        ("", was.type, now.type),
        ("", "NULL" if was.nullable else "NOT NULL", "NULL" if now.nullable else "NOT NULL"),
        ("default ", was.default, now.default),
        ("on update ", was.on_update, now.on_update),
        ("AUTO_INCREMENT ", _yes(was.auto_increment), _yes(now.auto_increment)),
        ("generated ", generated(was), generated(now)),
        ("invisible ", _yes(was.invisible), _yes(now.invisible)),
        ("comment ", comment_text(was.comment), comment_text(now.comment)),
    ]
    if (was.collation, now.collation) != (old.collation, new.collation):
        facts.append(("collation ", was.collation, now.collation))
    for name, before, after in facts:
        if before != after:
            yield f"{name}{_value(before)} → {_value(after)}"
    if moved is not None:
        yield "moved: " + moved.partition(f"column {now.name} ")[2]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _value(value: object) -> str:
    return "none" if value in (None, "") else str(value)


def _note(difference: Difference, table: Table, follows: bool) -> Note:
    """`follows`: its collation is the database's, before and after."""
    if difference.kind is Kind.COLLATION and follows:
        return Note(Mark.CHANGED, "collation, with the database's")
    words = difference.words.removeprefix(f"{table.name}: ")
    if words.endswith(f" {WORDING.extra}"):
        return Note(Mark.ADDED, words.removesuffix(f" {WORDING.extra}"))
    if words.endswith(f" {WORDING.missing}"):
        return Note(Mark.REMOVED, words.removesuffix(f" {WORDING.missing}"))
    return Note(Mark.CHANGED, words)


def _view_box(was: View | None, now: View | None) -> Box:
    view = now or was
    assert view is not None
    mark = _presence(was is not None, now is not None)
    notes = []
    if was is not None and now is not None and was != now:
        mark = Mark.CHANGED
        notes.append(Note(Mark.CHANGED, "definition" if was.definition != now.definition else "options or triggers"))
    return Box(view.name, is_view=True, mark=mark, notes=tuple(notes))
