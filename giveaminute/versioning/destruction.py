"""Whether a migration could destroy rows: by what it declares, and by what its text says that it drops or deletes.

What it says is judged without running it, and on the safe side: a drop in a branch that is not taken counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING

from giveaminute.versioning.repository import Direction
from giveaminute.versioning.sqltokens import Syntax, tokens

if TYPE_CHECKING:
    from giveaminute.versioning.script import PythonMigration, SqlMigration

_OPERATIONS = frozenset({"drop_table", "drop_column"})
_SQL = re.compile(r"\s*(?:DROP|ALTER|DELETE|TRUNCATE|REPLACE)\b", re.IGNORECASE)
_HOLD_NO_ROWS = frozenset(
    "INDEX KEY CONSTRAINT FOREIGN PRIMARY UNIQUE CHECK DEFAULT NOT EXPRESSION IDENTITY TRIGGER VIEW EVENT PROCEDURE"
    " FUNCTION PACKAGE TEMPORARY USER ROLE SYSTEM PERIOD".split()
)
_DELETES = frozenset({"DELETE", "TRUNCATE", "REPLACE"})


def destroys(migration: PythonMigration | SqlMigration, direction: Direction, syntax: Syntax) -> bool:
    """Whether running it in this direction could leave fewer rows or values than before."""
    if migration.declarations.loses:
        return True
    statements = getattr(migration, "statements", None)
    if statements is not None:
        return any(_destroys(statement.text, syntax) for statement in statements)
    code: CodeType = migration.code  # type: ignore[union-attr]
    other = next(each for each in Direction if each is not direction)
    parts = list(_parts(code, other.value))
    return any(_OPERATIONS & set(part.co_names) for part in parts) or any(
        _destroys(text, syntax) for part in parts for text in _texts(part.co_consts) if _SQL.match(text)
    )


def _parts(code: CodeType, but: str) -> Iterator[CodeType]:
    """A module's code and all in it that may run, without the function of the other direction."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and inner.co_name != but:
            yield from _parts(inner, but)


def _texts(constants: tuple[object, ...]) -> Iterator[str]:
    for each in constants:
        if isinstance(each, str):
            yield each
        elif isinstance(each, (tuple, frozenset)):
            yield from _texts(tuple(each))


def _destroys(statement: str, syntax: Syntax) -> bool:
    words = [token.upper() for token in tokens(statement, syntax) if not token.startswith("/*")]
    if words[:1] and words[0] in _DELETES:
        return True
    return any(
        word == "DROP" and following not in _HOLD_NO_ROWS
        for word, following in zip(words, [*words[1:], ""], strict=True)
    ) or ("TRUNCATE" in words and words[:1] == ["ALTER"])
