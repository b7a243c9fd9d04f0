"""Engines for applications: pooled, and deaf to what others write into the driver's module.

web.py's database module sets `paramstyle` in the driver's module, where SQLAlchemy would read it from; so it is stated.
"""

from __future__ import annotations

from typing import Any

import pymysql
import sqlalchemy as sa
from sqlalchemy import event

from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects.mysql import way_to

RECYCLE = 3600
"""Seconds after which a connection is not used again: servers and what is between close idle ones."""


def on_mysql(url: DatabaseUrl, options: dict[str, Any]) -> sa.Engine:
    """The first host that answers; a connection that was lost while it lay in the pool is replaced unseen."""
    ours = {"paramstyle": "pyformat", "pool_pre_ping": True, "pool_recycle": RECYCLE}
    engine = sa.create_engine("mysql+pymysql://", **{**ours, **options})

    @event.listens_for(engine, "do_connect")
    def connect(dialect: sa.Dialect, _record: object, _arguments: object, told: dict[str, Any]) -> Any:
        refusals: list[pymysql.Error] = []
        for host, port in url.hosts:
            try:
                ways = {**way_to(url, host, port), "charset": url.options.get("charset", "utf8mb4")}
                return dialect.connect(**{**ways, **told})  # `told`: SQLAlchemy's own, and `connect_args`
            except pymysql.Error as error:
                refusals.append(error)
        raise refusals[0]

    return engine


def on_sqlite(url: DatabaseUrl, options: dict[str, Any]) -> sa.Engine:
    """With the foreign keys enforced, as the servers do it."""
    place = sa.URL.create("sqlite", database=url.path or None)
    engine = sa.create_engine(place, **{"paramstyle": "qmark", **options})
    event.listen(engine, "connect", _enforce_references)
    return engine


def _enforce_references(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
