"""One spelling for the values that MySQL's and MariaDB's information_schema spell in several.

Seen on MySQL 9.7 and MariaDB 10.11: for `name varchar(9) DEFAULT 'a'` MySQL shows the default a, MariaDB 'a';
for no default None and NULL; for `int` the types int and int(11); for a default of now CURRENT_TIMESTAMP
(with DEFAULT_GENERATED in EXTRA) and current_timestamp().
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from giveaminute.versioning.dialects.mysql_expressions import canonical, canonical_tokens, stored
from giveaminute.versioning.dialects.sql_text import MINUS, Token, mysql_tokens, quoted, rendered
from giveaminute.versioning.schema import Column, Index, IndexPart

_WIDTH = re.compile(r"^(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)")
_UTF8 = re.compile(r"^utf8(?=_|$)")
_NUMBERS = frozenset("tinyint smallint mediumint int bigint decimal float double year".split())
_BINARY = frozenset(("binary", "varbinary"))
_ON_UPDATE = re.compile(r"on update (current_timestamp(?:\(\d*\))?)", re.IGNORECASE)
_NOW = re.compile(r"current_timestamp(?:\((\d*)\))?\Z", re.IGNORECASE)
_OPTION = re.compile(r"""`?(\w+)`?=("[^"]*"|'[^']*'|\S*)""")
# Not kept by the other family, or no part of what a table is.
_IGNORED_OPTIONS = frozenset(("page_checksum", "transactional"))
_FOREIGN_KEY = re.compile(r"^  CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY .* REFERENCES .*\)([^)`]*)$", re.MULTILINE)
_RULE = re.compile(r"ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT|NO ACTION|RESTRICT)")
_MADE_UP = re.compile(r"CONSTRAINT_\d+\Z")


def column_type(text: str) -> str:
    """A type without display width, except `tinyint(1)`, which says boolean, and ZEROFILL, where it shows."""
    if text == "tinyint(1)" or "zerofill" in text:
        return text
    return _WIDTH.sub(r"\1", text).replace("geometrycollection", "geomcollection")


def charset(name: str) -> str:
    """A charset's name: `utf8` of older servers is `utf8mb3`."""
    return _UTF8.sub("utf8mb3", name)


collation = charset  # its first part is the charset's name


def action(rule: str | None) -> str:
    """InnoDB treats RESTRICT as NO ACTION, and the families disagree on what no rule means."""
    return "NO ACTION" if rule is None or rule == "RESTRICT" else rule


def written_rules(create_table: str) -> dict[str, tuple[str, str]]:
    """What each foreign key of a SHOW CREATE TABLE does on delete and on update, by the key's name."""
    rules: dict[str, tuple[str, str]] = {}
    for name, clauses in _FOREIGN_KEY.findall(create_table):
        said = dict(_RULE.findall(clauses))
        rules[name.replace("``", "`")] = (said.get("DELETE", "NO ACTION"), said.get("UPDATE", "NO ACTION"))
    return rules


def is_made_up(name: str, table: str) -> bool:
    """Whether a server made up a CHECK's name: `CONSTRAINT_1` on MariaDB, `table_chk_1` on MySQL."""
    return bool(_MADE_UP.match(name)) or (name.startswith(f"{table}_chk_") and name[len(table) + 5 :].isdigit())


def options(text: str, kind: str) -> tuple[tuple[str, str], ...]:
    """CREATE_OPTIONS as sorted pairs; `kind` is TABLE_TYPE, told where it is no plain table."""
    pairs = {name.lower(): value.strip("\"'").lower() for name, value in _OPTION.findall(text)}
    if pairs.get("encryption") == "n":
        del pairs["encryption"]
    if kind != "BASE TABLE":
        pairs["type"] = kind.lower()
    return tuple(sorted((name, value) for name, value in pairs.items() if name not in _IGNORED_OPTIONS))


def partitioning(rows: Sequence[tuple[Any, ...]]) -> str:
    """A table's rows of PARTITIONS as `RANGE (y): p0 2000, p1 MAXVALUE`."""
    ordered = sorted(rows, key=lambda row: (int(row[1]), int(row[2] or 0)))
    *_, method, expression, submethod, subexpression, _ = ordered[0]
    by = f"{method} ({expression or ''})" + (f" {submethod} ({subexpression or ''})" if submethod else "")
    names = (f"{row[3]}{'/' + row[4] if row[4] else ''}{' ' + row[9] if row[9] else ''}" for row in ordered)
    return f"{by}: {', '.join(names)}"


def as_json(column: Column) -> Column:
    """MariaDB's JSON, a `longtext` with a check, as MySQL's."""
    return replace(column, type="json", charset=None, collation=None) if column.type == "longtext" else column


