"""What a statement costs on MySQL and MariaDB: the server is asked, by the mildest ALGORITHM and LOCK that it accepts.

No table of versions could tell: the answer depends on the table too (a virtual column, a FULLTEXT index, 64
row versions, MyISAM), and servers of one number differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pymysql
from pymysql.constants import ER

from giveaminute.versioning.dialects.base import Cursor, OpenDatabase
from giveaminute.versioning.dialects.costs import Blocks, Cost, Costs, Size
from giveaminute.versioning.sqltokens import Syntax, tokens

# MySQL's manual, «Server Error Message Reference»: not supported, not supported because, wrong usage of two clauses,
# and the row versions that INSTANT has used up.
_REFUSED = {1845, 1846, ER.WRONG_USAGE, 4092}
_LOCKS = {"NONE": Blocks.NOTHING, "SHARED": Blocks.WRITES, "EXCLUSIVE": Blocks.EVERYTHING}
_OF_INDEXES = {"UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OR", "REPLACE"}
_ROWS_STAY = {("CREATE", ""), ("DROP", ""), ("TRUNCATE", ""), ("RENAME", ""), ("ALTER", "DATABASE"), ("ALTER", "VIEW")}
_PLAIN = re.compile(r"\w+", re.ASCII)


class MySQLCosts(Costs):
    """Tries the clauses from the mildest on; the one that is accepted has run the statement."""

    def send(self, cursor: Cursor, statement: str) -> Cost:
        words = [word.upper() for word in islice(tokens(statement, Syntax.MYSQL), 200)]
        altering = _dropping(statement) or statement
        separator = ", " if altering != statement else _separator(words)
        if separator is None or {"ALGORITHM", "LOCK"} & set(words):
            return _as_told(cursor, altering, separator, words, statement)
        name = _altered(altering)
        engine, number = _engine(cursor, name), _table_id(cursor, name)
        useless: set[str] = set()
        for algorithm, lock, clause in _attempts(_is_mariadb(cursor), separator):
            if algorithm in useless:
                continue
            try:
                cursor.execute(f"{altering}\n{clause}")  # a line of its own: the last one may end in a comment
            except pymysql.Error as error:
                if error.args[0] == ER.PARSE_ERROR:  # a form that takes no clauses, or no SQL at all
                    break
                if error.args[0] not in _REFUSED:
                    raise
                useless |= _ruled_out(algorithm, str(error.args[-1]))
            else:
                if engine != _engine(cursor, name) is not None:  # MariaDB accepts INSTANT for it, and copies
                    return Cost("COPY", True, _LOCKS[lock])
                return Cost(algorithm, _rebuilds(cursor, algorithm, name, number), _LOCKS[lock])
        cursor.execute(statement)
        return Cost()

    def of_change(self, database: OpenDatabase, table: str | None) -> Cost:
        engine = database.scalar(
            "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table",
            {"table": table},
        )
        return Cost(blocks=Blocks.ROWS if engine in (None, "InnoDB") else Blocks.EVERYTHING)

    def server(self, database: OpenDatabase) -> str:
        version = str(database.scalar("SELECT VERSION()"))
        number = ".".join(re.findall(r"\d+", version)[:3])
        return f"{'MariaDB' if 'mariadb' in version.lower() else 'MySQL'} {number}"

    def sizes(self, database: OpenDatabase) -> Mapping[str, Size]:
        rows = database.query(
            "SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        )
        return {name: Size(int(count or 0), None if size is None else int(size)) for name, count, size in rows}

    def large(self, database: OpenDatabase, rows: int, size: int) -> Mapping[str, Size]:
        with _fresh_estimates(database):
            found = database.query(
                "SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
                " AND (table_rows >= :rows OR data_length + index_length >= :size)",
                {"rows": max(1, rows), "size": max(1, size)},
            )
        return {name: Size(int(count or 0), int(size or 0)) for name, count, size in found}

    def tried(self, working: OpenDatabase, trying: OpenDatabase, statement: str) -> Cost:
        ((mode, checks),) = working.query("SELECT @@SESSION.sql_mode, @@SESSION.foreign_key_checks")
        trying.execute(
            "SET SESSION sql_mode = :mode, SESSION foreign_key_checks = :checks", {"mode": mode, "checks": checks}
        )
        return super().tried(working, trying, statement)

    def mild(self, cursor: Cursor, statement: str, cost: Cost | None) -> Iterator[tuple[Cost, str]]:
        words = [word.upper() for word in islice(tokens(statement, Syntax.MYSQL), 200)]
        altering = _dropping(statement) or statement
        separator = ", " if altering != statement else _separator(words)
        if separator is None or {"ALGORITHM", "LOCK"} & set(words):
            yield cost or _without_clauses(words), statement
            return
        reached = cost is None
        for algorithm, lock, clause in _attempts(_is_mariadb(cursor), separator):
            reached = reached or (cost is not None and algorithm == cost.algorithm)
            if reached and algorithm != "COPY" and (lock == "NONE" or algorithm == "INSTANT"):
                rebuilds = cost.rebuilds if cost is not None and algorithm == cost.algorithm else None
                yield Cost(algorithm, rebuilds, _LOCKS[lock]), f"{altering}\n{clause}"

    def is_refused(self, error: Exception) -> bool:
        return isinstance(error, pymysql.Error) and error.args[0] in _REFUSED


@contextmanager
def _fresh_estimates(database: OpenDatabase) -> Iterator[None]:
    """MySQL keeps them for a day (its manual, `information_schema_stats_expiry`)."""
    if _is_mariadb(database):
        yield
        return
    (kept,) = database.query("SELECT @@SESSION.information_schema_stats_expiry")[0]
    database.execute("SET SESSION information_schema_stats_expiry = 0")
    try:
        yield
    finally:
        database.execute(f"SET SESSION information_schema_stats_expiry = {int(kept)}")


def _dropping(statement: str) -> str | None:
    """A DROP INDEX as the ALTER TABLE that it is; MariaDB takes clauses with that only."""
    found = list(islice(tokens(statement, Syntax.MYSQL), 8))
    if [word.upper() for word in found[:2]] != ["DROP", "INDEX"] or [word.upper() for word in found[3:4]] != ["ON"]:
        return None
    return f"ALTER TABLE {''.join(found[4:])} DROP INDEX {found[2]}" if len(found) in (5, 7) else None


def _separator(words: list[str]) -> str | None:
    """What stands between the statement and its clauses; None where it takes none."""
    if words[:1] == ["ALTER"] and "TABLE" in words[1:4]:
        return ", "
    kinds = words[1 : words.index("INDEX")] if words[:1] == ["CREATE"] and "INDEX" in words[:6] else ["none"]
    return " " if set(kinds) <= _OF_INDEXES else None


def _attempts(mariadb: bool, separator: str) -> Iterator[tuple[str, str, str]]:
    """Algorithm, lock and clause, the mildest first. MySQL knows no NOCOPY, and refuses any LOCK with INSTANT."""
    lead = "" if separator == " " else separator
    for algorithm in ("INSTANT", "NOCOPY", "INPLACE", "COPY") if mariadb else ("INSTANT", "INPLACE", "COPY"):
        if algorithm == "INSTANT" and not mariadb:
            yield algorithm, "NONE", f"{lead}ALGORITHM=INSTANT"
            continue
        for lock in _LOCKS:
            yield algorithm, lock, f"{lead}ALGORITHM={algorithm}{separator}LOCK={lock}"


def _ruled_out(algorithm: str, refusal: str) -> set[str]:
    """What need not be tried, where the refusal says so (in English): half of what the probe costs."""
    advice = re.search(r"Try ALGORITHM=([\w/]+)", refusal)
    if advice is None:
        return set()
    return {"INSTANT", "NOCOPY", "INPLACE"} if advice[1] == "COPY" else {algorithm}


def _as_told(cursor: Cursor, altering: str, separator: str | None, words: list[str], statement: str) -> Cost:
    """Run one that takes no clauses, or has its own; where it names no LOCK it is asked for the mildest."""
    told = _without_clauses(words)
    if separator is not None and "LOCK" not in words and told.algorithm not in ("INSTANT", "DEFAULT"):
        for lock, blocks in _LOCKS.items():
            try:
                cursor.execute(f"{altering}\n{separator}LOCK={lock}")
            except pymysql.Error as error:
                if error.args[0] not in {*_REFUSED, ER.PARSE_ERROR}:
                    raise
            else:
                return Cost(told.algorithm, told.rebuilds, blocks)
    cursor.execute(statement)
    return told


def _without_clauses(words: list[str]) -> Cost:
    """The rest leaves tables as they are, or makes and unmakes them whole; of an unknown word nothing is known."""
    first, second = ([*words, "", ""])[:2]
    if {"ALGORITHM", "LOCK"} & set(words):
        return Cost(algorithm=_after(words, "ALGORITHM"), blocks=_LOCKS.get(_after(words, "LOCK") or ""))
    known = (first, "") in _ROWS_STAY or (first, second) in _ROWS_STAY
    return Cost(rebuilds=False, blocks=Blocks.NOTHING) if known else Cost()


def _after(words: list[str], name: str) -> str | None:
    rest = [word for word in words[words.index(name) + 1 :] if word != "="] if name in words else []
    return rest[0] if rest else None


def _is_mariadb(asked: Any) -> bool:
    """Of a cursor, or of an open database."""
    return "mariadb" in str(asked.connection.server_version).lower()


def _altered(statement: str) -> str | None:
    """The table that is altered, where its name is plain."""
    words = list(islice(tokens(statement, Syntax.MYSQL), 40))
    upper = [word.upper() for word in words]
    mark = "TABLE" if upper[0] == "ALTER" else "ON"
    rest = words[upper.index(mark) + 1 :] if mark in upper else []
    name = next((word.strip("`") for word in rest if word.upper() not in ("IF", "EXISTS")), "")
    return name if _PLAIN.fullmatch(name) else None


def _engine(cursor: Any, name: str | None) -> Any:
    return _told(
        cursor,
        "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s",
        name,
    )


def _table_id(cursor: Any, name: str | None) -> Any:
    """InnoDB's own number of a table, another one after a rebuild. MySQL's INPLACE does not say whether it is one.

    None where this user may not ask: it takes the right PROCESS.
    """
    if _is_mariadb(cursor):
        return None
    asked = "SELECT table_id FROM information_schema.innodb_tables WHERE name = CONCAT(DATABASE(), '/', %s)"
    return _told(cursor, asked, name)


def _told(cursor: Any, question: str, name: str | None) -> Any:
    if name is None:
        return None
    asking = cursor.connection.cursor()
    try:
        asking.execute(question, (name,))
        found = asking.fetchall()
    except pymysql.Error:
        return None
    finally:
        asking.close()
    return found[0][0] if found else None


def _rebuilds(cursor: Cursor, algorithm: str, name: str | None, before: Any) -> bool | None:
    if algorithm in ("INSTANT", "NOCOPY", "COPY"):
        return algorithm == "COPY"
    if _is_mariadb(cursor):
        return True  # else it had accepted NOCOPY
    after = _table_id(cursor, name)
    return None if before is None or after is None else before != after
