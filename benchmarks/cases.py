"""What is compared, each on one place: prepared, run in turn, the work looked for in the database, and shown."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Found, Limit, Way, add, in_turn, median, processor, show
from benchmarks.places import Place
from benchmarks.tools import ROOT, Alembic, Command, Ours, OursInSql, Tool, peers, run, statements, table

_BARE_TASK = '''
from invoke import task


@task
def version(context, family, database, port):
    """What every tool has to do: open the database and read the version."""
    if family == "sqlite":
        import sqlite3
        connection = sqlite3.connect(database)
    else:
        import pymysql
        connection = pymysql.connect(host="127.0.0.1", port=int(port), user="root", database=database)
    cursor = connection.cursor()
    cursor.execute("SELECT version FROM migrate_version")
    print(cursor.fetchall())
'''
_BARE_STATEMENTS = """
import json, sys
family, database, port, at_once = sys.argv[1:]
if family == "sqlite":
    import sqlite3
    connection = sqlite3.connect(database, isolation_level=None)
else:
    import pymysql
    connection = pymysql.connect(host="127.0.0.1", port=int(port), user="root", database=database)
cursor = connection.cursor()
if at_once == "yes":
    cursor.execute("BEGIN IMMEDIATE")
for sql in json.load(sys.stdin):
    cursor.execute(sql)
connection.commit() if family != "sqlite" or at_once == "yes" else None
"""
_REFLECT = """
import sys, time
import sqlalchemy as sa
engine = sa.create_engine(sys.argv[1])
with engine.connect() as connection:
    started = time.perf_counter()
    metadata = sa.MetaData()
    metadata.reflect(connection)
    took = time.perf_counter() - started
assert sum(len(each.columns) for each in metadata.tables.values()) == int(sys.argv[2]), len(metadata.tables)
print(took)
"""
_READ_SCHEMA = """
import sys, time
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
with opened(parse_url(sys.argv[1]), read_only=True) as database:
    started = time.perf_counter()
    schema = database.dialect.read_schema(database)
    took = time.perf_counter() - started
assert sum(len(each.columns) for each in schema.tables.values()) == int(sys.argv[2]), len(schema.tables)
print(took)
"""


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the issue's own by default."""

    few: int = 11
    many: int = 5000
    climb: int = 1000
    tables: int = 2000
    scripts: int = 10_000
    rounds: int = 5

    @property
    def are_full(self) -> bool:
        """Whether they are those that the limits are for; more or fewer rounds do not matter."""
        return self == Sizes(rounds=self.rounds)


