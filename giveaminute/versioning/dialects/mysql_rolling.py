"""A definition from node to node of a Galera cluster, so that none stalls the others' writes (rolling upgrade, RSU).

Only what nodes with and without it can replicate to one another goes this way: an index that is not unique, and a
rebuild. All else goes by total order (MariaDB's manual, «Performing Schema Upgrades in Galera Cluster»).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects.base import Cursor, DriverConnection, OpenDatabase
from giveaminute.versioning.dialects.mysql_objects import without_counter
from giveaminute.versioning.sqltokens import Syntax, tokens
from giveaminute.versioning.statementkinds import StatementKind
from giveaminute.versioning.touched import touched

if TYPE_CHECKING:
    from giveaminute.versioning.database import Database

Connect = Callable[[DatabaseUrl], DriverConnection]
_DUPLICATE_INDEX, _NO_SUCH_INDEX = 1061, 1091
_ADDS = (["ADD", "INDEX"], ["ADD", "KEY"])
_DROPS = (["DROP", "INDEX"], ["DROP", "KEY"])
_REBUILDS = (["ENGINE", "=", "INNODB"], ["ENGINE", "INNODB"], ["FORCE"])
_WAYS = (["ALGORITHM"], ["LOCK"])


class Rolling:
    """Sends what allows it to one node after the other. The URL has to name them all."""

    def __init__(self, database: Database, connect: Connect) -> None:
        """Raises UsageError where this is no cluster, or not all of its nodes are named."""
        self._database = database
        self._connect = connect
        size = dict(database.query("SHOW STATUS LIKE 'wsrep_cluster_size'")).get("wsrep_cluster_size")
        named = len(database.url.hosts)
        if not size or int(size) < 2:
            raise UsageError(f"{database.url.name} is on no Galera cluster.", "Leave --rolling out.")
        if int(size) != named:
            raise UsageError(
                f"The cluster has {size} nodes, and the URL names {named}.",
                "Name them all: mysql://USER@NODE1,NODE2,NODE3/DATABASE",
            )

    def send(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        """Give a statement to the nodes, or to the cursor where it does not allow that."""
        if what is not StatementKind.DEFINITION or parameters or not self._allowed(statement):
            cursor.execute(statement, parameters) if not many else cursor.executemany(statement, parameters)
            return
        self._database.commit()  # the entry in the journal, which a definition here would have made durable
        with ExitStack() as stack:
            nodes = [stack.enter_context(closing(each)) for each in self._nodes()]
            differ = len({_definitions(node, statement) for node in nodes}) > 1
            for node in nodes:
                _run(node, statement, differ)

    def _nodes(self) -> Iterator[DriverConnection]:
        url = self._database.url
        for host in url.hosts:
            node: Any = self._connect(replace(url, hosts=(host,)))
            node.query("SET SESSION wsrep_OSU_method = 'RSU'")
            node.query(f"SET SESSION lock_wait_timeout = {int(self._database.lock_timeout or 50)}")
            yield node

    def _allowed(self, statement: str) -> bool:
        dropped = dropped_indexes(statement)
        return dropped is not None and not any(self._is_unique(statement, name) for name in dropped)

    def _is_unique(self, statement: str, index: str) -> bool:
        (table,) = touched(statement) or (None,)
        return table is None or bool(
            self._database.scalar(
                "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = :table"
                " AND index_name = :index AND non_unique = 0 LIMIT 1",
                {"table": table.name, "index": index},
            )
        )


def uneven(database: OpenDatabase, connect: Connect, statement: str) -> bool:
    """Whether a change that goes node by node has come to some of the nodes only."""
    if dropped_indexes(statement) is None or len(database.url.hosts) < 2:
        return False
    with ExitStack() as stack:
        nodes = [stack.enter_context(closing(connect(replace(database.url, hosts=(h,))))) for h in database.url.hosts]
        return len({_definitions(node, statement) for node in nodes}) > 1


def dropped_indexes(statement: str) -> list[str] | None:
    """The indexes that a statement drops, if it may go node by node; None where it may not. Pure."""
    found = [token for token in tokens(statement, Syntax.MYSQL) if not token.startswith("/*") and token != "*/"]
    upper = [token.upper() for token in found]
    if upper[:2] == ["CREATE", "INDEX"] or upper[:2] == ["OPTIMIZE", "TABLE"]:
        return []
    if upper[:2] == ["DROP", "INDEX"]:
        return [_bare(found[2])]
    if upper[:2] != ["ALTER", "TABLE"] or "." in found[:4]:
        return None
    dropped: list[str] = []
    for clause in _clauses(found[3:]):
        words = [word.upper() for word in clause]
        if any(words[: len(way)] == way for way in _DROPS):
            dropped.append(_bare(clause[2]))
        elif not any(words[: len(way)] == way for way in (*_ADDS, *_REBUILDS, *_WAYS)):
            return None
    return dropped


def _clauses(words: Sequence[str]) -> Iterator[list[str]]:
    depth, clause = 0, list[str]()
    for word in words:
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            yield clause
            clause = []
        else:
            clause.append(word)
    yield clause


def _definitions(node: DriverConnection, statement: str) -> str:
    cursor = node.cursor()
    try:
        for each in touched(statement) or ():
            cursor.execute(f"SHOW CREATE TABLE `{(each.name or '').replace('`', '``')}`")
            return without_counter(str(cursor.fetchall()[0][1]))
        return ""
    finally:
        cursor.close()


def _run(node: DriverConnection, statement: str, differ: bool) -> None:
    cursor = node.cursor()
    try:
        cursor.execute(statement)
    except pymysql.Error as error:
        if not (differ and error.args[0] in (_DUPLICATE_INDEX, _NO_SUCH_INDEX)):
            raise  # where the nodes differ, this one has it from the run that was cut off
    finally:
        cursor.close()


def _bare(word: str) -> str:
    return word[1:-1].replace("``", "`") if word.startswith("`") else word
