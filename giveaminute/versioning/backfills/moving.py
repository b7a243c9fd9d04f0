"""What would move a row along the key that it is walked by, though no column of that key is given a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from giveaminute.versioning.schema import Column, Table, Trigger
from giveaminute.versioning.sqltokens import Syntax, bare, tokens


def moved_by_any(table: Table, key: Sequence[str], syntax: Syntax) -> str | None:
    """What changes the key at each change of a row, whichever column it is of; None for nothing. Reads no database."""
    for column in _columns(table, key):
        if column.on_update is not None:
            return f"{column.name} is set anew by ON UPDATE"
    names = {name.lower() for name in key}
    for trigger in table.triggers:
        if "UPDATE" in trigger.event.upper() and not names.isdisjoint(_assigned(trigger, table, syntax)):
            return f"the trigger {trigger.name} gives it another value"
    return None


def moved_by(table: Table, name: str, key: Sequence[str]) -> str | None:
    """The generated column of the key that a change of the column `name` changes; None for none."""
    changed, before = {name.lower()}, 0
    while len(changed) > before:  # one may be made of another
        before = len(changed)
        made = (column for column in table.columns if column.generated is not None)
        changed |= {column.name.lower() for column in made if not changed.isdisjoint(_names(column.generated or ""))}
    return next((column.name for column in _columns(table, key) if column.name.lower() in changed), None)


def _columns(table: Table, key: Sequence[str]) -> Iterator[Column]:
    names = {name.lower() for name in key}
    return (column for column in table.columns if column.name.lower() in names)


def _names(sql: str, syntax: Syntax = Syntax.MYSQL) -> list[str]:
    return [bare(token).lower() for token in tokens(sql, syntax)]


def _assigned(trigger: Trigger, table: Table, syntax: Syntax) -> Iterator[str]:
    """The columns of the table that a trigger gives a value: by `NEW.`, or on SQLite by an UPDATE of the table."""
    body = _names(trigger.body, syntax)
    if syntax is Syntax.MYSQL:
        for before, row, dot, name, after in zip(body, body[1:], body[2:], body[3:], [*body[4:], ""], strict=False):
            if (row, dot) == ("new", ".") and (before == "into" or (before in ("set", ",") and after in ("=", ":="))):
                yield name
        return
    updates = False
    for place, token in enumerate(body[:-1]):
        if token == "update":
            updates = table.name.lower() in body[place + 1 : place + 4]
        elif token in (";", "where", "from"):
            updates = False
        elif updates and token in ("set", ","):
            yield body[place + 1]