class Bench:
    """One run of the cases on one place; migrations are written once for each tool and number."""

    def __init__(
        self, place: Place, folder: Path, environments: Path | None, sizes: Sizes, wanted: Sequence[str]
    ) -> None:
        self.place, self.folder, self.sizes = place, folder, sizes
        self.ours = Ours(environments)
        others = [tool for tool in peers(environments) if tool.name.lower() in wanted or isinstance(tool, Alembic)]
        self.alembic = next(tool for tool in others if isinstance(tool, Alembic))
        self.tools: list[Tool] = [*others, self.ours]
        self.in_sql = OursInSql(environments)
        self._made: dict[tuple[str, int], Path] = {}
        self._numbers = itertools.count(1)

    def install(self) -> None:
        """All tools, each into an environment of its own."""
        for tool in self.tools:
            tool.install()

    def scripts(self, tool: Tool, count: int) -> Path:
        """The folder with so many migrations of a tool's."""
        if (tool.name, count) not in self._made:
            self._made[tool.name, count] = tool.make(self.folder / f"scripts{next(self._numbers)}", count)
        return self._made[tool.name, count]

    def way(
        self, tool: Tool, name: str, count: int, to: int | None = None, *, new: bool = True, label: str = ""
    ) -> Way:
        """A tool's upgrade of the database `name` to the migration `to`, from empty where it is `new`."""
        folder, url = self.scripts(tool, count), self.url(name)
        return Way(
            label or tool.name,
            tool.upgrade(folder, url, to),
            folder,
            {"DATABASE_URL": url},
            prepare=(lambda: self._empty(name)) if new else (lambda: None),
            check=lambda: self.checked(tool, name, to or count),
        )

    def url(self, name: str) -> str:
        """The URL of a database here."""
        return f"sqlite:///{self.place.folder / name}.db" if self.place.server is None else self.place.server.url(name)

    def _empty(self, name: str) -> None:
        self.place.fresh(name)

    def checked(self, tool: Tool | None, name: str, count: int) -> None:
        """Raise AssertionError where not all tables and indexes of `count` migrations are there and on record."""
        found = {each for each in self.place.tables(name) if each.startswith("t0")}
        assert found == {table(number) for number in range(1, count + 1)}, f"{len(found)} tables"
        indexes = {each for each in self.place.indexes(name) if each.startswith("ix_t0")}
        assert len(indexes) == count // 2, f"{len(indexes)} indexes"
        if tool is not None:
            self.on_record(tool, name, count)

    def on_record(self, tool: Tool, name: str, count: int) -> None:
        """Raise AssertionError where the tool has not `count` migrations on record."""
        recorded = tool.recorded(self.place, name)
        assert recorded == count, f"{tool.name} has {recorded} on record, not {count}"

    def turns(self, title: str, ways: Sequence[Way]) -> Found:
        """All ways in turn."""
        return in_turn(f"{self.place.family}: {title}", ways, self.sizes.rounds)

    def shown(self, title: str, found: Found, base: str, *limits: Limit) -> bool:
        """Print them; limits are for the full sizes only."""
        judged = limits if self.sizes.are_full else ()
        return show(f"{title}, {self.place.version}", found, base, judged)

    def target(self, name: str) -> list[str]:
        """A database for the small programs above: family, database, port."""
        if self.place.server is None:
            return [self.place.family, str(self.place.folder / f"{name}.db"), "0"]
        return [self.place.family, name, str(self.place.server.port)]


def _no_op_ways(bench: Bench, count: int) -> list[Way]:
    ways = []
    for tool in bench.tools:
        name = f"done_{tool.name}_{count}".lower()
        folder = bench.scripts(tool, count)
        tool.stamp(folder, bench.place, name, count)
        url = bench.url(name)
        ways.append(
            Way(
                f"{tool.name}, {count}",
                tool.upgrade(folder, url),
                folder,
                {"DATABASE_URL": url},
                check=lambda tool=tool, name=name: bench.on_record(tool, name, count),  # type: ignore[misc]
            )
        )
        ways[-1].once()  # the files that Python compiles
    return ways


def no_op(bench: Bench) -> bool:
    """Nothing to do: with few migrations in the folder, and with many."""
    few, many = bench.sizes.few, bench.sizes.many
    task = bench.folder / "bare"
    task.mkdir()
    (task / "tasks.py").write_text(_BARE_TASK)
    ways = _no_op_ways(bench, few)
    family, database, port = bench.target(f"done_{bench.ours.name}_{few}")
    bare: Command = [bench.ours.program("invoke"), "version", family, database, port]
    ways.append(Way("a bare invoke task", bare, task))
    ways += _no_op_ways(bench, many)
    found = bench.turns("no-op", ways)
    ours, alembic = bench.ours.name, bench.alembic.name
    limits = [
        Limit(f"{ours}, {few}", f"{alembic}, {few}", 0.5 if bench.place.server is None else 0.6),
        Limit(f"{ours}, {many}", f"{ours}, {few}", 1.2),
        Limit(f"{ours}, {many}", f"{alembic}, {many}", 0.25),
    ]
    return bench.shown(f"Nothing to do, {few} and {many} migrations", found, f"{alembic}, {few}", *limits)


