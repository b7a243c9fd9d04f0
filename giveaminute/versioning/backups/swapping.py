"""Putting loaded tables in the place of others, in one statement of the server.

Triggers cannot follow a table into another database, and views, routines and events cannot be moved at all: they are
dropped here and made again by whoever restores.
"""

from __future__ import annotations

from collections.abc import Iterable

from giveaminute.settings import SQLITE
from giveaminute.versioning.backups.mysql import asked, quoted
from giveaminute.versioning.database import Database
from giveaminute.versioning.scratch import MARK


def tables_of(database: Database, schema: str) -> list[str]:
    """The tables and sequences of a database by name, without the mark of scratch databases."""
    rows = database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = :schema"
        " AND table_type NOT LIKE '%VIEW' AND table_name <> :mark ORDER BY table_name",
        {"schema": schema, "mark": MARK},
    )
    return [name for (name,) in rows]


def contents(database: Database) -> list[str]:
    """The names of all that a restore would replace: tables, views, on servers also routines and events. Only asks."""
    found = database.tables()
    if database.url.family != SQLITE:
        for kind in ("routine", "event"):
            rows = database.query(
                f"SELECT {kind}_name FROM information_schema.{kind}s WHERE {kind}_schema = DATABASE() ORDER BY 1"
            )
            found += [name for (name,) in rows]
    return found


def drop_triggers(database: Database, schema: str) -> None:
    """All of a database's triggers."""
    rows = database.query(
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = :schema", {"schema": schema}
    )
    _drop(database, schema, (("TRIGGER", name) for (name,) in rows))


def move(database: Database, moves: Iterable[tuple[str, str, str]]) -> None:
    """Move tables (from a database, to a database, name) all at once or not at all; foreign keys follow them."""
    pairs = [f"{quoted(here)}.{quoted(name)} TO {quoted(there)}.{quoted(name)}" for here, there, name in moves]
    if pairs:
        asked(database, "SET SESSION foreign_key_checks = 0")
        asked(database, f"RENAME TABLE {', '.join(pairs)}")


def drop_programs(database: Database, schema: str) -> None:
    """All of a database's views, routines and events."""
    views = database.query(
        "SELECT table_name FROM information_schema.views WHERE table_schema = :schema", {"schema": schema}
    )
    routines = database.query(
        "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = :schema"
        " ORDER BY routine_type DESC",  # the body of a package before the package
        {"schema": schema},
    )
    events = database.query(
        "SELECT event_name FROM information_schema.events WHERE event_schema = :schema", {"schema": schema}
    )
    _drop(database, schema, (("EVENT", name) for (name,) in events))
    _drop(database, schema, (("VIEW", name) for (name,) in views))
    _drop(database, schema, ((str(kind), str(name)) for kind, name in routines))


def drop_everything(database: Database, schema: str) -> None:
    """All that is in a database."""
    drop_programs(database, schema)
    asked(database, "SET SESSION foreign_key_checks = 0")
    _drop(database, schema, (("TABLE", name) for name in tables_of(database, schema)))


def _drop(database: Database, schema: str, objects: Iterable[tuple[str, str]]) -> None:
    for kind, name in objects:
        asked(database, f"DROP {kind} IF EXISTS {quoted(schema)}.{quoted(name)}")
