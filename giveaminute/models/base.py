"""What all models share: the declarative base, the table options, and the kinds of column that recur.

The tables are those of the newest version: InnoDB in utf8mb4 on MySQL and MariaDB, the nearest equivalents on
SQLite.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# SQLAlchemy calls a server by the name in its URL, so that options for MariaDB are given under both names.
MYSQL_FAMILY = ("mysql", "mariadb")
TABLE_OPTIONS = {
    f"{name}_{option}": value
    for name in MYSQL_FAMILY
    for option, value in {
        "engine": "InnoDB",
        "charset": "utf8mb4",
        "collate": "utf8mb4_unicode_ci",
    }.items()
}

NOW = sa.text("CURRENT_TIMESTAMP")
NO = sa.text("0")
YES = sa.text("1")

# A `text` column of latin1 became MEDIUMTEXT with utf8mb4, so that no value was cut.
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), *MYSQL_FAMILY)
TINY_NUMBER = sa.SmallInteger().with_variant(mysql.TINYINT(1), *MYSQL_FAMILY)
UNSIGNED_FLAG = sa.Boolean().with_variant(mysql.TINYINT(1, unsigned=True), *MYSQL_FAMILY)
UNSIGNED_NUMBER = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *MYSQL_FAMILY)


class Base(DeclarativeBase):
    """The base of every model; `Base.metadata` is the schema of the newest version."""

    __table_args__: Any = TABLE_OPTIONS
    type_annotation_map: ClassVar = {datetime: sa.TIMESTAMP}


class NowOnUpdate(FunctionElement[datetime]):
    """CURRENT_TIMESTAMP, which MySQL and MariaDB also write at every change of the row."""

    inherit_cache = True


@compiles(NowOnUpdate)
def _now(element: NowOnUpdate, compiler: SQLCompiler, **options: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(NowOnUpdate, *MYSQL_FAMILY)
def _now_on_update(element: NowOnUpdate, compiler: SQLCompiler, **options: Any) -> str:
    return "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"


def stamped() -> MappedColumn[Any]:
    """A timestamp that a new row gets from the database."""
    return mapped_column(server_default=NOW)


def touched() -> MappedColumn[Any]:
    """A timestamp that follows every change: the server's work on MySQL, SQLAlchemy's on SQLite."""
    return mapped_column(server_default=NowOnUpdate(), onupdate=sa.func.current_timestamp())


def flag(default: sa.TextClause) -> MappedColumn[bool]:
    """True or false, never unknown."""
    return mapped_column(sa.Boolean, server_default=default)


def flags_raised() -> MappedColumn[int]:
    """How often visitors have reported the row."""
    return mapped_column(sa.SmallInteger, server_default=NO)


def fulltext(name: str, *columns: str) -> sa.Index:
    """A FULLTEXT index, which SQLite does not have."""
    index = sa.Index(name, *columns, mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT")
    return index.ddl_if(callable_=_is_mysql_family)


def _is_mysql_family(*_: object, dialect: sa.Dialect, **_options: object) -> bool:
    return dialect.name in MYSQL_FAMILY
