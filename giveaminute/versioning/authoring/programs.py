"""Views, triggers, checks and the database's defaults: what only SQL of the one family can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from giveaminute.settings import MYSQL, SQLITE
from giveaminute.versioning.authoring.definitions import name_in_sql
from giveaminute.versioning.authoring.python_text import Statement, call, quoted
from giveaminute.versioning.dialects import mysql_ddl
from giveaminute.versioning.schema import Check, Schema, Table, Trigger, View

Pairs = Sequence[tuple[Table, Table]]
_CONDITIONS = {MYSQL: 'op.dialect == "mysql"', SQLITE: 'op.dialect == "sqlite"'}


def drop(before: Schema, after: Schema, family: str) -> Iterator[Statement]:
    """Drop the triggers and views that go or change; a table that goes takes its triggers along."""
    for table, trigger in _triggers(before):
        if trigger not in _of(after, table) and table in {**after.tables, **after.views}:
            yield _sql(family, f"DROP TRIGGER IF EXISTS {name_in_sql(trigger.name)}")
    for name, view in before.views.items():
        if _bare(view) != _bare(after.views.get(name)):
            yield _sql(family, f"DROP VIEW IF EXISTS {name_in_sql(name)}")


def create(before: Schema, after: Schema, family: str) -> Iterator[Statement]:
    """Create the views and triggers that come or change, and set the defaults; each replaces one of its name."""
    if (before.charset, before.collation) != (after.charset, after.collation) and after.collation:
        yield _sql(family, f"ALTER DATABASE DEFAULT CHARACTER SET {after.charset} COLLATE {after.collation}")
    for name, view in after.views.items():
        if _bare(view) != _bare(before.views.get(name)):
            if name not in before.views:
                yield _sql(family, f"DROP VIEW IF EXISTS {name_in_sql(name)}")
            yield _sql(family, _view_sql(view, family))
    for table, trigger in _triggers(after):
        if trigger not in _of(before, table):
            if trigger.name not in {each.name for each in _of(before, table)}:
                yield _sql(family, f"DROP TRIGGER IF EXISTS {name_in_sql(trigger.name)}")
            yield _sql(family, _trigger_sql(trigger, family))


def _triggers(schema: Schema) -> Iterator[tuple[str, Trigger]]:
    for name in (*schema.tables, *schema.views):
        for trigger in _of(schema, name):
            yield name, trigger


def _of(schema: Schema, name: str) -> tuple[Trigger, ...]:
    owner = schema.tables.get(name) or schema.views.get(name)
    return owner.triggers if owner else ()


def _bare(view: View | None) -> View | None:
    return replace(view, triggers=()) if view else None


def _sql(family: str, sql: str) -> Statement:
    return Statement(call("op.execute", quoted(sql)), _CONDITIONS[family])


def _view_sql(view: View, family: str) -> str:
    return view.source if family == SQLITE else mysql_ddl.view(view)


def _trigger_sql(trigger: Trigger, family: str) -> str:
    if family == SQLITE:
        return trigger.source
    moment = f"{trigger.timing} {trigger.event} ON {name_in_sql(trigger.table)}"
    return f"CREATE TRIGGER {name_in_sql(trigger.name)} {moment} FOR EACH ROW {trigger.source or trigger.body}"


def drop_checks(pairs: Pairs, without_form: list[str], *, guarded: bool) -> Iterator[Statement]:
    """Drop the checks that go; one without a name cannot be told from others."""
    for before, after in pairs:
        for check in before.checks:
            if check in after.checks:
                continue
            if check.name is None:
                words = f"{before.name}: the check {check.expression} has no name to drop it by"
                without_form.append(words)
                yield Statement(f"# {words}.")
            else:
                names = (quoted(check.name), quoted(before.name))
                condition = _has(before, check) if guarded else ""
                yield Statement(call("op.drop_constraint", *names, type_='"check"'), condition)


def create_checks(pairs: Pairs, *, guarded: bool) -> Iterator[Statement]:
    """Create the checks that come."""
    for before, after in pairs:
        for check in after.checks:
            if check not in before.checks:
                name = quoted(check.name) if check.name else "None"
                code = call("op.create_check_constraint", name, quoted(after.name), quoted(check.expression))
                yield Statement(code, f"not {_has(after, check)}" if guarded and check.name else "")


def _has(table: Table, check: Check) -> str:
    return f"op.has_check({quoted(table.name)}, {quoted(str(check.name))})"
