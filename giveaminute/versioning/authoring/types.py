"""A column's type as a SQLAlchemy expression that every family takes: from a model's type, or from a server's text."""

from __future__ import annotations

import re
from collections import defaultdict

import sqlalchemy as sa

from giveaminute.versioning.schema import Column

MYSQL_FAMILY = '"mysql", "mariadb"'
_TEXT = re.compile(r"([a-z_ ]+?)\s*(?:\((.*)\))?((?:\s+(?:unsigned|zerofill|varying))*)", re.IGNORECASE | re.DOTALL)
_PLAIN = {
    **{"int": "sa.Integer()", "integer": "sa.Integer()", "bigint": "sa.BigInteger()", "smallint": "sa.SmallInteger()"},
    **{"date": "sa.Date()", "time": "sa.Time()", "datetime": "sa.DateTime()", "timestamp": "sa.TIMESTAMP()"},
    **{"text": "sa.Text()", "json": "sa.JSON()", "float": "sa.Float()", "double": "sa.Double()"},
    **{"boolean": "sa.Boolean()", "blob": "sa.LargeBinary()", "real": "sa.REAL()", "numeric": "sa.Numeric()"},
    **{"double precision": "sa.Double()", "tinyint(1)": "sa.Boolean()"},
}
_SIZED = {
    **{"varchar": "sa.String", "char": "sa.CHAR", "nvarchar": "sa.String", "binary": "sa.BINARY"},
    **{"varbinary": "sa.VARBINARY", "decimal": "sa.Numeric", "numeric": "sa.Numeric", "enum": "sa.Enum"},
}
# Those of the server alone: what other databases get, and the class and arguments of `sqlalchemy.dialects.mysql`.
_NEAREST = {
    **{"tinyint": "sa.SmallInteger()", "mediumint": "sa.Integer()", "year": "sa.SmallInteger()"},
    **{"tinytext": "sa.Text()", "mediumtext": "sa.Text()", "longtext": "sa.Text()", "bit": "sa.Integer()"},
    **{"tinyblob": "sa.LargeBinary()", "mediumblob": "sa.LargeBinary()", "longblob": "sa.LargeBinary()"},
    **{"set": "sa.String(255)", "datetime": "sa.DateTime()", "timestamp": "sa.TIMESTAMP()", "time": "sa.Time()"},
    **{"int": "sa.Integer()", "bigint": "sa.BigInteger()", "smallint": "sa.SmallInteger()"},
    **{"float": "sa.Float()", "double": "sa.Double()", "decimal": "sa.Numeric()", "text": "sa.Text()"},
}
_CLASSES = {"int": "INTEGER"}
_FRACTIONAL = ("datetime", "timestamp", "time")


def of_model(type_: sa.types.TypeEngine[object]) -> str | None:
    """A model's type with its variants; a type of the application's own as what it stores. None: without form."""
    while isinstance(type_, sa.types.TypeDecorator) and not _is_sqlalchemys(type_):
        variants = dict(type_._variant_mapping)
        type_ = (
            type_.impl_instance.with_variant(next(iter(variants.values())), *variants)
            if variants
            else type_.impl_instance
        )
    if not _is_sqlalchemys(type_):
        return None
    text = _class_text(type_)
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, variant in type_._variant_mapping.items():
        written = of_model(variant)
        if written is None:
            return None
        names[written].append(f'"{name}"')
    return text + "".join(f".with_variant({variant}, {', '.join(each)})" for variant, each in names.items())


def _is_sqlalchemys(type_: sa.types.TypeEngine[object]) -> bool:
    return type(type_).__module__.startswith("sqlalchemy.")


def _class_text(type_: sa.types.TypeEngine[object]) -> str:
    module = type(type_).__module__
    prefix = module.split(".")[2] if module.startswith("sqlalchemy.dialects.") else "sa"
    written = re.sub(r"'((?:[^'\\\"])*)'", r'"\1"', repr(type_))  # as `ruff format` quotes
    written = re.sub(r"^(\w+)\(length=(\d+)\)$", r"\1(\2)", written)
    written = re.sub(r"precision=(\d+), scale=(\d+)", r"\1, \2", written)
    return f"{prefix}.{written}"


def of_schema(column: Column, table_collation: str | None, family: str) -> str | None:
    """The type that a server told, nearest for the other families. None for one without form (a geometry)."""
    base = _of_text(column.type)
    if column.collation is None or column.collation == table_collation:
        return base
    if family == "sqlite":
        return _collated_on_sqlite(base, column.collation)
    return _collated(column, column.collation)


def _collated_on_sqlite(base: str | None, collation: str) -> str | None:
    if base is None or not base.startswith(("sa.String(", "sa.Text(", "sa.CHAR(")):
        return None
    joined = f"{base[:-1]}{'' if base.endswith('()') else ', '}"
    return f'{base}.with_variant({joined}collation="{collation}"), "sqlite")'


def _collated(column: Column, collation: str) -> str | None:
    kind, inside, _ = _parts(column.type)
    if kind not in ("varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum", "set"):
        return None
    words = [inside.replace("'", '"')] if inside else []
    words += [f'charset="{collation.split("_")[0]}"', f'collation="{collation}"']
    variant = f"mysql.{kind.upper()}({', '.join(words)})"
    nearest = _of_text(column.type)
    return f"{(nearest or 'sa.Text()').split('.with_variant')[0]}.with_variant({variant}, {MYSQL_FAMILY})"


def _of_text(text: str) -> str | None:
    kind, inside, extra = _parts(text)
    if text.lower() in _PLAIN:
        return _PLAIN[text.lower()]
    if kind in _SIZED and inside and not extra:
        return f"{_SIZED[kind]}({_arguments(inside)})"
    if kind not in _NEAREST:
        return None
    words = [f"fsp={inside}" if kind in _FRACTIONAL else _arguments(inside)] if inside else []
    words += [f"{word}=True" for word in extra.lower().split()]
    nearest = _NEAREST[kind]
    if kind == "decimal" and inside:
        nearest = f"sa.Numeric({_arguments(inside)})"
    return f"{nearest}.with_variant(mysql.{_CLASSES.get(kind, kind.upper())}({', '.join(words)}), {MYSQL_FAMILY})"


def _parts(text: str) -> tuple[str, str, str]:
    """The type's word in lower case, what stands in its parentheses, and what follows."""
    match = _TEXT.fullmatch(text.strip())
    return (match[1].lower(), match[2] or "", match[3].strip()) if match else (text.lower(), "", "")


def _arguments(inside: str) -> str:
    """Numbers as they are, members of an ENUM or SET as Python's strings."""
    if "'" not in inside:
        return ", ".join(part.strip() for part in inside.split(","))
    members = [member.replace("''", "'") for member in re.findall(r"'((?:[^']|'')*)'", inside)]
    return ", ".join(repr(member) if '"' in member else f'"{member}"' for member in members)
