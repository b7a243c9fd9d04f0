"""The parts of a schema as calls: columns, tables, indexes and foreign keys, from a server's facts or from models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MARIADB, RESERVED_WORDS_MYSQL

from giveaminute.settings import MYSQL
from giveaminute.versioning.authoring import types
from giveaminute.versioning.authoring.python_text import Call, Expression, call, quoted, texts
from giveaminute.versioning.schema import Column, ForeignKey, Index, IndexPart, Schema, Table

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_STRING = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
_VARIANT = re.compile(r'(sa\.\w+\([^()]*\)\.with_variant)\((\w+\.\w+\([^()]*\))((?:, "\w+")+)\)')
_COUNTED = re.compile(r"_ibfk_\d+\Z")
_NO_RULE = "NO ACTION"


class NoForm(Exception):
    """Something that has no form in a migration; the message says what."""


@dataclass(frozen=True)
class Source:
    """A schema to write from. `family`: of the server that told it; `metadata`: the models where it is theirs."""

    schema: Schema
    family: str
    metadata: sa.MetaData | None = None

    def model(self, table: str) -> sa.Table | None:
        """The model of this table, None where the schema is a server's."""
        return self.metadata.tables.get(table) if self.metadata is not None else None

    def has_form(self, table: Table) -> bool:
        """Whether all its columns can be written."""
        return all(self.has_type(table.name, column) for column in table.columns)

    def has_type(self, table: str, column: Column) -> bool:
        """Whether a column's type can be written."""
        try:
            self.type(table, column)
        except NoForm:
            return False
        return True

    def type(self, table: str, column: Column, *, collated: bool = False) -> Expression:
        """A column's type; `collated`: with its collation, though it is the table's. Raises NoForm."""
        model = self.model(table)
        if model is not None and column.name in model.columns:
            text = types.of_model(model.columns[column.name].type)
        else:
            default = None if collated else self.schema.tables[table].collation
            text = types.of_schema(column, default, self.family)
        if text is None:
            raise NoForm(f"{table}.{column.name}: the type {column.type}")
        variant = _VARIANT.fullmatch(text)
        if variant is None:
            return text
        return call(variant[1], variant[2], *variant[3].removeprefix(", ").split(", "))

    def column(self, table: str, column: Column, *, in_key: bool = False, default: str | None = None) -> Call:
        """`sa.Column(…)`; `in_key`: it is the table's primary key. `default`: another one, in SQL. Raises NoForm."""
        named: dict[str, Expression] = {}
        if in_key:
            named["primary_key"] = "True"
            named |= {"nullable": "True"} if column.nullable else {}  # SQLite's INTEGER PRIMARY KEY without NOT NULL
        elif not column.nullable:
            named["nullable"] = "False"
        if in_key and self._is_not_counted(table, column):
            named["autoincrement"] = "False"
        elif in_key and column.auto_increment and self._refers(table, column):  # else SQLAlchemy would not count it
            named["autoincrement"] = "True"
        values: list[Expression] = [quoted(column.name), self.type(table, column)]
        if column.generated is not None:
            values.append(call("sa.Computed", quoted(column.generated), persisted=str(column.stored)))
        elif (value := self._default(table, column, default)) is not None:
            named["server_default"] = value
        if comment := self._comment(table, column):
            named["comment"] = quoted(comment)
        return call("sa.Column", *values, **named)

    def _default(self, table: str, column: Column, other: str | None) -> Expression | None:
        if other is not None:
            return default_text(other)
        model = self.model(table)
        if model is not None:
            return _model_default(model.columns[column.name])
        if column.on_update:
            plain = column.default or "NULL"
            return _by_family(f"{plain} ON UPDATE {column.on_update}", plain)
        return None if column.default is None else default_text(column.default)

    def _comment(self, table: str, column: Column) -> str | None:
        model = self.model(table)
        return column.comment if model is None else model.columns[column.name].comment

    def _refers(self, table: str, column: Column) -> bool:
        return any(column.name in key.columns for key in self.schema.tables[table].foreign_keys)

    def _is_not_counted(self, table: str, column: Column) -> bool:
        whole_number = re.match(r"(?:big|small|medium|tiny)?int", column.type, re.IGNORECASE) is not None
        alone = len(self.schema.tables[table].primary_key) == 1
        model = self.model(table)
        if model is not None:
            return alone and model.columns[column.name].autoincrement is False
        return whole_number and alone and self.family == MYSQL and not column.auto_increment

    def table(self, table: Table) -> Call:
        """`op.create_table(…)` with keys, checks and options, without its indexes. Raises NoForm."""
        key = [part.column for part in table.primary_key]
        values: list[Expression] = [quoted(table.name)]
        values += [self.column(table.name, column, in_key=column.name in key) for column in table.columns]
        values += [
            _unique(index, named=self.is_stated(table.name, index))
            for index in table.indexes
            if self.is_constraint(table.name, index)
        ]
        values += [_reference(each) for each in table.foreign_keys]
        values += [
            call("sa.CheckConstraint", quoted(each.expression), **({"name": quoted(each.name)} if each.name else {}))
            for each in table.checks
        ]
        return call("op.create_table", *values, **self._options(table))

    def _options(self, table: Table) -> dict[str, Expression]:
        """What the model states; of a server's table what is not the database's default."""
        model = self.model(table.name)
        comment = table.comment if model is None else model.comment
        found = {"comment": comment} if comment else {}
        if model is not None:
            found |= {name: str(value) for name, value in model.dialect_kwargs.items() if name.startswith("mysql_")}
        else:
            if table.engine and table.engine != "InnoDB":
                found["mysql_engine"] = table.engine
            if table.collation and table.collation != self.schema.collation:
                found |= {"mysql_charset": table.collation.split("_")[0], "mysql_collate": table.collation}
        return {name: quoted(value) for name, value in found.items()}

    def is_constraint(self, table: str, index: Index) -> bool:
        """Whether it is written as a UNIQUE constraint."""
        model = self.model(table)
        if not index.unique or any(part.length or part.column.startswith("(") for part in index.parts):
            return False
        if model is None:
            return index.name.startswith("UNIQUE (")
        return index.name not in {str(each.name) for each in model.indexes}

    @cached_property
    def _made_by_keys(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (table.name, index.name)
            for table in self.schema.tables.values()
            for key in table.foreign_keys
            if key.name and (index := _own_index(table, key, key.name)) is not None
        )

    def is_made_by_a_key(self, table: str, index: Index) -> bool:
        """Whether InnoDB makes this index itself, for a foreign key."""
        is_ours = index.unique or self.model(table) is None or self.is_stated(table, index)
        return (table, index.name) in self._made_by_keys or not is_ours

    def lengths(self, table: str, index: Index) -> dict[str, int]:
        """The prefixes that a model states, for servers that have them."""
        model = self.model(table)
        found = next((each for each in model.indexes if each.name == index.name), None) if model is not None else None
        stated = found.dialect_kwargs.get("mysql_length") if found is not None else None
        if isinstance(stated, int):
            return {part.column: stated for part in index.parts}
        return dict(stated or {})

    def is_stated(self, table: str, index: Index) -> bool:
        """Whether the name of an index is the models' or a server's own business."""
        model = self.model(table)
        if model is None:
            return not index.name.startswith("UNIQUE (")
        constraints = [each for each in model.constraints if isinstance(each, sa.UniqueConstraint)]
        return index.name in {str(each.name) for each in model.indexes} | {str(each.name) for each in constraints}