def from_empty(bench: Bench) -> bool:
    """From an empty database to many migrations."""
    count = bench.sizes.climb
    ways = [bench.way(tool, f"empty_{tool.name}".lower(), count) for tool in [*bench.tools, bench.in_sql][:-1]]
    ways.append(bench.way(bench.in_sql, "empty_sql", count))
    ways += _bare_ways(bench, count)
    found = bench.turns("from empty", ways)
    limit = Limit(bench.ours.name, bench.alembic.name, 0.6 if bench.place.server is None else 1.0)
    return bench.shown(f"{count} migrations from empty", found, bench.alembic.name, limit)


def _bare_ways(bench: Bench, count: int) -> list[Way]:
    import json

    given = bench.folder / "statements.json"
    given.write_text(json.dumps([sql for number in range(1, count + 1) for sql in statements(number)]))
    forms = {"yes": "the bare statements, one transaction", "no": "the bare statements, a commit each"}
    if bench.place.server is not None:
        forms = {"no": "the bare statements"}
    return [
        Way(
            title,
            [sys.executable, "-c", _BARE_STATEMENTS, *bench.target("bare"), at_once],
            bench.folder,
            prepare=lambda: bench._empty("bare"),
            check=lambda: bench.checked(None, "bare", count),
            stdin=given,
        )
        for at_once, title in forms.items()
    ]


def rising(bench: Bench) -> bool:
    """What one of the first migrations costs, and what one of the last.

    As many of each, in a run of their own: so reading the folder, which Alembic does whole, counts alike in both.
    """
    count, last = bench.sizes.climb, bench.sizes.many
    between = max(count, last - count)
    runs = {f"1 to {count}": count, f"{count + 1} to {between}": between, f"{between + 1} to {last}": last}
    tools = (bench.alembic, bench.ours)
    ways = {
        tool.name: [
            bench.way(tool, f"rise_{tool.name}", last, to, new=to == count, label=f"{tool.name}, {title}")
            for title, to in runs.items()
            if to > count or title == f"1 to {count}"
        ]
        for tool in tools
    }
    found: Found = {way.name: [] for of_one in ways.values() for way in of_one}
    for number in range(bench.sizes.rounds):
        for tool in tools if number % 2 == 0 else tools[::-1]:
            for way in ways[tool.name]:  # each goes on from the one before
                add(found, way, f"{bench.place.family}: rising, round {number + 1}")
    bench.shown(f"Up to {last}", found, ways[bench.alembic.name][-1].name)
    rise = {tool.name: _rise(tool.name, found, ways[tool.name], (count, last - between)) for tool in tools}
    if not bench.sizes.are_full:
        return True
    kept = rise[bench.ours.name] <= rise[bench.alembic.name]
    print(f"\nours rises no faster than Alembic's: {'kept' if kept else 'NOT kept'}", flush=True)
    return kept


def _rise(tool: str, found: Found, ways: Sequence[Way], counts: tuple[int, int]) -> float:
    """Milliseconds that one of the last costs more than one of the first; printed with the processor's."""
    risen = 0.0
    for what, of in (("processor", processor), ("wall", median)):
        before, after = (
            of(found[way.name]) * 1000 / count for way, count in zip((ways[0], ways[-1]), counts, strict=True)
        )
        risen = after - before
        print(f"\n{tool}, {what}: {before:.2f} ms a migration, at the end {after:.2f} ms: {risen:+.2f}")
    return risen


