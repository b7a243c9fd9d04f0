"""When a backfill rests: a replica that is behind, a cluster that asks for it; both are real ones."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from giveaminute.settings import BackfillLimits, parse_url
from giveaminute.versioning.backfills import throttle
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.backfills.place import Walked
from giveaminute.versioning.database import opened
from giveaminute.versioning.dialects.mysql_load import MySQLLoad, behind
from tests.servers import PrivateServer, private_mariadb
from tests.versioning.backfilling import Bench, Told, bench

OFF = float("inf")
ONLY_LAG = BackfillLimits(threads_running=OFF, flow_control=OFF, receive_queue=OFF)
T = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)"


def run(server: PrivateServer, *statements: str) -> list[tuple[Any, ...]]:
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


@contextmanager
def replicated(folder: Path) -> Iterator[tuple[PrivateServer, PrivateServer]]:
    """A server and its replica, which has told it where it is."""
    with (
        private_mariadb(folder, "--log-bin", "--server-id=1") as primary,
        private_mariadb(folder, "--server-id=2", "--report-host=127.0.0.1") as replica,
    ):
        run(
            replica,
            f"CHANGE MASTER TO master_host = '127.0.0.1', master_port = {primary.port}, master_user = 'root',"
            " master_use_gtid = slave_pos",
            "START SLAVE",
        )
        yield primary, replica


def filled(server: PrivateServer, tmp_path: Path) -> Bench:
    run(server, "CREATE DATABASE lagging")
    made = bench(server.url("lagging"), tmp_path, T)
    made.change("INSERT INTO t (id) VALUES (:id)", [{"id": number} for number in range(40)])
    made.script('op.backfill("t", set="n = n + 1", batch=4)')
    return made


@pytest.mark.skipif(
    os.environ.get("ALL_BACKFILLS") != "1", reason="starts two servers and makes one late: ALL_BACKFILLS=1 runs it"
)
def test_it_rests_while_a_replica_is_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "LOOK", 0.02)
    monkeypatch.setattr(throttle, "REST", 0.2)
    with replicated(tmp_path) as (primary, replica):
        made = filled(primary, tmp_path)
        caught_up(made, replica)
        seen: list[tuple[str, int]] = []

        def then(walked: Walked) -> None:
            if walked.resting:
                seen.append((walked.resting, walked.rows))

        told = Told(then)
        blocking = replica.connect("lagging")
        with blocking.cursor() as cursor:
            cursor.execute("LOCK TABLES t READ")
            threading.Timer(4.0, lambda: blocking.close()).start()
            made.change("UPDATE t SET n = 0 WHERE id = 0")  # the replica waits with it
            made.change("INSERT INTO t (id) VALUES (99)")
            time.sleep(2.5)
            made.run(2, told, Pacing(ONLY_LAG))
        assert seen and f"the replica 127.0.0.1:{replica.port} is" in seen[0][0]
        assert {rows for _, rows in seen} == {0}  # not a batch before it has caught up
        assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 41)]

        run(replica, "STOP SLAVE SQL_THREAD")
        named = replace(ONLY_LAG, replicas=(f"127.0.0.1:{replica.port}",))
        with opened(parse_url(made.url), read_only=True) as database:
            load = MySQLLoad(database, named)
            assert "does not replicate" in load.why()
            load.close()
            assert MySQLLoad(database, replace(ONLY_LAG, replica_lag=OFF)).why() == ""
            gone = MySQLLoad(database, replace(ONLY_LAG, replicas=("127.0.0.1:1",)))
            assert gone.why() == "the replica 127.0.0.1:1 cannot be reached (named in replicas)"


def caught_up(made: Bench, replica: PrivateServer) -> None:
    deadline = time.monotonic() + 20
    while True:
        with opened(parse_url(replica.url("mysql")), read_only=True) as asked:
            late = behind(asked)
        if late == 0 and run(replica, "SHOW DATABASES LIKE 'lagging'"):
            return
        assert time.monotonic() < deadline, late
        time.sleep(0.1)


class _Status:
    """A node of a cluster whose figures are given."""

    def __init__(self, *figures: dict[str, float]) -> None:
        self.figures = list(figures)
        self.url = parse_url("mysql://root@127.0.0.1/x")

    def query(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return list(self.figures.pop(0).items())


def test_the_figures_of_a_cluster_are_held_against_their_limits() -> None:
    limits = BackfillLimits(replica_lag=OFF)
    queue = "wsrep_local_recv_queue"
    node: Any = _Status({"Threads_running": 3, queue: 17}, {"Threads_running": 26, queue: 0}, {queue: 16})
    load = MySQLLoad(node, limits)
    assert load.why() == "17 write sets wait in this node's queue (limit 16: receive_queue)"
    assert load.why() == "26 threads are running (limit 25: threads_running)"
    assert load.why() == ""


def test_flow_control_counts_since_the_last_look() -> None:
    paused = "wsrep_flow_control_paused_ns"
    node: Any = _Status({paused: 9e12}, {paused: 9e12 + 1e9}, {paused: 9e12 + 1e9})
    load = MySQLLoad(node, BackfillLimits(replica_lag=OFF))
    assert load.why() == ""  # what was before is not of our making
    time.sleep(0.05)
    assert "flow control paused" in load.why()
    assert load.why() == ""