def _own_index(table: Table, key: ForeignKey, name: str) -> Index | None:
    """The index that InnoDB made for a foreign key: called as the key is, or as its column where that has no name."""
    index = table.index(key.columns[0] if _COUNTED.search(name) else name)
    is_of_it = index is not None and not index.unique and tuple(part.column for part in index.parts) == key.columns
    return index if is_of_it else None


def create_index(source: Source, table: str, index: Index) -> tuple[Call, str]:
    """The call, and the condition under which there is such an index at all."""
    if source.is_constraint(table, index):
        name = "None" if index.name.startswith("UNIQUE (") else quoted(index.name)
        return call("op.create_unique_constraint", name, quoted(table), texts(p.column for p in index.parts)), ""
    named: dict[str, Expression] = {"unique": "True"} if index.unique else {}
    lengths = {part.column: part.length for part in index.parts if part.length is not None}
    if lengths := lengths or source.lengths(table, index):
        named["mysql_length"] = f"{{{', '.join(f'{quoted(name)}: {length}' for name, length in lengths.items())}}}"
    if index.kind in ("fulltext", "spatial"):
        named["mysql_prefix"] = quoted(index.kind.upper())
    elif index.kind != "btree":
        named["mysql_using"] = quoted(index.kind)
    if index.where:
        named["sqlite_where"] = call("sa.text", quoted(index.where))
    parts = Call("", tuple(("", _part(part)) for part in index.parts), "[]")
    condition = 'op.dialect == "mysql"' if "mysql_prefix" in named else ""
    return call("op.create_index", quoted(index.name), quoted(table), parts, **named), condition


