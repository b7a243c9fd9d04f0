"""MySQL+MariaDB and SQLite behind one small interface; the only place that knows which database it is."""

from __future__ import annotations

from giveaminute.settings import SQLITE
from giveaminute.versioning.dialects.base import Dialect


def for_family(family: str) -> Dialect:
    """The dialect of a URL's family; its driver is imported only now."""
    if family == SQLITE:
        from giveaminute.versioning.dialects.sqlite import SQLiteDialect

        return SQLiteDialect()
    from giveaminute.versioning.dialects.mysql import MySQLDialect

    return MySQLDialect()
