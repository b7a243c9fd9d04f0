"""The rules about what a migration leaves, judged at its end, when what it undoes itself is undone: pure."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.versioning.linting import rules
from giveaminute.versioning.linting.facts import Observed
from giveaminute.versioning.linting.faults import Fault
from giveaminute.versioning.linting.lineage import Followed, Lineage
from giveaminute.versioning.linting.types import Family, cuts, refuses, type_of
from giveaminute.versioning.schema import Column, Table

_TWO_RELEASES = "First release code that does not name it any more; drop it in a later release."
_RENAMED = (
    "Add the new one beside it, let the code write both, move the values with op.backfill, and drop the old one in a"
    " later release."
)
_RENAMED_TABLE = (
    "Leave a view of the old name for the old code: CREATE VIEW {old} AS SELECT * FROM {new}; or keep the name."
)
_NO_DEFAULT = "Give it a server_default, or let it be NULL until the code that writes it has been released."
_NOT_NULL = "First release code that always writes a value, then fill what is NULL, and make it NOT NULL after that."
_INSERTS = "During a deploy the old code still runs, and its INSERTs, which do not name the column, fail."
_SHORTER = "First release code that writes no such values, then change the type."


def of_outcome(observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    """What is lost, and what the code of the release before will miss."""
    for table in lineage.tables:
        if table.start is None:
            continue
        if table.name is None:
            yield from _dropped(table, observed, lineage)
        else:
            yield from _lost_columns(table, observed)
            yield from _missed(table, observed)
    for view in sorted(observed.views):
        if lineage.at(view) is None:
            yield from _of_view(view, observed)


def _of_view(view: str, observed: Observed) -> Iterator[Fault]:
    before, after = observed.views[view], observed.views_after.get(view)
    if after is None:
        gone = [f"the view {view} is gone"]
    elif before and not after:
        gone = [f"the view {view} does not work any more"]
    else:
        gone = [f"the column {view}.{column} of a view is gone" for column in sorted(before - after)]
    for words in gone:
        yield Fault(rules.BREAKS_RUNNING_CODE, observed.views_changed.get(view), words, instead=_TWO_RELEASES)


def _behind_view(table: Table, observed: Observed) -> Iterator[Fault]:
    """What a view in the table's place does not show."""
    for column in table.columns:
        if column.name not in observed.views_after[table.name]:
            seen, words = observed.views_changed.get(table.name), f"the view {table.name} has no column {column.name}"
            yield Fault(rules.BREAKS_RUNNING_CODE, seen, words, instead=_TWO_RELEASES)


