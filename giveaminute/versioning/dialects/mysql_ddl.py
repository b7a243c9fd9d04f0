"""A schema as SQL that MySQL and MariaDB both load: the same text, whichever of them the schema was read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from giveaminute.errors import MigrationToolError
from giveaminute.versioning.dialects.mysql import quote
from giveaminute.versioning.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table, Trigger, View
from giveaminute.versioning.sqltokens import Syntax, tokens

_KINDS = {"btree": "KEY", "hash": "KEY", "fulltext": "FULLTEXT KEY", "spatial": "SPATIAL KEY"}


def render(schema: Schema) -> Iterator[str]:
    """Its statements without their semicolons: tables by name, views in an order that they can be made in, triggers.

    A reader switches foreign key checks off, since tables refer to later ones. Raises MigrationToolError for what
    has no portable form (a routine).
    """
    if schema.collation:
        yield f"ALTER DATABASE DEFAULT CHARACTER SET {schema.charset} COLLATE {schema.collation}"
    for name in sorted(schema.tables):
        yield table(schema.tables[name])
    for kind, name in schema.routines:
        raise MigrationToolError(
            f"The {kind.lower()} {name} has no form that MySQL and MariaDB share.", "Create it in a migration only."
        )
    for each in in_order(schema.views):
        yield view(each)
    for name in sorted(schema.tables):
        yield from (_trigger(each) for each in schema.tables[name].triggers)


def in_order(views: Mapping[str, View]) -> list[View]:
    """By name, but each after those that its definition names: a server refuses a view on what is not there."""
    named = {name: _named(each.definition) for name, each in views.items()}
    ordered: list[View] = []
    waiting = sorted(views)
    while waiting:
        free = [
            name for name in waiting if not any(other != name and other.lower() in named[name] for other in waiting)
        ]
        chosen = (free or waiting)[0]
        ordered.append(views[chosen])
        waiting.remove(chosen)
    return ordered


def _named(definition: str) -> set[str]:
    """What may be tables in it: neither a column, which servers write as `table`.`column`, nor what AS calls it."""
    found = list(tokens(definition, Syntax.MYSQL))
    pairs = zip(["", *found], found, strict=False)
    return {token.strip("`").lower() for before, token in pairs if before.lower() not in (".", "as")}


def table(table: Table) -> str:
    """CREATE TABLE, without its triggers."""
    lines = [_column(column, table) for column in table.columns]
    if table.primary_key:
        lines.append(f"PRIMARY KEY {_parts(table.primary_key)}")
    lines += [_index(index) for index in table.indexes]
    lines += [_foreign_key(key) for key in table.foreign_keys]
    lines += [_check(check) for check in table.checks]
    body = ",\n  ".join(lines)
    return f"CREATE TABLE {quote(table.name)} (\n  {body}\n){_options(table)}"


def _column(column: Column, table: Table) -> str:
    words = [quote(column.name), column.type]
    if column.collation and column.collation != table.collation:
        words.append(f"COLLATE {column.collation}")
    if column.generated is not None:
        words.append(f"GENERATED ALWAYS AS ({column.generated}) {'STORED' if column.stored else 'VIRTUAL'}")
    if not column.nullable:
        words.append("NOT NULL")
    elif column.type.startswith("timestamp"):
        words.append("NULL")  # without the word old servers make it NOT NULL
    if column.default is not None:
        words.append(f"DEFAULT {column.default}")
    elif column.nullable and column.generated is None and column.type.startswith("timestamp"):
        words.append("DEFAULT NULL")
    if column.on_update:
        words.append(f"ON UPDATE {column.on_update}")
    if column.auto_increment:
        words.append("AUTO_INCREMENT")
    if column.comment:
        words.append(f"COMMENT {literal(column.comment)}")
    return " ".join(words)


def _index(index: Index) -> str:
    kind = "UNIQUE KEY" if index.unique else _KINDS[index.kind]
    comment = f" COMMENT {literal(index.comment)}" if index.comment else ""
    return f"{kind} {quote(index.name)} {_parts(index.parts)}{comment}"


def _parts(parts: tuple[IndexPart, ...]) -> str:
    return f"({', '.join(_part(part) for part in parts)})"


def _part(part: IndexPart) -> str:
    name = part.column if part.column.startswith("(") else quote(part.column)
    length = f"({part.length})" if part.length is not None else ""
    return f"{name}{length}{' DESC' if part.descending else ''}"


def _foreign_key(key: ForeignKey) -> str:
    columns = ", ".join(map(quote, key.columns))
    referred = ", ".join(map(quote, key.referred_columns))
    actions = "".join(
        f" ON {event} {action}"
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if action != "NO ACTION"
    )
    table = quote(key.referred_table)
    return f"CONSTRAINT {quote(str(key.name))} FOREIGN KEY ({columns}) REFERENCES {table} ({referred}){actions}"


def _check(check: Check) -> str:
    name = f"CONSTRAINT {quote(check.name)} " if check.name else ""
    return f"{name}CHECK ({check.expression})"


def _options(table: Table) -> str:
    words = [f"ENGINE={table.engine}"] if table.engine else []
    if table.collation:
        words.append(f"DEFAULT CHARSET={table.collation.split('_')[0]} COLLATE={table.collation}")
    words += [f"{name.upper()}={value}" for name, value in table.options]
    if table.comment:
        words.append(f"COMMENT={literal(table.comment)}")
    text = "".join(f" {word}" for word in words)
    return f"{text}\n{table.partitioning}" if table.partitioning else text


def view(view: View) -> str:
    """CREATE VIEW, without a definer."""
    check = f" WITH {view.check_option} CHECK OPTION" if view.check_option != "NONE" else ""
    return f"CREATE SQL SECURITY {view.security} VIEW {quote(view.name)} AS {view.definition}{check}"


def _trigger(trigger: Trigger) -> str:
    moment = f"{trigger.timing} {trigger.event} ON {quote(trigger.table)}"
    return f"CREATE TRIGGER {quote(trigger.name)} {moment} FOR EACH ROW {trigger.body}"


def literal(text: str) -> str:
    """A text as it is written in SQL, in a session whose backslashes escape."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
