"""Putting loaded tables in the place of others, in one statement of the server.

Triggers cannot follow a table into another database, and views, routines and events cannot be moved at all: they are
dropped here and made again by whoever restores.
"""

from __future__ import annotations

from collections.abc import Iterable

from giveaminute.settings import SQLITE
from giveaminute.versioning.backups.mysql import NOT_DUMPED, asked
from giveaminute.versioning.database import Database

LOCK_WAIT = 3
"""Seconds to wait for the tables once the triggers are gone."""


def tables_of(database: Database, schema: str) -> list[str]:
    """The tables and sequences of a database by name, without those that say what a database is."""
    rows = database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = :schema"
        " AND table_type NOT LIKE '%VIEW' ORDER BY table_name",
        {"schema": schema},
    )
    return [name for (name,) in rows if name not in NOT_DUMPED]


def contents(database: Database) -> list[str]:
    """The names of all that a restore would replace: tables, views, on servers also routines and events. Only asks."""
    found = [name for name in database.tables() if name not in NOT_DUMPED]
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


def wait_for_users(database: Database, schema: str) -> None:
    """Let those finish who use the tables, as long as they have their triggers."""
    quote = database.dialect.quote
    tables = [f"{quote(schema)}.{quote(name)} WRITE" for name in tables_of(database, schema)]
    if tables:
        try:
            asked(database, f"LOCK TABLES {', '.join(tables)}")
        except database.dialect.driver_error as error:
            if not database.dialect.is_denied(error):
                raise
        asked(database, "UNLOCK TABLES")


def move(database: Database, moves: Iterable[tuple[str, str, str]]) -> None:
    """Move tables (from a database, to a database, name) all at once or not at all; foreign keys follow them."""
    quote = database.dialect.quote
    pairs = [f"{quote(here)}.{quote(name)} TO {quote(there)}.{quote(name)}" for here, there, name in moves]
    if pairs:
        asked(database, "SET SESSION foreign_key_checks = 0")
        asked(database, f"SET SESSION lock_wait_timeout = {LOCK_WAIT}")
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
        asked(database, f"DROP {kind} IF EXISTS {database.dialect.quote(schema)}.{database.dialect.quote(name)}")
