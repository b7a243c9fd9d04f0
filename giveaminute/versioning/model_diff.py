"""Where the models disagree with the schema that the migrations make: both are built, and compared.

Models leave much open: what they say nothing about (a collation, an engine, an order of columns, the name of a
constraint, a trigger) is taken to be as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.building import build
from giveaminute.versioning.compare import Wording, compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.lending import lent
from giveaminute.versioning.recorder import Recorder
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import application_schema
from giveaminute.versioning.schema import Column, ForeignKey, Index, Schema, Table
from giveaminute.versioning.scratch import scratch

WORDING = Wording("is", "in the models", "is in no model", "is only in the models")
UNDONE = Wording("should be", "stays", "is not made", "stays")
MAX_NAME = 64
"""Characters of a constraint's name on MySQL (its manual, «Identifier Length Limits»)."""


@dataclass(frozen=True)
class ModelDifference:
    """Head and the models made alike in what models do not say, and their differences in words.

    `whole_head` is head with all that it has.
    """

    head: Schema
    models: Schema
    whole_head: Schema

    @property
    def words(self) -> tuple[str, ...]:
        """Every difference in words."""
        return tuple(each.words for each in compare(self.head, self.models, WORDING))

    @property
    def undone(self) -> tuple[str, ...]:
        """The same, where head should have become what the models say."""
        return tuple(each.words for each in compare(self.models, self.head, UNDONE))


def between(url: DatabaseUrl, repository: Repository, metadata: sa.MetaData) -> ModelDifference:
    """The same, in a scratch database of its own. The database of `url` is not touched."""
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        return head_and_models(database, repository, metadata, url)


def head_and_models(
    database: Database, repository: Repository, metadata: sa.MetaData, url: DatabaseUrl
) -> ModelDifference:
    """Bring this empty database to head, build the models in another beside it, and compare."""
    build(database, repository, url)
    head = application_schema(database, repository)
    with scratch(url) as made, opened(made.url, read_only=False) as other:
        if head.collation:
            other.execute(f"ALTER DATABASE DEFAULT CHARACTER SET {head.charset} COLLATE {head.collation}")
        with lent(other.dialect, other.connection, Recorder()) as connection:
            other.dialect.operations(connection, 0)  # its DDL is the migrations'
            try:
                metadata.create_all(connection)
            except sa.exc.SQLAlchemyError as error:
                reason = other.dialect.explain(error.orig) if isinstance(error, sa.exc.DBAPIError) else str(error)  # type: ignore[arg-type]
                raise UsageError(
                    f"The models cannot be made into tables here: {reason}",
                    "Mend them, or run it on a database that has what they need.",
                ) from error
        other.connection.commit()
        models = application_schema(other, repository)
    return matched(head, models, metadata)


def matched(head: Schema, models: Schema, metadata: sa.MetaData) -> ModelDifference:
    """Both without what models cannot have, and the models' tables as head has them where the models say nothing."""
    tables = {
        name: _table(head.tables[name], table, metadata.tables[name]) if name in head.tables else table
        for name, table in models.tables.items()
    }
    defaults = (head.charset, head.collation)
    return ModelDifference(Schema(head.tables, {}, {}, *defaults), Schema(tables, {}, {}, *defaults), head)


def _table(head: Table, model: Table, stated: sa.Table) -> Table:
    said = set(stated.dialect_kwargs)
    has_charset = any(name.endswith(("_charset", "_collate", "_default_charset")) for name in said)
    has_engine = any(name.endswith("_engine") for name in said)
    columns = [_column(head.column(each.name), each, stated, has_charset) for each in model.columns]
    keys = tuple(_as_in(head.foreign_keys, each, stated) for each in model.foreign_keys)
    return replace(
        model,
        columns=tuple(_in_order(head, columns)),
        indexes=tuple(sorted((_index(head, each, keys, stated) for each in model.indexes), key=lambda each: each.name)),
        foreign_keys=tuple(sorted(keys, key=lambda key: (key.name or "", key.columns))),
        checks=head.checks,
        triggers=head.triggers,
        engine=model.engine if has_engine else head.engine,
        collation=model.collation if has_charset else head.collation,
        options=head.options,
        partitioning=head.partitioning,
    )


def _column(head: Column | None, model: Column, stated: sa.Table, has_charset: bool) -> Column:
    if head is None:
        return model
    type_ = stated.columns[model.name].type
    types = [type_, *type_._variant_mapping.values()]
    says = has_charset or any(getattr(each, "collation", None) or getattr(each, "charset", None) for each in types)
    kept = {} if says or model.collation is None or head.collation is None else {"collation": head.collation}
    return replace(model, invisible=head.invisible, **kept)  # type: ignore[arg-type]


def _in_order(head: Table, columns: list[Column]) -> Iterator[Column]:
    """The columns that head has in its order, each followed by the new ones that follow it in the model."""
    old = {column.name for column in head.columns}
    followers: dict[str, list[Column]] = {"": []}
    last = ""
    for column in columns:
        if column.name in old:
            last = column.name
            followers.setdefault(last, []).insert(0, column)
        else:
            followers[last].append(column)
    yield from followers[""]
    for column in head.columns:
        yield from followers.get(column.name, ())


def _as_in(there: tuple[ForeignKey, ...], key: ForeignKey, stated: sa.Table) -> ForeignKey:
    """A foreign key that the model gives no name has the one that it has in head, else one by our rule."""
    names = {str(each.name) for each in stated.foreign_key_constraints if each.name is not None}
    if key.name in names:
        return key
    same = [each.name for each in there if replace(each, name=key.name) == key]
    return replace(key, name=same[0] if same else made_up("fk", stated.name, key.columns))


def _index(head: Table, index: Index, keys: tuple[ForeignKey, ...], stated: sa.Table) -> Index:
    """An index with a name of the server's making, likewise; that of a foreign key is called as the key is."""
    constraints = [each for each in stated.constraints if isinstance(each, sa.UniqueConstraint)]
    names = {str(each.name) for each in stated.indexes} | {str(each.name) for each in constraints if each.name}
    if index.name in names:
        old = head.index(index.name)
        return replace(index, comment=old.comment, invisible=old.invisible) if old else index
    like = [replace(each, name=index.name, comment="", invisible=False) for each in head.indexes]
    same = [old.name for old, each in zip(head.indexes, like, strict=True) if each == index and old.name not in names]
    if same:
        return replace(index, name=same[0])
    columns = tuple(part.column for part in index.parts)
    if index.unique:
        return replace(index, name=made_up("uq", stated.name, columns))
    return replace(index, name=next((key.name for key in keys if key.columns == columns and key.name), index.name))


def made_up(kind: str, table: str, columns: tuple[str, ...]) -> str:
    """A name for a constraint that has none: `fk_photo_project_id`."""
    return "_".join((kind, table, *columns))[:MAX_NAME]
