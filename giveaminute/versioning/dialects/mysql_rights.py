"""What a user's rights on MySQL and MariaDB let him see of a database, told from SHOW GRANTS."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pymysql

from giveaminute.versioning.dialects.base import OpenDatabase
from giveaminute.versioning.unseen import ROUTINES, TRIGGERS

_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<schema>\*|`(?:[^`]|``)+`)\.\* TO ", re.DOTALL)
_WILD = re.compile(r"\\(.)|(%)|(_)|(.)", re.DOTALL)
# The manuals' «SHOW TRIGGERS» and «SHOW CREATE PROCEDURE»; SHOW CREATE ROUTINE is MariaDB's, from 11.3 on.
_SHOWS = {
    TRIGGERS: {"TRIGGER"},
    ROUTINES: {"EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"},
}


def unseen_kinds(database: OpenDatabase) -> frozenset[str]:
    """The kinds of things that this user is not shown; none where his rights cannot be told. Only asks."""
    try:
        grants = [str(row[0]) for row in database.query(_question(database))]
    except pymysql.Error:
        return frozenset()
    rights = {right for text in grants for right in _rights(text, database.url.database)}
    if "ALL PRIVILEGES" in rights:
        return frozenset()
    return frozenset(kind for kind, showing in _SHOWS.items() if not showing & rights)


def _question(database: OpenDatabase) -> str:
    """MySQL leaves out what the roles in use give, unless they are named; MariaDB does not."""
    if "mariadb" in str(database.scalar("SELECT VERSION()")).lower():
        return "SHOW GRANTS"
    roles = str(database.scalar("SELECT CURRENT_ROLE()"))
    return "SHOW GRANTS" if roles == "NONE" else f"SHOW GRANTS FOR CURRENT_USER() USING {roles}"


def _rights(grant: str, name: str) -> Iterator[str]:
    """The rights that a grant gives on all of this database; SELECT on all databases shows routines too."""
    found = _GRANT.match(grant)
    if found is None or not _covers(found["schema"], name):
        return
    rights = {right.strip().upper() for right in found["rights"].split(",")}
    yield from rights
    if found["schema"] == "*" and "SELECT" in rights:
        yield "SHOW_ROUTINE"


def _covers(schema: str, name: str) -> bool:
    if schema == "*":
        return True
    pattern = "".join(
        ".*" if any_ else "." if one else re.escape(escaped or plain)
        for escaped, any_, one, plain in _WILD.findall(schema[1:-1].replace("``", "`"))
    )
    return re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL) is not None
