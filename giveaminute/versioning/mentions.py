"""Which tables a statement names, renames and takes away: pure, by its tokens, and rather one too many than too few."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from giveaminute.versioning.sqltokens import tokens
from giveaminute.versioning.statements import Syntax

_NO_COLUMN = frozenset(
    "INDEX KEY FOREIGN PRIMARY CONSTRAINT CHECK PARTITION DEFAULT SYSTEM PERIOD EXPRESSION NOT".split()
)
_NO_TABLE = frozenset("COLUMN INDEX KEY CONSTRAINT".split())
_ABOUT_THE_SCHEMA = frozenset("SHOW DESCRIBE DESC EXPLAIN PRAGMA".split())
_CATALOGUES = frozenset(("information_schema", "sqlite_master", "sqlite_schema", "performance_schema"))
_TELL_ROWS = frozenset(("execute", "keep", "put_back", "put_back_values"))


@dataclass(frozen=True)
class Lost:
    """What a statement takes away with the data in it: a whole table, or a column of it."""

    table: str
    column: str | None = None


def words(statement: str, syntax: Syntax) -> list[str]:
    """The tokens, names without their quotes; a text in quotes keeps them."""
    return [_unquoted(token, syntax) for token in tokens(statement, syntax)]


def _unquoted(token: str, syntax: Syntax) -> str:
    quote = token[0]
    if quote == "`" or (quote == '"' and syntax is Syntax.SQLITE):
        return token[1:-1].replace(quote * 2, quote)
    return token[1:-1] if quote == "[" and syntax is Syntax.SQLITE and len(token) > 1 else token


def mentioned(statement: str, syntax: Syntax, tables: Collection[str]) -> list[str]:
    """The tables of these that it names, in the order in which it does."""
    known = {table.lower(): table for table in tables}
    found = (known[word.lower()] for word in words(statement, syntax) if word.lower() in known)
    return list(dict.fromkeys(found))


def asks_about_rows(question: str, syntax: Syntax) -> bool:
    """Whether a question is about rows, not about the schema."""
    found = words(question, syntax)
    return (
        found[:1] != [] and found[0].upper() not in _ABOUT_THE_SCHEMA and not _CATALOGUES & {w.lower() for w in found}
    )


def renamed(statement: str, syntax: Syntax) -> list[tuple[str, str]]:
    """The tables that get another name: old and new."""
    found = words(statement, syntax)
    upper = [word.upper() for word in found]
    if upper[:1] == ["RENAME"]:
        return [(found[i - 1], found[i + 1]) for i, word in enumerate(upper[:-1]) if word == "TO"]
    if upper[:1] != ["ALTER"] or "TABLE" not in upper[:4] or "RENAME" not in upper:
        return []
    place = upper.index("RENAME") + 1
    if (upper[place : place + 1] and upper[place] in _NO_TABLE) or "TO" in upper[place + 1 : place + 2]:
        return []  # a column, an index; SQLite's RENAME column TO column needs no COLUMN
    rest = [word for word in found[place:] if word.upper() not in ("TO", "AS", "=")]
    return [(_altered(found, upper), rest[0])] if rest else []


def _altered(found: list[str], upper: list[str]) -> str:
    rest = found[upper.index("TABLE") + 1 :]
    return next((word for word in rest if word.upper() not in ("IF", "EXISTS")), "")


def lost(statement: str, syntax: Syntax) -> Iterator[Lost]:
    """What the statement takes away: DROP TABLE, TRUNCATE, and DROP of columns."""
    found = words(statement, syntax)
    upper = [word.upper() for word in found]
    if upper[:1] == ["TRUNCATE"] or (upper[:1] == ["DROP"] and "TABLE" in upper[1:3] and "TEMPORARY" not in upper[:3]):
        rest = [word for word in found[1:] if word.upper() not in ("TABLE", "IF", "EXISTS", ",")]
        yield from (Lost(word) for word in rest if word.upper() not in ("RESTRICT", "CASCADE"))
    elif upper[:1] == ["ALTER"] and "TABLE" in upper[:4]:
        for place, word in enumerate(upper):
            rest = [each for each in found[place + 1 : place + 5] if each.upper() not in ("COLUMN", "IF", "EXISTS")]
            if word == "DROP" and rest and rest[0].upper() not in _NO_COLUMN:
                yield Lost(_altered(found, upper), rest[0])


def calls_that_tell_rows(source: str) -> list[tuple[int, int]]:
    """The lines, first and last, of calls in a script that tell how many rows were touched, and are listened to."""
    tree = ast.parse(source)
    unheard = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _TELL_ROWS
        and id(node) not in unheard
    ]