def new_install(bench: Bench) -> bool:
    """From the snapshot, against the server's own client."""
    if bench.place.server is None:
        return True
    count = bench.sizes.climb
    scripts, snapshots = bench.scripts(bench.ours, count), bench.folder / "snapshots"
    of: Command = ["--repository", scripts, "--folder", snapshots]
    run(bench.ours.invoke("generate-models", "--url", bench.place.fresh("models"), *of))
    server = bench.place.server
    client: Command = [
        *("mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={server.port}", "--user=root", "--protocol=tcp"),
        "install_client",
    ]

    def at_head(name: str) -> Callable[[], None]:
        def check() -> None:
            bench.checked(None, name, count)
            assert bench.place.query(name, "SELECT version FROM migrate_version") == [(count,)]

        return check

    ways = [
        Way(
            "mariadb < models.sql",
            client,
            bench.folder,
            prepare=lambda: bench._empty("install_client"),
            check=at_head("install_client"),
            stdin=snapshots / "models.sql",
        ),
        Way(
            "invoke load-models",
            bench.ours.invoke("load-models", "--url", bench.url("install_ours"), *of),
            bench.folder,
            prepare=lambda: bench._empty("install_ours"),
            check=at_head("install_ours"),
        ),
    ]
    found = bench.turns("new install", ways)
    limit = Limit("invoke load-models", "mariadb < models.sql", 1.3)
    return bench.shown(f"A new install, snapshot of {count} migrations", found, limit.base, limit)


def schema(bench: Bench) -> bool:
    """Read the schema of many tables, each with five columns, two indexes and a foreign key."""
    count, url = bench.sizes.tables, bench.place.fresh("wide")
    bench.place.run("wide", [sql for number in range(count) for sql in _wide(number)])
    alembics: Command = [bench.alembic.program("python"), "-c", _REFLECT, url, str(count * 5)]
    ways = [
        Way("MetaData.reflect()", alembics, bench.folder, measured=True),
        Way("ours", [sys.executable, "-c", _READ_SCHEMA, url, str(count * 5)], ROOT, measured=True),
    ]
    found = bench.turns("schema", ways)
    limit = Limit("ours", "MetaData.reflect()", 0.2)
    return bench.shown(f"The schema of {count} tables", found, limit.base, limit)


def _wide(number: int) -> list[str]:
    name, parent = f"w{number:05d}", f"w{number // 2:05d}"
    return [
        f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, parent_id INTEGER, title VARCHAR(100) NOT NULL DEFAULT"
        f" 'none', at DATETIME, amount DECIMAL(10,2), FOREIGN KEY (parent_id) REFERENCES {parent} (id))",
        f"CREATE INDEX ix_{name}_title ON {name} (title, at)",
    ]


def folder(bench: Bench) -> bool:
    """The commands of every day with very many scripts in the folder."""
    count = bench.sizes.scripts
    ways = []
    for tool in (bench.alembic, bench.ours):
        name = f"folder_{tool.name}"
        scripts = bench.scripts(tool, count)
        tool.stamp(scripts, bench.place, name, count)
        for words in ("upgrade", "status", "script"):
            command = _everyday(bench, tool, words, scripts, bench.url(name))
            environment = {"DATABASE_URL": bench.url(name)}
            ways.append(Way(f"{tool.name}: {words}", command, scripts, environment, prepare=_no_new_script(scripts)))
        ways[-3].once()
    found = bench.turns("folder", ways)
    return bench.shown(f"{count} scripts in the folder", found, f"{bench.alembic.name}: upgrade")


def _everyday(bench: Bench, tool: Tool, word: str, scripts: Path, url: str) -> Command:
    if tool is bench.ours:
        where: Command = ["New one"] if word == "script" else ["--url", url]
        return bench.ours.invoke(word, *where, "--repository", scripts)
    words = {"upgrade": ["upgrade", "head"], "status": ["current"], "script": ["revision", "-m", "New one"]}
    return [tool.program("alembic"), *words[word]]


def _no_new_script(scripts: Path) -> Callable[[], None]:
    def remove() -> None:
        for path in [*scripts.rglob("*_New_one.py"), *scripts.rglob("*_new_one.py")]:
            path.unlink()

    return remove


CASES: dict[str, Callable[[Bench], bool]] = {
    "no-op": no_op,
    "from-empty": from_empty,
    "rising": rising,
    "new-install": new_install,
    "schema": schema,
    "folder": folder,
}