def _part(part: IndexPart) -> Expression:
    if part.column.startswith("("):
        return call("sa.text", quoted(str(part)))
    if part.descending or part.collation:
        collation = f" COLLATE {part.collation}" if part.collation else ""
        return call("sa.text", quoted(f"{name_in_sql(part.column)}{collation}{' DESC' if part.descending else ''}"))
    return quoted(part.column)


def create_foreign_key(table: str, key: ForeignKey) -> Call:
    """`op.create_foreign_key(…)`."""
    ends = (texts(key.columns), texts(key.referred_columns))
    return call(
        "op.create_foreign_key", _key_name(key), quoted(table), quoted(key.referred_table), *ends, **_rules(key)
    )


def _key_name(key: ForeignKey) -> str:
    """A name that a server counted up (`photo_ibfk_1`) is left to it again."""
    return "None" if key.name is None or _COUNTED.search(key.name) else quoted(key.name)


def _reference(key: ForeignKey) -> Call:
    name = _key_name(key)
    named = {} if name == "None" else {"name": name}
    targets = texts(f"{key.referred_table}.{column}" for column in key.referred_columns)
    return call("sa.ForeignKeyConstraint", texts(key.columns), targets, **named, **_rules(key))


def _rules(key: ForeignKey) -> dict[str, str]:
    rules = {"ondelete": key.on_delete, "onupdate": key.on_update}
    found = {name: quoted(rule) for name, rule in rules.items() if rule != _NO_RULE}
    return found | ({"deferrable": "True", "initially": '"DEFERRED"'} if key.deferred else {})


def _unique(index: Index, *, named: bool) -> Call:
    name = {"name": quoted(index.name)} if named else {}
    return call("sa.UniqueConstraint", *(quoted(part.column) for part in index.parts), **name)


def default_text(default: str | None) -> Expression:
    """A default of a schema as `server_default`: a string, SQL text, or None."""
    if default is None:
        return "None"
    if _STRING.fullmatch(default):
        return quoted(default[1:-1].replace("''", "'").replace("\\\\", "\\"))
    return call("sa.text", quoted(_PARAMETER.sub(r"\\:", default)))


def _by_family(on_mysql: str, elsewhere: str) -> Expression:
    return call("sa.text", f'{quoted(on_mysql)} if op.dialect == "mysql" else {quoted(elsewhere)}')


def _model_default(column: sa.Column[Any]) -> Expression | None:
    """A model's default for every family, one that they write differently (ON UPDATE) for each."""
    default = getattr(column.server_default, "arg", None)
    if default is None:
        return None
    if isinstance(default, str):
        return quoted(default)
    dialects: tuple[sa.Dialect, ...] = (mysql.dialect(), sqlite.dialect())
    options = {"literal_binds": True}
    ours, theirs = (str(default.compile(dialect=each, compile_kwargs=options)) for each in dialects)
    return default_text(ours) if ours == theirs and not ours.startswith("'") else _by_family(ours, theirs)


def name_in_sql(name: str) -> str:
    """A name as every family reads it: bare where it can be, else in backticks, which SQLite takes too."""
    reserved = name.lower() in RESERVED_WORDS_MYSQL or name.lower() in RESERVED_WORDS_MARIADB
    return name if _PLAIN_NAME.fullmatch(name) and not reserved else "`" + name.replace("`", "``") + "`"
