"""Views, triggers, checks and the database's defaults: what only SQL of the one family can say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from giveaminute.settings import MYSQL, SQLITE
from giveaminute.versioning.authoring.definitions import name_in_sql
from giveaminute.versioning.authoring.python_text import Statement, call, quoted
from giveaminute.versioning.authoring.way import Way
from giveaminute.versioning.dialects import mysql_ddl
from giveaminute.versioning.schema import Check, Schema, Table, Trigger, View

_CONDITIONS = {MYSQL: 'op.dialect == "mysql"', SQLITE: 'op.dialect == "sqlite"'}


def drop(way: Way) -> Iterator[Statement]:
    """Drop the triggers and views that go or change; a table that goes takes its triggers along."""
    before, after, family = way.before.schema, way.after.schema, way.after.family
    for table, trigger in _triggers(before):
        if trigger not in _of(after, table) and table in {**after.tables, **after.views}:
            dropped = _sql(family, f"DROP TRIGGER IF EXISTS {name_in_sql(trigger.name)}")
            is_other = trigger.name in {each.name for each in _of(after, table)}
            yield from [dropped] if is_other else way.going(table, f"trigger {trigger.name}", dropped)
    for name, view in before.views.items():
        if _bare(view) != _bare(after.views.get(name)):
            dropped = _sql(family, f"DROP VIEW IF EXISTS {name_in_sql(name)}")
            yield from [dropped] if name in after.views else way.going(name, "", dropped)


def create(way: Way) -> Iterator[Statement]:
    """Create the views and triggers that come or change, and set the defaults; each replaces one of its name."""
    before, after, family = way.before.schema, way.after.schema, way.after.family
    if (before.charset, before.collation) != (after.charset, after.collation) and after.collation:
        yield _sql(family, f"ALTER DATABASE DEFAULT CHARACTER SET {after.charset} COLLATE {after.collation}")
    for view in mysql_ddl.in_order(after.views):
        name = view.name
        if _bare(view) != _bare(before.views.get(name)):
            if name not in before.views:
                yield from way.note(name, "", f"{_CONDITIONS[family]} and not op.has_table({quoted(name)})")
                yield _sql(family, f"DROP VIEW IF EXISTS {name_in_sql(name)}")
            yield _sql(family, _view_sql(view, family))
    for table, trigger in _triggers(after):
        if trigger not in _of(before, table):
            if trigger.name not in {each.name for each in _of(before, table)}:
                if table in {**before.tables, **before.views}:
                    condition = f"{_CONDITIONS[family]} and not op.has_trigger({quoted(trigger.name)})"
                    yield from way.note(table, f"trigger {trigger.name}", condition)
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


def drop_checks(way: Way) -> Iterator[Statement]:
    """Drop the checks that go; one without a name cannot be told from others."""
    for before, after in way.pairs:
        for check in before.checks:
            if check in after.checks:
                continue
            if check.name is None:
                words = f"{before.name}: the check {check.expression} has no name to drop it by"
                way.without_form.append(words)
                yield Statement(f"# {words}.")
            else:
                names = (quoted(check.name), quoted(before.name))
                dropped = Statement(
                    call("op.drop_constraint", *names, type_='"check"'), way.condition(_has(before, check))
                )
                yield from way.going(before.name, f"check {check.name}", dropped)


def create_checks(way: Way) -> Iterator[Statement]:
    """Create the checks that come."""
    for before, after in way.pairs:
        for check in after.checks:
            if check not in before.checks:
                name = quoted(check.name) if check.name else "None"
                code = call("op.create_check_constraint", name, quoted(after.name), quoted(check.expression))
                made = Statement(code, way.condition(f"not {_has(after, check)}") if check.name else "")
                yield from way.coming(after.name, f"check {check.name}", made) if check.name else [made]


def _has(table: Table, check: Check) -> str:
    return f"op.has_check({quoted(table.name)}, {quoted(str(check.name))})"
