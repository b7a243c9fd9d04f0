"""What Alembic's autogenerate says of a database and the models, beside our own comparison."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

BOOKKEEPING_PREFIX = "migrate_"


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    """What it would take to make the database agree with `metadata`, in Alembic's tuples.

    Types, nullability, server defaults, comments, indexes and foreign keys are compared, our own bookkeeping
    tables left out. Alembic overlooks an index that is named as one of its columns, the order of columns,
    and a table's engine and character set.
    """
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_name": _is_of_the_application,
            "include_object": lambda item, *_: _exists_here(item, connection.dialect.name),
        },
    )
    return list(compare_metadata(context, metadata))


def _is_of_the_application(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "table" and (name or "").startswith(BOOKKEEPING_PREFIX))


def _exists_here(item: Any, dialect: str) -> bool:
    """False for a FULLTEXT index of the models where there is none: Alembic does not ask its `ddl_if`."""
    is_fulltext = isinstance(item, sa.Index) and item.kwargs.get("mysql_prefix") == "FULLTEXT"
    return not is_fulltext or dialect in ("mysql", "mariadb")
