"""What a statement does to rows and names, told from its tokens: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from giveaminute.versioning import mentions
from giveaminute.versioning.sqltokens import Syntax, tokens, words

_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE", "CREATE", "ALTER", "DROP", "RENAME"})
_AFTER_WHERE = frozenset({"ORDER", "LIMIT", "RETURNING"})
_OTHER_RENAMES = frozenset({"TO", "AS", "=", "INDEX", "KEY", "TABLE", "CONSTRAINT"})
_ROW_NAMES = frozenset({"rowid", "_rowid_", "oid"})
"""What a row can be called by besides its columns, on SQLite and (the second) on MySQL."""


@dataclass(frozen=True)
class Words:
    """A statement from its verb on: each token as written, in upper case where it is no quoted name, and how deep."""

    written: tuple[str, ...]
    upper: tuple[str, ...]
    depth: tuple[int, ...]

    @property
    def verb(self) -> str:
        """The word that says what it does, behind WITH and SET STATEMENT; empty where there is none known."""
        return self.upper[0] if self.upper else ""

    def place(self, wanted: Collection[str], start: int = 0) -> int | None:
        """Where the first of these words stands outside parentheses."""
        places = range(start, len(self.upper))
        return next((at for at in places if self.depth[at] == 0 and self.upper[at] in wanted), None)


@lru_cache(maxsize=64)
def words_of(statement: str, syntax: Syntax) -> Words:
    """The statement as words, from its verb on."""
    written: list[str] = []
    depth: list[int] = []
    level = 0
    for token in tokens(statement, syntax):
        if token.startswith("/*") or token == "*/":
            continue
        level -= token == ")"
        if not written and (level or token.upper() not in _VERBS):
            level += token == "("
            continue
        written.append(token)
        depth.append(level)
        level += token == "("
    return Words(tuple(written), tuple(token.upper() for token in written), tuple(depth))


def changes_every_row(statement: str, syntax: Syntax, columns: Collection[str]) -> str | None:
    """UPDATE or DELETE, where nothing says which of the rows: no LIMIT, and no WHERE that names one of `columns`.

    `columns`: those that held values before the migration; by one that it has added itself all rows are alike.
    """
    words = words_of(statement, syntax)
    if words.verb not in ("UPDATE", "DELETE") or words.place({"LIMIT"}) is not None:
        return None
    start = words.place({"WHERE"})
    if start is None:
        return words.verb
    end = words.place(_AFTER_WHERE, start)
    known = {name.lower() for name in columns} | _ROW_NAMES
    condition = (_bare(token, syntax).lower() for token in words.written[start + 1 : end])
    return None if known & set(condition) else words.verb


def _bare(token: str, syntax: Syntax) -> str:
    return mentions.words(token, syntax)[0]


def target(statement: str, syntax: Syntax, tables: Collection[str]) -> str | None:
    """The table that an INSERT, UPDATE, DELETE, REPLACE or TRUNCATE writes to, of these."""
    words = words_of(statement, syntax)
    return next(iter(mentions.mentioned(" ".join(words.written), syntax, tables)), None)


def is_overwriting(statement: str, syntax: Syntax) -> bool:
    """Whether a row that has the same key as a new one is deleted for it."""
    words = words_of(statement, syntax)
    return words.verb == "REPLACE" or words.upper[:3] == ("INSERT", "OR", "REPLACE")


def is_remaking(statement: str, syntax: Syntax) -> bool:
    """Whether a table that was there is dropped by its creation (MariaDB)."""
    return words_of(statement, syntax).upper[:4] == ("CREATE", "OR", "REPLACE", "TABLE")


def is_rebuild(statement: str) -> bool:
    """Whether it is OPTIMIZE TABLE, which writes InnoDB's tables anew (the servers' manuals, «OPTIMIZE TABLE»)."""
    return next(words(statement), "").upper() == "OPTIMIZE"


def empties_partitions(statement: str, syntax: Syntax) -> bool:
    """Whether an ALTER TABLE drops or truncates partitions with the rows in them."""
    words = words_of(statement, syntax)
    pairs = set(zip(words.upper, words.upper[1:], strict=False))
    return words.verb == "ALTER" and bool(pairs & {("DROP", "PARTITION"), ("TRUNCATE", "PARTITION")})


def copied_columns(statement: str, syntax: Syntax, table: str, columns: Collection[str]) -> frozenset[str]:
    """The columns of this table, of these, that INSERT ... SELECT or CREATE TABLE ... SELECT copies to another."""
    words = words_of(statement, syntax)
    start = next((at for at, word in enumerate(words.upper) if word == "SELECT"), None)
    if words.verb not in ("INSERT", "REPLACE", "CREATE") or start is None:
        return frozenset()
    copied = [_bare(token, syntax).lower() for token in words.written[start:]]
    if "from" not in copied or table.lower() not in copied[copied.index("from") :]:
        return frozenset()
    every = any(
        word == "*" and words.upper[start + at - 1] in ("SELECT", ",", ".", "DISTINCT")
        for at, word in enumerate(copied)
    )
    return frozenset(name for name in columns if every or name.lower() in copied)


def renamed_columns(statement: str, syntax: Syntax) -> Iterator[tuple[str, str]]:
    """The columns that an ALTER TABLE gives another name: old and new."""
    words = words_of(statement, syntax)
    if words.verb != "ALTER":
        return
    for at, word in enumerate(words.upper):
        if words.depth[at] or word not in ("RENAME", "CHANGE"):
            continue
        rest = [_bare(token, syntax) for token in words.written[at + 1 : at + 7]]
        while rest and rest[0].upper() in ("COLUMN", "IF", "EXISTS"):
            rest = rest[1:]
        if word == "CHANGE" and len(rest) > 1:
            yield rest[0], rest[1]
        elif len(rest) > 2 and rest[0].upper() not in _OTHER_RENAMES and rest[1].upper() == "TO":
            yield rest[0], rest[2]


def made_indexes(statement: str, syntax: Syntax) -> Iterator[tuple[str, ...]]:
    """The columns of each KEY or INDEX that the statement itself writes, in lower case; no foreign or primary keys."""
    words = words_of(statement, syntax)
    for at, word in enumerate(words.upper):
        if word not in ("KEY", "INDEX", "UNIQUE") or (at and words.upper[at - 1] in ("FOREIGN", "PRIMARY", "DROP")):
            continue
        start = next((place for place in range(at + 1, len(words.upper)) if words.upper[place] == "("), None)
        if start is not None:
            yield _listed(words, start, syntax)


def _listed(words: Words, start: int, syntax: Syntax) -> tuple[str, ...]:
    """The first word of each item in the parentheses that open at `start`."""
    inside = words.depth[start] + 1
    found: list[str] = []
    for at in range(start + 1, len(words.upper)):
        if words.depth[at] < inside:
            break
        if words.depth[at] == inside and words.written[at - 1] in ("(", ","):
            found.append(_bare(words.written[at], syntax).lower())
    return tuple(found)
