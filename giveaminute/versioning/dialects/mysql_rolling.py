"""A definition from node to node of a Galera cluster, so that none stalls the others' writes (rolling upgrade, RSU).

Only what nodes with and without it can replicate to one another goes this way: an index that is not unique, and a
rebuild. All else goes by total order (MariaDB's manual, «Performing Schema Upgrades in Galera Cluster»).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.recorder import send
from giveaminute.versioning.sqltokens import bare, words
from giveaminute.versioning.statementkinds import StatementKind
from giveaminute.versioning.touched import touched

if TYPE_CHECKING:
    from giveaminute.versioning.database import Database

_DUPLICATE_INDEX, _NO_SUCH_INDEX = 1061, 1091
_ADDS = (["ADD", "INDEX"], ["ADD", "KEY"])
_DROPS = (["DROP", "INDEX"], ["DROP", "KEY"])
_REBUILDS = (["ENGINE", "=", "INNODB"], ["ENGINE", "INNODB"], ["FORCE"])
_WAYS = (["ALGORITHM"], ["LOCK"])


class Rolling:
    """Sends what allows it to one node after the other. The URL has to name them all."""

    def __init__(self, database: Database) -> None:
        """Raises UsageError where this is no cluster, or not all of its nodes are named."""
        self._database = database
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
        if what is not StatementKind.DEFINITION or parameters or not self.allows(statement):
            send(cursor, statement, parameters, many)
            return
        self._database.commit()  # the entry in the journal, which a definition here would have made durable
        with _nodes(self._database.url) as nodes:
            differ = _differ(nodes, statement)
            for node in nodes:
                node.execute("SET SESSION wsrep_OSU_method = 'RSU'")
                if self._database.lock_timeout is not None:
                    node.limit_lock_wait(self._database.lock_timeout)
                _run(node, statement, differ)

    def allows(self, statement: str) -> bool:
        """Whether nodes with and without it can replicate to one another."""
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


def uneven(url: DatabaseUrl, statement: str) -> bool:
    """Whether a change that goes node by node has come to some of the nodes only."""
    if dropped_indexes(statement) is None or len(url.hosts) < 2:
        return False
    with _nodes(url) as nodes:
        return _differ(nodes, statement)


@contextmanager
def _nodes(url: DatabaseUrl) -> Iterator[list[Database]]:
    """A connection to each node of the URL."""
    from giveaminute.versioning.database import Database

    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(Database(replace(url, hosts=(host,)), read_only=False))) for host in url.hosts
        ]


def _differ(nodes: Sequence[Database], statement: str) -> bool:
    """Whether they have other definitions of what the statement touches."""
    found = [node.dialect.evidence(node, statement) for node in nodes]
    definitions = [each.definitions if each is not None else None for each in found]
    return any(each != definitions[0] for each in definitions)


def dropped_indexes(statement: str) -> list[str] | None:
    """The indexes that a statement drops, if it may go node by node; None where it may not. Pure."""
    found = list(words(statement))
    upper = [token.upper() for token in found]
    if upper[:2] == ["CREATE", "INDEX"] or upper[:2] == ["OPTIMIZE", "TABLE"]:
        return []
    if upper[:2] == ["DROP", "INDEX"]:
        return [bare(found[2])]
    if upper[:2] != ["ALTER", "TABLE"] or "." in found[:4]:
        return None
    dropped: list[str] = []
    for clause in _clauses(found[3:]):
        start = [word.upper() for word in clause]
        if any(start[: len(way)] == way for way in _DROPS):
            dropped.append(bare(clause[2]))
        elif not any(start[: len(way)] == way for way in (*_ADDS, *_REBUILDS, *_WAYS)):
            return None
    return dropped


def _clauses(rest: Sequence[str]) -> Iterator[list[str]]:
    depth, clause = 0, list[str]()
    for word in rest:
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            yield clause
            clause = []
        else:
            clause.append(word)
    yield clause


def _run(node: Database, statement: str, differ: bool) -> None:
    try:
        node.send(statement)
    except pymysql.Error as error:
        if not (differ and error.args[0] in (_DUPLICATE_INDEX, _NO_SUCH_INDEX)):
            raise  # where the nodes differ, this one has it from the run that was cut off
