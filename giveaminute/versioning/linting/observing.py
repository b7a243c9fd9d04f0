"""Stands beside a migration that runs in a scratch database, and writes down what the rules need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FrameType

from giveaminute.versioning import mentions
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects.costs import Cost
from giveaminute.versioning.linting.facts import Observed, Seen
from giveaminute.versioning.linting.judging import judge
from giveaminute.versioning.linting.rules import Finding
from giveaminute.versioning.linting.silencing import silencings
from giveaminute.versioning.repository import Script
from giveaminute.versioning.schema import Table
from giveaminute.versioning.script import PythonMigration, SqlMigration
from giveaminute.versioning.sqltokens import Syntax
from giveaminute.versioning.statementkinds import StatementKind
from giveaminute.versioning.touched import verb

_OPERATIONS = "giveaminute.versioning.operations"
_BATCHES = "giveaminute.versioning.backfill"
_BRINGING = ("INSERT", "REPLACE")
_DEFINING = ("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE")
_LONG = 100_000
"""Characters of a statement with the rows that it brings, of which megabytes are of no use here."""


class Known:
    """The tables and views that are there now: read whole once, and then those that a definition names."""

    def __init__(self, database: Database) -> None:
        self.database = database
        schema = database.dialect.read_schema(database).without(BOOKKEEPING)
        self.tables: Mapping[str, Table] = schema.tables
        self.views = self._views(schema.views)

    def named(self, text: str) -> dict[str, Table]:
        """The tables that a statement names."""
        names = mentions.mentioned(text, self.database.dialect.syntax, self.tables)
        return {name: self.tables[name] for name in names}

    def read_again(self, changed: Mapping[str, Table]) -> None:
        """These tables, and those that are new."""
        there = set(self.database.tables()) - BOOKKEEPING
        new = there - self.tables.keys() - self.views.keys()
        names = sorted({*changed, *new} & there)
        read = self.database.dialect.read_schema(self.database, names) if names else None
        kept = {name: table for name, table in self.tables.items() if name in there and name not in changed}
        self.tables = {**kept, **(read.tables if read else {})}
        self.views = self._views((self.views.keys() & there) | set(read.views if read else ()))

    def _views(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        return {name: self._columns(name) for name in names}

    def _columns(self, view: str) -> frozenset[str]:
        """Those that can be asked for: none where what the view stands on is gone."""
        cursor = self.database.connection.cursor()
        try:
            cursor.execute(f"SELECT * FROM {self.database.dialect.quote(view)} LIMIT 0")
            return frozenset(column[0] for column in cursor.description or ())
        except self.database.dialect.driver_error as error:
            if self.database.dialect.is_connection_lost(error):
                raise
            return frozenset()
        finally:
            cursor.close()


class Observer:
    """Of one migration on its way up."""

    def __init__(self, known: Known, script: Script, migration: PythonMigration | SqlMigration) -> None:
        self._known = known
        self._script = script
        self._migration = migration
        self._start = (known.tables, known.views)
        self._views_after = known.views
        self._views_changed: dict[str, Seen] = {}
        self._seen: list[Seen] = []

    def saw(
        self, number: int, line: int | None, text: str, what: StatementKind, cost: Cost, frame: FrameType | None
    ) -> None:
        """A statement was sent. `text` with its values in it; `frame`: who sends it."""
        if what is StatementKind.CHANGE and text[:8].lstrip().upper().startswith(_BRINGING):
            text = text[:_LONG]  # what follows are values
        before = self._known.named(text)
        if what is StatementKind.DEFINITION:
            if verb(text) not in _DEFINING:  # CALL and the like, which do not say of what
                before = dict(self._known.tables)
            self._known.read_again(before)
        now = self._now(text, before)
        self._seen.append(Seen(number, line, text, what, cost, before, now, _is_batch(frame), self._kept(frame)))
        changed = {name for name, _ in self._views_after.items() ^ self._known.views.items()}
        self._views_changed |= dict.fromkeys(changed, self._seen[-1])
        self._views_after = self._known.views

    def asked(self, number: int, line: int | None, text: str, frame: FrameType | None) -> None:
        """A question was asked: on SQLite op.keep reads so what it keeps."""
        keeps = self._kept(frame)
        if keeps is not None:
            tables = self._known.named(text)
            self._seen.append(Seen(number, line, text, StatementKind.QUERY, Cost(), tables, tables, keeps=keeps))

    def refused(self, number: int, line: int | None, text: str, what: StatementKind, error: Exception) -> None:
        """The database refused a statement."""
        code, words = error.args[0] if error.args else None, str(error.args[-1] if error.args else error)
        before = self._known.named(text)
        self._seen.append(Seen(number, line, text, what, Cost(), before, before, refusal=(code, words)))

    def findings(self, *, is_whole: bool) -> tuple[Finding, ...]:
        """What the rules say. `is_whole`: the migration came to its end, and no answer about rows was a guess."""
        migration, syntax = self._migration, self._known.database.dialect.syntax
        declared = migration.declarations
        observed = Observed(
            file=migration.path.name,
            syntax=syntax,
            tables=self._start[0],
            views=self._start[1],
            statements=tuple(self._seen),
            views_after=self._views_after,
            views_changed=self._views_changed,
            declared_lost=frozenset(what for what, _ in declared.loses),
            irreversible=declared.irreversible is not None,
            for_servers=syntax is Syntax.MYSQL or self._runs_on_servers(),
        )
        from_the_top = bool(self._seen) and self._seen[0].number <= 1  # one that is taken up sends only the rest
        is_whole = is_whole and from_the_top and not asks_for_dialect(migration)
        return judge(observed, silencings(migration.path, syntax), is_whole=is_whole)

    def _runs_on_servers(self) -> bool:
        """Whether this very script runs on MySQL too, and not another in its place."""
        path = self._migration.path
        there = [file for (name, _), file in self._script.sql.items() if name == "mysql"]
        return path == self._script.python or (not there and path in self._script.sql.values())

    def _kept(self, frame: FrameType | None) -> tuple[str, frozenset[str]] | None:
        """The table and columns that op.keep copies, where it is that which sends."""
        calls = (each for each in _callers(frame) if _module(each) == _OPERATIONS and each.f_code.co_name == "keep")
        for call in calls:
            for name, known in self._known.named(str(call.f_locals["table"])).items():
                written = (column.name for column in known.columns if column.generated is None)
                return name, frozenset(call.f_locals["columns"] or written)
        return None

    def _now(self, text: str, before: Mapping[str, Table]) -> dict[str, Table]:
        there = self._known.tables
        return {name: there[name] for name in {**before, **self._known.named(text)} if name in there}


def asks_for_dialect(migration: PythonMigration | SqlMigration) -> bool:
    """Whether a script goes other ways on other databases, not all of which are seen here."""
    return isinstance(migration, PythonMigration) and any("dialect" in code.co_names for code in _parts(migration.code))


def _parts(code: CodeType) -> list[CodeType]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [code, *(part for each in inner for part in _parts(each))]


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_batch(frame: FrameType | None) -> bool:
    """Whether op.backfill sends it, within bounds of its own."""
    return any(_module(each).startswith(_BATCHES) for each in _callers(frame))