def _dropped(table: Followed, observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    assert table.start is not None
    name = table.start.name
    if not (observed.irreversible or name in observed.declared_lost or table.is_safe()):
        words = f"the table {name} is dropped with its rows"
        yield Fault(rules.LOSES_DATA, table.dropped, words, instead=_keep(table.start))
    again = lineage.at(name)
    if again is None and observed.views_after.get(name):
        yield from _behind_view(table.start, observed)
    elif again is None:
        yield Fault(rules.BREAKS_RUNNING_CODE, table.dropped, f"the table {name} is gone", instead=_TWO_RELEASES)
    for column in table.start.columns if again is not None else ():
        if again is not None and again.known.column(column.name) is None:
            words = f"the column {name}.{column.name} is gone"
            yield Fault(rules.BREAKS_RUNNING_CODE, again.altered, words, instead=_TWO_RELEASES)


def _lost_columns(table: Followed, observed: Observed) -> Iterator[Fault]:
    assert table.start is not None
    for name, seen in table.gone.items():
        column = table.start.column(name)
        if column is not None and column.generated is None and not _is_declared(table, name, observed):
            words = f"the column {table.start.name}.{name} is dropped with its values"
            yield Fault(rules.LOSES_DATA, seen, words, instead=_keep(table.start, name))
    for old, new in table.pairs():
        if old is not None and cuts(old, new) and not _is_declared(table, old.name, observed):
            words = f"{table.start.name}.{old.name} becomes {_from(old, new)}, which rounds or cuts values"
            yield Fault(rules.LOSES_DATA, table.changed.get(new.name), words, instead=_keep(table.start, old.name))


def _keep(table: Table, column: str | None = None) -> str:
    """How to keep it, or to say that it may go."""
    names = dict.fromkeys([*(part.column for part in table.primary_key), column])
    listed = ", ".join(f'"{name}"' for name in names)
    columns = f", columns=[{listed}]" if column else ""
    name = f"{table.name}.{column}" if column else table.name
    call = f'op.keep("{table.name}", reason="…"{columns})'
    return f'Keep it first: {call}; or say that it may go: loses = {{"{name}": "why"}}.'


def _is_declared(table: Followed, column: str, observed: Observed) -> bool:
    """Whether it is said that the values go, or they lie somewhere else."""
    assert table.start is not None
    said = {table.start.name, f"{table.start.name}.{column}"} & observed.declared_lost
    return observed.irreversible or bool(said) or table.is_safe(column)


def _missed(table: Followed, observed: Observed) -> Iterator[Fault]:
    """What is not where the old code looks for it, or does not take what it writes."""
    assert table.start is not None
    name = table.start.name
    if table.name != name and observed.views_after.get(name):
        yield from _behind_view(table.start, observed)
    else:
        yield from _missed_names(table)
    for old, new in table.pairs():
        yield from _harder(table, old, new, observed)


def _missed_names(table: Followed) -> Iterator[Fault]:
    """What is called otherwise now, or gone."""
    assert table.start is not None
    name = table.start.name
    if table.name != name:
        instead = _RENAMED_TABLE.format(old=name, new=table.name)
        yield Fault(rules.BREAKS_RUNNING_CODE, table.left, f"the table {name} is now {table.name}", instead=instead)
    here = {column.name for column in table.known.columns}
    for column in table.start.columns:
        now = table.now.get(column.name, column.name)
        if now in here and now != column.name:
            seen, words = table.changed.get(now), f"the column {name}.{column.name} is now {now}"
            yield Fault(rules.BREAKS_RUNNING_CODE, seen, words, instead=_RENAMED)
        elif column.name not in here:
            seen, words = table.gone.get(column.name), f"the column {name}.{column.name} is gone"
            yield Fault(rules.BREAKS_RUNNING_CODE, seen, words, instead=_TWO_RELEASES)


def _harder(table: Followed, old: Column | None, new: Column, observed: Observed) -> Iterator[Fault]:
    """A column that takes less than the old code writes."""
    assert table.start is not None
    seen, what = table.changed.get(new.name), f"{table.start.name}.{new.name}"
    if _wants_value(table, new, observed):
        if old is None:
            yield Fault(
                rules.BREAKS_RUNNING_CODE,
                seen,
                f"{what} is new, NOT NULL and without a default",
                _INSERTS,
                _NO_DEFAULT,
            )
        elif not _wants_value(table, old, observed) and not old.nullable:
            yield Fault(rules.BREAKS_RUNNING_CODE, seen, f"{what} has no default any more", _INSERTS, _NO_DEFAULT)
    if old is None:
        return
    if old.nullable and not new.nullable:
        yield Fault(rules.BREAKS_RUNNING_CODE, seen, f"{what} is NOT NULL now", instead=_NOT_NULL)
    if refuses(old, new):
        words = f"{what} becomes {_from(old, new)}, which takes less"
        yield Fault(rules.BREAKS_RUNNING_CODE, seen, words, instead=_SHORTER)


def _from(old: Column, new: Column) -> str:
    charsets = [f" {each.charset}" if old.charset != new.charset and each.charset else "" for each in (new, old)]
    return f"{new.type.lower()}{charsets[0]} from {old.type.lower()}{charsets[1]}"


def _wants_value(table: Followed, column: Column, observed: Observed) -> bool:
    """Whether an INSERT that does not name it fails. An ENUM's first value is its default on MySQL, said or not."""
    given = column.default is not None or column.auto_increment or column.generated is not None
    is_key = not observed.is_server and column.name in {part.column for part in table.known.primary_key}
    is_enum = type_of(column).family is Family.CHOICE and type_of(column).name == "enum"
    return not (column.nullable or given or is_key or is_enum)
