"""Kill at a query, run again, compare: for every migration of a repository, up and down."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from giveaminute.settings import parse_url
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import opened
from giveaminute.versioning.filling import fill
from giveaminute.versioning.schema import Schema
from tests.faults.proxy import Cut, Moment, Proxy
from tests.faults.runs import Nursery
from tests.servers import PrivateServer

MOST_RUNS = 4
"""Runs that a killed migration may need until it is done: one."""


@dataclass(frozen=True)
class State:
    """Schema and rows; moments of the run itself are all `now`."""

    schema: Schema
    rows: dict[str, list[str]]

    def differences(self, other: State) -> list[str]:
        words = [each.words for each in compare(self.schema, other.schema)]
        for table in self.rows.keys() | other.rows.keys():
            before, after = self.rows.get(table, []), other.rows.get(table, [])
            if before != after:
                only = [row for row in before if row not in after][:2], [row for row in after if row not in before][:2]
                words.append(f"{table}: {len(before)} rows, then {len(after)}; {only}")
        return words


@dataclass(frozen=True)
class Point:
    """Where to kill: at which query of which step."""

    version: int
    down: bool
    number: int
    moment: Moment
    text: str

    @property
    def words(self) -> str:
        way = "down" if self.down else "up"
        return f"{self.version:03d} {way}, {self.moment.value} query {self.number}: {self.text[:150]}"


@dataclass
class Tally:
    """What was done. `missed`: cuts that the run did not reach."""

    kills: int = 0
    missed: int = 0
    wrong: list[str] = field(default_factory=list)


class Bench:
    """One database of one server, reached through the proxy by commands, and directly by us."""

    def __init__(self, server: PrivateServer, database: str, repository: Path, folder: Path) -> None:
        self.server = server
        self.database = database
        self.repository = repository
        self.proxy = Proxy(server.port)
        self.nursery = Nursery(folder / "said.log")
        self.url = f"mysql://root@127.0.0.1:{self.proxy.port}/{database}"
        self.started = datetime.now()
        self.pid = 0
        self._known = threading.Event()
        self._restarting = threading.Lock()

    def close(self) -> None:
        self.nursery.close()
        self.proxy.close()

    def go(self, target: int, *, down: bool, cut: tuple[int, Moment] | None = None, server: bool = False) -> int:
        """One command; its exit code. With `cut` it, or with `server` the server, is killed there."""
        self._known.clear()
        act = self._kill_server if server else self._kill
        self.proxy.begin(None if cut is None else Cut(cut[0], cut[1], act))
        place = {"url": self.url, "repository": str(self.repository), "wait": 60}
        more = {"version": target} if not down else {"version": target, "yes": True}
        self.pid = self.nursery.start("downgrade" if down else "upgrade", **place, **more)
        self._known.set()
        code = self.nursery.end()
        with self._restarting:  # the command may be done before the server is back
            return code

    def _kill(self) -> None:
        self._known.wait(10)
        os.kill(self.pid, signal.SIGKILL)

    def _kill_server(self) -> None:
        with self._restarting:
            self.server.kill()
            self.server.start()

    def must(self, target: int, *, down: bool) -> None:
        """An undisturbed run."""
        code = self.go(target, down=down)
        assert code == 0, f"exit {code}: {self.nursery.said()}"

    def state(self) -> State:
        with opened(parse_url(self.server.url(self.database)), read_only=True) as database:
            schema = database.dialect.read_schema(database).without()
        with self.server.connect(self.database) as connection, connection.cursor() as cursor:
            rows = {name: self._rows(cursor, f"SELECT * FROM `{name}`") for name in schema.tables}
            rows["migrate_kept"] = self._rows(
                cursor, "SELECT version, table_name, kind, reason, row_data FROM migrate_kept"
            )
            rows["migrate_version"] = self._rows(cursor, "SELECT * FROM migrate_version")
            rows["migrate_journal"] = self._rows(cursor, "SELECT number, statement FROM migrate_journal")
            unfinished = "SELECT version FROM migrate_history WHERE outcome NOT IN ('done')"
            rows["migrate_history"] = self._rows(cursor, unfinished)
        return State(schema, rows)

    def _rows(self, cursor: Any, sql: str) -> list[str]:
        cursor.execute(sql)
        return sorted(repr([self._settled(value) for value in row]) for row in cursor.fetchall())

    def _settled(self, value: Any) -> Any:
        near = timedelta(hours=26)
        return "now" if isinstance(value, datetime) and abs(value - self.started) < near else value

    def runs(self, *, down: bool) -> Counter[int]:
        """How often each migration was run to its end."""
        with self.server.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT version FROM migrate_history WHERE direction = %s AND outcome = 'done'",
                ("downgrade" if down else "upgrade",),
            )
            return Counter(version for (version,) in cursor.fetchall())

    def fill(self) -> None:
        """Rows for the tables that have none."""
        with opened(parse_url(self.server.url(self.database)), read_only=False) as database:
            schema = database.dialect.read_schema(database).without()
            full = [name for name in schema.tables if database.scalar(f"SELECT 1 FROM `{name}` LIMIT 1")]
            fill(database, schema.without(full))


class Step:
    """One migration, or several in one run, on a bench that stands at the version before them."""

    def __init__(self, bench: Bench, version: int, low: int | None = None) -> None:
        """`low`: the version before the first of several; `version` is the last of them."""
        self.bench = bench
        self.version = version
        self.low = version - 1 if low is None else low
        bench.fill()
        self.points: list[Point] = []
        self._turn(self.points)
        self.up, self.down = self._turn(None)  # where a downgrade declares a loss, the second turn starts without it
        again_up, again_down = self._turn(None)
        changed = self.up.differences(again_up) + self.down.differences(again_down)
        assert not changed, f"{version} is not the same each time: {changed[:5]}"

    def _turn(self, points: list[Point] | None) -> tuple[State, State]:
        states = []
        for down in (False, True):
            self.bench.must(self._target(down=down), down=down)
            if points is not None:
                points += self._found(down=down)
            states.append(self.bench.state())
        return states[0], states[1]

    def _target(self, *, down: bool) -> int:
        return self.low if down else self.version

    def _found(self, *, down: bool) -> Iterator[Point]:
        texts = self.bench.proxy.queries
        changes = set(self.bench.proxy.changes())
        for number, text in enumerate(texts, 1):
            shown = " ".join(text.decode("utf-8", "replace").split())
            for moment in Moment:
                if number in changes or moment is Moment.BEFORE or "migrate_" in shown:
                    yield Point(self.version, down, number, moment, shown)

    def statements(self) -> list[Point]:
        """The points at the migration's own statements."""
        ours = ("migrate_version", "migrate_history", "migrate_journal", "migrate_lease")
        words = ("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "INSERT", "UPDATE", "DELETE", "REPLACE")
        return [
            each
            for each in self.points
            if each.text.upper().startswith(words) and not any(name in each.text[:120] for name in ours)
        ]

    def kill(self, point: Point, tally: Tally, *, server: bool = False) -> None:
        """Bring the bench to the other side with a kill on the way, and compare. Leaves it on that side."""
        target = self._target(down=point.down)
        before = self.bench.runs(down=point.down)
        code = self.bench.go(target, down=point.down, cut=(point.number, point.moment), server=server)
        met = self.bench.proxy.cut is None
        tally.kills += met
        tally.missed += not met
        runs = 1
        while code != 0 and runs < MOST_RUNS:
            code = self.bench.go(target, down=point.down)
            runs += 1
        expected = self.down if point.down else self.up
        found = [f"exit {code}: {self.bench.nursery.said()[-600:]}"] if code else []
        found += expected.differences(self.bench.state())
        done = self.bench.runs(down=point.down)
        done.subtract(before)
        once = dict.fromkeys(range(self.low + 1, self.version + 1), 1)
        found += [f"runs in the history: {dict(done)}"] if {v: n for v, n in done.items() if n} != once else []
        found += [f"{runs} runs were needed"] if runs > 2 else []
        if found:
            tally.wrong.append(f"{point.words} -> {found[:3]}")


def faults(
    bench: Bench,
    head: int,
    choose: Callable[[Step], list[Point]],
    tell: Callable[[str], None],
    *,
    server: bool = False,
    only: Collection[int] | None = None,
) -> Tally:
    """Go up the whole repository, killing at the chosen points of each migration on the way, or of `only` these."""
    tally = Tally()
    for version in range(1, head + 1):
        if only is not None and version not in only:
            bench.must(version, down=False)
            continue
        _kill_at_each(Step(bench, version), choose, tally, server=server)
        if tally.wrong:
            return tally
        bench.must(version, down=False)
        tell(f"{version:03d}: {tally.kills} kills so far, {len(tally.wrong)} wrong")
    return tally


def climbs(
    bench: Bench, head: int, choose: Callable[[Step], list[Point]], tell: Callable[[str], None], *, server: bool = False
) -> Tally:
    """The same over one run from 0 to head, and one back: also between two migrations."""
    tally = Tally()
    _kill_at_each(Step(bench, head, low=0), choose, tally, server=server)
    tell(f"0 to {head:03d} and back: {tally.kills} kills, {len(tally.wrong)} wrong")
    return tally


def _kill_at_each(step: Step, choose: Callable[[Step], list[Point]], tally: Tally, *, server: bool) -> None:
    """Up and down in turn, with a kill on the way while there are points left; stops at the first that is wrong."""
    points = choose(step)
    ups, downs = [p for p in points if not p.down], [p for p in points if p.down]
    for turn in range(max(len(ups), len(downs))):
        for side, down in ((ups, False), (downs, True)):
            if turn < len(side):
                step.kill(side[turn], tally, server=server)
            else:
                step.bench.must(step._target(down=down), down=down)
            if tally.wrong:
                return


def sampled(seed: int, most: int) -> Callable[[Step], list[Point]]:
    """At most so many points of each migration, a third of them at other queries than its own statements."""

    def choose(step: Step) -> list[Point]:
        chance = random.Random(f"{seed}/{step.version}")
        own, others = step.statements(), [p for p in step.points if p not in set(step.statements())]
        rest = max(most // 3, most - len(own))
        picked = chance.sample(own, min(len(own), most - min(rest, len(others), most // 3)))
        return picked + chance.sample(others, min(len(others), most - len(picked)))

    return choose


def anywhere(seed: int, most: int) -> Callable[[Step], list[Point]]:
    """So many points of a run, whatever is sent there."""

    def choose(step: Step) -> list[Point]:
        return random.Random(f"{seed}/{step.low}").sample(step.points, min(len(step.points), most))

    return choose


def every_statement(seed: int, others: int) -> Callable[[Step], list[Point]]:
    """Each statement of a migration at each moment, and so many other queries of the run."""

    def choose(step: Step) -> list[Point]:
        own = step.statements()
        rest = [p for p in step.points if p not in set(own)]
        return own + random.Random(f"{seed}/{step.version}").sample(rest, min(len(rest), others))

    return choose


@contextmanager
def bench(server: PrivateServer, repository: Path, folder: Path) -> Iterator[Bench]:
    """A bench on a new database, dropped at the end."""
    name = f"cbu_faults_{os.getpid()}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    made = Bench(server, name, repository, folder)
    try:
        yield made
    finally:
        made.close()
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
