"""What a server says that its objects are, word for word: the evidence by which a statement in doubt is decided.

A definition is compared only with one that the same server gave before, so its spelling needs no care; what moves
without a definition (AUTO_INCREMENT counters, the time a trigger was made) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import pymysql

from giveaminute.versioning.dialects.base import OpenDatabase
from giveaminute.versioning.dialects.mysql import MySQLDialect, quote
from giveaminute.versioning.doubt import ABSENT, HAS_ROWS, Evidence
from giveaminute.versioning.touched import ObjectKind, Touched, touched, verb

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+(?= |$)")
# 1049 database, 1146 table, 1305 routine, 1360 trigger, 1539 event, 4091 sequence: «does not exist» in the servers'
# «Server Error Message Reference».
_MISSING = {1049, 1146, 1305, 1360, 1539, 4091}
# Where in the row of SHOW CREATE the definition stands, and the sql_mode of stored programs.
_PLACES = {
    ObjectKind.TABLE: (1,),
    ObjectKind.TRIGGER: (1, 2),
    ObjectKind.PROCEDURE: (1, 2),
    ObjectKind.FUNCTION: (1, 2),
    ObjectKind.EVENT: (1, 3),
    ObjectKind.DATABASE: (1,),
}


def evidence(database: OpenDatabase, statement: str) -> Evidence | None:
    """What the objects that a statement touches are now; None where that cannot be told. Only asks."""
    objects = touched(statement)
    found = None if objects is None else definitions(database, objects)
    if found and objects and verb(statement) == "TRUNCATE":
        found = {path: text + _rows(database, objects[0], text) for path, text in found.items()}
    connection: Any = database.connection
    return None if found is None else Evidence(connection.get_server_info(), found)


def definitions(database: OpenDatabase, objects: Sequence[Touched]) -> dict[str, str] | None:
    """Each object's definition by its name, `absent` for one that is not there; None where one is kept from us."""
    found = {}
    for each in objects:
        text = _definition(database, each)
        if text is None:
            return None
        found[each.path] = text
    return found


def _definition(database: OpenDatabase, each: Touched) -> str | None:
    try:
        (row,) = database.query(f"SHOW CREATE {each.kind.value.upper()} {_name(database, each)}")
    except pymysql.Error as error:
        if error.args[0] in _MISSING:
            return ABSENT
        if _stops_everything(error):
            raise
        return None  # what this user may not see, or a MERGE table that no longer fits: it may be dropped all the same
    texts = [row[place] for place in _PLACES[each.kind]]
    if None in texts:
        return None  # MySQL and MariaDB keep a routine's body from those who may not alter it
    text = _COUNTER.sub("", "\n".join(str(text) for text in texts))
    return text.replace(quote(each.name or ""), "`?`", 1) if each.kind is ObjectKind.TABLE else text


def _stops_everything(error: Exception) -> bool:
    """Whether it is not about this object: the connection, or another's lock."""
    dialect = MySQLDialect()
    return dialect.is_connection_lost(error) or dialect.is_locked_out(error)


def _rows(database: OpenDatabase, table: Touched, definition: str) -> str:
    """Whether there is something to empty."""
    there = definition != ABSENT and database.query(f"SELECT 1 FROM {_name(database, table)} LIMIT 1")
    return HAS_ROWS if there else ""


def _name(database: OpenDatabase, each: Touched) -> str:
    if each.name is None:
        return quote(database.url.database)
    schema = f"{quote(each.schema)}." if each.schema is not None else ""
    return schema + quote(each.name)


def unmake(database: OpenDatabase, made: Sequence[str], before: Collection[str]) -> None:
    """Drop what these statements made, but for tables that were there `before`; triggers go with their tables."""
    objects = {each for statement in made if verb(statement) == "CREATE" for each in touched(statement) or ()}
    names = {(each.name or "").lower() for each in objects if each.kind is ObjectKind.TABLE}
    names -= {name.lower() for name in before}
    there = database.query(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    database.execute("SET FOREIGN_KEY_CHECKS = 0")
    for name, kind in there:
        if name.lower() in names:
            database.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quote(name)}")
    database.execute("SET FOREIGN_KEY_CHECKS = 1")
    for each in objects:
        if each.kind in (ObjectKind.PROCEDURE, ObjectKind.FUNCTION, ObjectKind.EVENT):
            database.execute(f"DROP {each.kind.value.upper()} IF EXISTS {_name(database, each)}")
