"""What a statement does to the transaction it runs in, judged by its first words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import islice

from giveaminute.versioning.sqltokens import Syntax, tokens


class StatementKind(Enum):
    """What a statement does to the transaction that it runs in."""

    QUERY = "query"  # reads, changes nothing
    CHANGE = "change"  # changes rows, within a transaction
    DEFINITION = "definition"  # commits implicitly on MySQL, or may
    SESSION = "session"  # changes the connection only
    TRANSACTION = "transaction"  # begins or ends a transaction or savepoint


def commits(statement: str) -> bool:
    """Whether a DEFINITION surely commits before it does anything, on MySQL and MariaDB alike.

    Their manuals, «Statements That Cause an Implicit Commit»: not those on temporary tables, and not CALL or EXECUTE,
    where it depends on what they run.
    """
    words = [token.upper() for token in islice(tokens(statement, Syntax.MYSQL), 8) if not token.startswith("/*")]
    return words[:1] != [] and words[0] in _COMMITTING and "TEMPORARY" not in words


def kind(statement: str) -> StatementKind:
    """The kind of a statement; comments, parentheses and openings of executable comments are looked through.

    A word not known here (CALL, say) counts as DEFINITION, because it may commit. CHECK TABLE counts as QUERY
    though MySQL commits before it.
    """
    return _kind(token.upper() for token in tokens(statement, Syntax.MYSQL) if not token.startswith("/*"))


_COMMITTING = frozenset({"ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE"})
_KINDS = {
    word: kind
    for kind, words in {
        StatementKind.QUERY: "SELECT SHOW EXPLAIN DESCRIBE DESC PRAGMA VALUES TABLE CHECK CHECKSUM HELP",
        StatementKind.CHANGE: "INSERT UPDATE DELETE REPLACE LOAD",
        StatementKind.SESSION: "SET USE LOCK UNLOCK PREPARE DEALLOCATE ATTACH DETACH",
        StatementKind.TRANSACTION: "BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE END XA",
    }.items()
    for word in words.split()
}
_AFTER_WITH = frozenset({"SELECT", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "REPLACE"})
_EXPLAINABLE = (_AFTER_WITH | {"WITH"}) - {"TABLE"}
_DEFINITIONS = frozenset(
    {
        ("BEGIN", "NOT"),
        ("LOAD", "INDEX"),
        ("SET", "DEFAULT"),
        ("SET", "PASSWORD"),
        ("START", "ALL"),
        ("START", "GROUP_REPLICATION"),
        ("START", "REPLICA"),
        ("START", "SLAVE"),
    }
)
# The three groups of https://www.sqlite.org/pragma.html: an argument that only selects, a value kept in the
# database file, an action. The others set something of the connection.
_READING_PRAGMAS = frozenset(
    {"TABLE_INFO", "TABLE_XINFO", "TABLE_LIST", "INDEX_INFO", "INDEX_XINFO", "INDEX_LIST"}
    | {"FOREIGN_KEY_LIST", "FOREIGN_KEY_CHECK", "INTEGRITY_CHECK", "QUICK_CHECK"}
)
_STORED_PRAGMAS = frozenset(
    {
        "USER_VERSION",
        "APPLICATION_ID",
        "SCHEMA_VERSION",
        "JOURNAL_MODE",
        "AUTO_VACUUM",
        "ENCODING",
        "PAGE_SIZE",
    }
)
_ACTING_PRAGMAS = frozenset({"INCREMENTAL_VACUUM", "OPTIMIZE", "WAL_CHECKPOINT"})


def _kind(words: Iterator[str]) -> StatementKind:
    """The kind of a statement, from its upper-case tokens; takes no more of them than it needs."""
    first = next((word for word in words if word not in ("(", "*/")), "")
    if first == "SELECT":
        return _kind_of_select(words)
    if first == "WITH":
        return _kind_of_with(words)
    if first == "PRAGMA":
        return _kind_of_pragma(list(words))
    second = next(words, "")
    if (first, second) == ("SET", "STATEMENT"):
        return _kind(_after(words, "FOR"))
    if first == "ANALYZE" or (first in ("EXPLAIN", "DESCRIBE", "DESC") and second == "ANALYZE"):
        return _kind_of_analyze([second, *words])
    if (first, second) in _DEFINITIONS:
        return StatementKind.DEFINITION
    return _KINDS.get(first, StatementKind.DEFINITION)


def _after(words: Iterator[str], mark: str) -> Iterator[str]:
    for word in words:
        if word == mark:
            break
    return words


def _kind_of_select(words: Iterator[str]) -> StatementKind:
    """SELECT ... INTO a file counts as a change, INTO a variable as one of the session."""
    target = next(_after(words, "INTO"), "")
    if target in ("OUTFILE", "DUMPFILE"):
        return StatementKind.CHANGE
    return StatementKind.SESSION if target == "@" else StatementKind.QUERY


def _kind_of_with(words: Iterator[str]) -> StatementKind:
    """That of the verb after the common table expressions, which are all in parentheses."""
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in _AFTER_WITH:
            return _kind_of_select(words) if word == "SELECT" else _KINDS[word]
    return StatementKind.QUERY


def _kind_of_analyze(words: list[str]) -> StatementKind:
    """ANALYZE SELECT and EXPLAIN ANALYZE run the statement that they explain; ANALYZE TABLE commits."""
    for index, word in enumerate(words):
        if word in _EXPLAINABLE:
            return _kind(iter(words[index:]))
        if word in ("TABLE", "LOCAL"):
            break
    return StatementKind.DEFINITION


def _kind_of_pragma(words: list[str]) -> StatementKind:
    name = words[2] if words[1:2] == ["."] and len(words) > 2 else "".join(words[:1])
    if name in _ACTING_PRAGMAS:
        return StatementKind.CHANGE
    if name in _READING_PRAGMAS or not {"=", "("} & set(words):
        return StatementKind.QUERY
    return StatementKind.CHANGE if name in _STORED_PRAGMAS else StatementKind.SESSION