# A schema's tables share columns and indexes such as `id`, and another schema of the same project nearly all:
# the last ones are remembered by what the server said of them.
@lru_cache(maxsize=8192)
def mysql_column(name: str, default: str | None, comment: str, generated: str, facts: str) -> Column:
    """A column from MySQL's row; `facts` are nullability, collation, extra and type, with `|` between."""
    nullable, collates, extra, kind = _facts(facts)
    if default is not None:
        is_time = kind.startswith(("timestamp", "datetime"))
        is_expression = "DEFAULT_GENERATED" in extra or (is_time and _NOW.match(default))
        default = _expression(stored(default), kind) if is_expression else _mysql_literal(default, kind)
    return _column(name, kind, nullable, default, collates, extra, comment, stored(generated or ""))


@lru_cache(maxsize=8192)
def mariadb_column(name: str, default: str | None, comment: str, generated: str | None, facts: str) -> Column:
    """A column from MariaDB's row, as `mysql_column`."""
    nullable, collates, extra, kind = _facts(facts)
    default = None if default is None else _expression(default, kind)
    return _column(name, kind, nullable, default, collates, extra, comment, generated or "")


def _facts(facts: str) -> tuple[bool, str | None, str, str]:
    nullable, collation_name, extra, kind = facts.split("|", 3)
    return nullable == "YES", collation(collation_name) or None, extra, column_type(kind)


def _column(
    name: str,
    kind: str,
    nullable: bool,
    default: str | None,
    collates: str | None,
    extra: str,
    comment: str,
    generated: str,
) -> Column:
    on_update = _ON_UPDATE.search(extra)
    return Column(
        name=name,
        type=kind,
        nullable=nullable,
        default=default,
        on_update=_now(on_update[1]) if on_update else None,
        auto_increment="auto_increment" in extra,
        charset=collates.split("_")[0] if collates else None,
        collation=collates,
        comment=comment,
        generated=canonical(generated) if generated else None,
        stored="STORED" in extra or "PERSISTENT" in extra,
        invisible="INVISIBLE" in extra,
    )


@lru_cache(maxsize=8192)
def index(name: str, rows: tuple[tuple[Any, ...], ...]) -> Index:
    """An index from its rows: column, expression, comment and facts.

    The facts are place, non-uniqueness, prefix length, order, kind and invisibility, with `|` between.
    """
    parts = [(facts.split("|"), column, expression) for column, expression, _, facts in rows]
    parts.sort(key=lambda part: int(part[0][0]))
    _, non_unique, _, _, kind, invisible = parts[0][0]
    return Index(
        name=name,
        parts=tuple(_index_part(column, expression, facts) for facts, column, expression in parts),
        unique=non_unique == "0",
        kind=kind.lower(),
        comment=rows[0][2] or "",
        invisible=invisible == "YES",
    )


def _index_part(column: str | None, expression: str | None, facts: list[str]) -> IndexPart:
    _, _, length, order, kind, _ = facts
    return IndexPart(
        column=column if column is not None else f"({canonical(stored(expression or ''))})",
        length=int(length) if length and kind != "SPATIAL" else None,
        descending=order == "D",
    )


def _now(text: str) -> str | None:
    """`CURRENT_TIMESTAMP` or `CURRENT_TIMESTAMP(3)`; None for anything else."""
    match = _NOW.match(text)
    if match is None:
        return None
    return f"CURRENT_TIMESTAMP({match[1]})" if match[1] not in (None, "", "0") else "CURRENT_TIMESTAMP"


def _mysql_literal(text: str, kind: str) -> str:
    base = re.split(r"\W", kind, maxsplit=1)[0]
    if base in _BINARY:
        return _binary_literal(Token("number", text))  # always 0x…, bare 0x for no bytes
    return text if base in _NUMBERS or base == "bit" else quoted(text)


def _expression(text: str, kind: str) -> str | None:
    """A default in SQL: NULL, a literal, now, or an expression, which gets parentheses."""
    if text in ("NULL", "null"):
        return None
    now = _now(text)
    if now is not None:
        return now
    tokens = canonical_tokens(mysql_tokens(text))
    return _literal(tokens, kind) or _now(rendered(tokens)) or f"({rendered(tokens)})"


def _literal(tokens: list[Token], kind: str) -> str | None:
    """The default if the tokens are one string, number or bit value, None if they are an expression."""
    is_negative = tokens[:1] == [MINUS]
    if len(tokens) != 1 + is_negative or tokens[-1].kind not in ("string", "number", "bits"):
        return None
    last = tokens[-1]
    if kind.startswith(("binary", "varbinary")):
        return _binary_literal(last)
    text = quoted(last.text) if last.kind == "string" else last.text
    return "-" + text if is_negative else text


def _binary_literal(token: Token) -> str:
    """The bytes as text where they are UTF-8, else `0x…`; without the zeros that MariaDB pads them with."""
    if token.kind == "string":
        return quoted(token.text.rstrip("\0"))
    digits = token.text[2:]
    try:
        return quoted(bytes.fromhex(digits).decode("utf-8").rstrip("\0"))
    except ValueError:
        return "0x" + digits.lower()
