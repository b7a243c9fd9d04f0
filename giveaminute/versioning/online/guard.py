"""Keeps a run from stopping the writers of a large table unasked, and sends the rest in the mildest way there is.

A server takes the mildest algorithm by itself, so a small table's statements go as they are. On a large one the
server is asked on an empty copy, before the run by a rehearsal and else at the statement, and what it said is
written into the statement: a surprise is then a refusal and not an outage. The journal knows the script's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from giveaminute.errors import MigrationToolError, WouldBlock
from giveaminute.settings import Large
from giveaminute.versioning import elsewhere, history, mentions
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.base import Cursor, Rolling
from giveaminute.versioning.dialects.costs import Blocks, Cost, Size
from giveaminute.versioning.online import Consent, leftovers
from giveaminute.versioning.online.lookout import Lookout
from giveaminute.versioning.online.statement import alteration, altered
from giveaminute.versioning.online.tool import obstacle, tool
from giveaminute.versioning.progress import HowFar
from giveaminute.versioning.recorder import Send, as_it_is
from giveaminute.versioning.refusals import shown
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import Move, read
from giveaminute.versioning.statementkinds import StatementKind

if TYPE_CHECKING:
    from giveaminute.versioning.dry_run import DryRun

_WAITING = {
    Blocks.NOTHING: "nobody waits",
    Blocks.ROWS: "writers of those rows wait",
    Blocks.WRITES: "writes wait",
    Blocks.EVERYTHING: "reads and writes wait",
    None: "who waits is not known",
}
REMEDY = (
    "Add --online (through pt-online-schema-change or gh-ost, while the application goes on), or --blocking (writes to"
    " the table wait until it is done)."
)


@dataclass(frozen=True)
class Stop:
    """A statement that would stop the writers of a large table. `where`: its script and line, where they are known."""

    where: str
    table: str
    statement: str
    size: Size
    cost: Cost
    obstacle: str | None = None

    @property
    def words(self) -> str:
        """In one line."""
        place = f"{self.where}: " if self.where else ""
        told = f"{place}«{shown(self.statement)}» on {self.table} ({of_size(self.size)}): {of_cost(self.cost)}"
        return told if self.obstacle is None else f"{told}; --online cannot do it: {self.obstacle}"


@dataclass
class Guard:
    """For one run. `tell`: told in words what is to be known, `watch` how far a long statement is.

    `rolling`: what a cluster's nodes take one by one stops no writer of the others.
    """

    database: Database
    repository: Repository
    large: Large
    consent: Consent
    tell: Callable[[str], None]
    watch: Callable[[HowFar], None]
    rolling: Rolling | None = None

    def __post_init__(self) -> None:
        self._inner: Send = self.rolling.send if self.rolling is not None else as_it_is
        self._costs = self.database.dialect.costs
        self._sizes: Mapping[str, Size] = {}
        self._known: dict[str, Cost] = {}
        self._foreseen: dict[str, str | None] = {}
        self._all_wait = False
        self._lookout = Lookout(self.database, self.watch)

    def close(self) -> None:
        """The run is over."""
        self._lookout.close()

    # Before the start

    def judge(self, move: Move, last_statement_applied: bool | None = None) -> None:
        """Find the large tables, and rehearse the steps that name one. Raises WouldBlock; then nothing was begun."""
        stopped = history.unfinished(self.database, self.repository)
        leftovers.clear(self.database, stopped, self.tell)
        self._find()
        named = self._named(move) if self._sizes else []
        if named:
            told = ", ".join(f"{name} ({of_size(self._sizes[name])})" for name in named)
            self.tell(f"Large: {told}. Asking the server on an empty copy what the steps cost.")
            found = self._rehearsed(move, last_statement_applied)
            if found is not None:
                self._refuse(self._stops(found), begun=stopped is not None)
        self._keep_ways()

    def look(self) -> None:
        """Find the large tables, and judge each statement only when its turn comes."""
        self._find()
        self._keep_ways()

    def _find(self) -> None:
        self._sizes = dict(self._costs.large(self.database, self.large.rows, self.large.bytes))
        self._all_wait = bool(self._sizes) and self.database.dialect.is_cluster(self.database)
        self.database.roll_back()

    def _keep_ways(self) -> None:
        if self._sizes:
            history.keep_ways(self.database)
        self.database.roll_back()

    def _named(self, move: Move) -> list[str]:
        """The large tables that a script to come names."""
        _, steps = move.steps(self.database, self.repository)
        migrations = read(self.database, steps)
        self.database.roll_back()
        texts = [each.path.read_text(encoding="utf-8") for each in migrations.values()]
        return [name for name in self._sizes if any(name.lower() in text.lower() for text in texts)]

    def _large(self, statement: str) -> str | None:
        """The large table that a statement alters; names are compared as a server may that does not tell their case."""
        table = altered(statement, self.database.url.database)
        if table is None:
            return None
        if table in self._sizes:
            return table
        return next((name for name in self._sizes if name.lower() == table.lower()), None)

    def _rehearsed(self, move: Move, last_statement_applied: bool | None) -> DryRun | None:
        from giveaminute.versioning.dry_run import rehearse

        try:
            return rehearse(
                self.database.url,
                self.repository,
                move,
                last_statement_applied=last_statement_applied,
                look=self._foresee if self.consent is Consent.ONLINE else None,
            )
        except MigrationToolError as error:
            self.tell(f"It cannot be judged beforehand, so it is at each statement: {error.message}")
            return None

    def _foresee(self, copy: Database, statement: str) -> None:
        """What will be in the statement's way: what is now may be dropped by then, or the table have another name."""
        if altered(statement, self.database.url.database) is not None:
            known = self._foreseen.get(statement.strip())
            self._foreseen[statement.strip()] = known or obstacle(self.database, statement, copy)

    def _stops(self, found: DryRun) -> list[Stop]:
        stops = []
        names = {name.lower(): name for name in self._sizes}
        for step in found.steps:
            for sent in step.statements:
                if len(sent.sql) != 1:
                    continue
                statement = sent.sql[0]
                table = names.get((altered(statement, self.database.url.database) or "").lower())
                if table is not None:
                    self._known[statement.strip()] = sent.cost
                    if self._stops_writes(statement, sent.cost):
                        where = f"{step.file}, line {sent.line}" if sent.line else step.file
                        hindered = self._foreseen.get(statement.strip())
                        stops.append(Stop(where, table, statement, self._sizes[table], sent.cost, hindered))
                for old, new in mentions.renamed(statement, self.database.dialect.syntax):
                    if old.lower() in names:
                        names[new.lower()] = names.pop(old.lower())
        return stops

    def _refuse(self, stops: list[Stop], *, begun: bool) -> None:
        if not stops or self.consent is Consent.BLOCKING:
            return
        if self.consent is Consent.ONLINE:
            stops = [each for each in stops if each.obstacle is not None]
            if not stops:
                return
        raise refusal(stops, online=self.consent is Consent.ONLINE, begun=begun)

    # At a statement

    def send(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        """Give a statement of a migration to the driver; see `recorder.Send`. Raises WouldBlock."""
        if what is not StatementKind.DEFINITION:
            self._inner(cursor, what, statement, parameters, many)
            return
        table = self._large(statement) if self._sizes and not parameters else None
        with self._lookout.over(shown(statement), table):
            if table is not None and not self._rolls(statement):
                self._send(cursor, what, statement, table)
            else:
                self._inner(cursor, what, statement, parameters, many)
        if self._sizes:
            for old, new in mentions.renamed(statement, self.database.dialect.syntax):
                if old in self._sizes:
                    self._sizes = {new if name == old else name: size for name, size in self._sizes.items()}

    def _send(self, cursor: Cursor, what: StatementKind, statement: str, table: str) -> None:
        cost = self._known.get(statement.strip())
        if cost is None:
            self.database.commit()  # the journal's entry: it must not hold the lease's row meanwhile
            cost = self._asked(statement)
            if cost is not None:
                self._known[statement.strip()] = cost
        if cost is not None and not self._stops_writes(statement, cost):
            taken = self._sent_mildly(cursor, statement, cost)
        elif cost is None and not self._all_wait and "ENGINE" not in statement.upper():
            taken = self._sent_mildly(cursor, statement, None)  # no copy to ask on; what is refused changes nothing
        else:
            taken = None
        if taken is not None:
            self._note(table, statement, of_cost(taken))
            return
        hindered = obstacle(self.database, statement) if self.consent is Consent.ONLINE else None
        stop = Stop("", table, statement, self._sizes[table], cost or Cost(), hindered)
        if self.consent is Consent.BLOCKING:
            self._inner(cursor, what, statement, None, False)
            self._note(table, statement, of_cost(cost or Cost()))
        elif self.consent is Consent.ONLINE and stop.obstacle is None:
            self._send_online(table, statement)
        else:
            raise refusal([stop], online=self.consent is Consent.ONLINE, begun=True)

    def _sent_mildly(self, cursor: Cursor, statement: str, cost: Cost | None) -> Cost | None:
        """Send it so that it stops no writer; what it was, None where the live server takes no such way."""
        for each, text in self._costs.mild(cursor, statement, cost):
            try:
                cursor.execute(text)
            except self.database.dialect.driver_error as error:
                if not self._costs.is_refused(error):
                    raise
            else:
                return each
        return None

    def _asked(self, statement: str) -> Cost | None:
        """What the server says on an empty copy of what is there now; None where none can be had."""
        from giveaminute.versioning.scratch import scratch

        dialect, url = self.database.dialect, self.database.url
        try:
            with scratch(url) as made:
                if elsewhere.refusal(statement, made.url.database) is not None:
                    return None  # it names the live one
                with opened(url, read_only=True) as live, opened(made.url, read_only=False) as target:
                    dialect.copy(live, target, set())
                with opened(made.url, read_only=False) as trying:
                    return self._costs.tried(self.database, trying, statement)
        except (MigrationToolError, dialect.driver_error):
            return None

    def _send_online(self, table: str, statement: str) -> None:
        program, wanted = tool(), alteration(statement)
        assert program is not None and wanted is not None  # else there was an obstacle
        history.note_way(self.database, self.repository, leftovers.mark(table, program.name, shown(statement)))
        self.database.commit()  # with the journal's entry, which a definition here would have made durable
        self.tell(f"{table} ({of_size(self._sizes[table])}): {program.name}, nobody waits: {shown(statement)}")
        program.run(self.database, wanted, self.watch)

    # Helpers

    def _rolls(self, statement: str) -> bool:
        return self.rolling is not None and self.rolling.allows(statement)

    def _stops_writes(self, statement: str, cost: Cost) -> bool:
        if self._all_wait and cost.algorithm != "INSTANT" and not self._rolls(statement):
            return cost.algorithm is not None or cost.stops_writes
        return cost.stops_writes

    def _note(self, table: str, statement: str, way: str) -> None:
        line = f"{table} ({of_size(self._sizes[table])}): {way}: {shown(statement)}"
        self.tell(line)
        history.note_way(self.database, self.repository, line)
        self.database.commit()  # another try of the next statement begins with a rollback


def refusal(stops: list[Stop], *, online: bool, begun: bool) -> WouldBlock:
    """The error that names them, with the remedy. Pure."""
    few = "; ".join(each.words for each in stops[:3]) + (f"; and {len(stops) - 3} more" if len(stops) > 3 else "")
    state = "What came before it stays, and is not done again." if begun else "Nothing was begun."
    verb = "This change of a large table" if len(stops) == 1 else f"These {len(stops)} changes of large tables"
    message = f"{verb} would stop its writers: {few}. {state}"
    remedy = "Mend what is in the way, or add --blocking (writes wait until it is done)." if online else REMEDY
    facts = [
        {
            "where": each.where,
            "table": each.table,
            "statement": each.statement,
            "rows": each.size.rows,
            "bytes": each.size.bytes,
            "algorithm": each.cost.algorithm,
            "obstacle": each.obstacle,
        }
        for each in stops
    ]
    return WouldBlock(message, remedy, {"would_block": facts})


def of_size(size: Size) -> str:
    """About how large, for people."""
    return f"about {size.rows:,} rows, {(size.bytes or 0) / 1e6:,.0f} MB"


def of_cost(cost: Cost) -> str:
    """Which way, and who waits, for people."""
    if cost == Cost():
        return "what it costs the server does not say, so take it for a copy with writes waiting"
    work = {True: ", rebuilds the table", False: "", None: ""}[cost.rebuilds]
    waiting = "nobody waits" if cost.algorithm == "INSTANT" else _WAITING[cost.blocks]
    return f"{cost.algorithm or 'in the way that it names'}{work}, {waiting}"


def warnings(found: DryRun, large: Large) -> tuple[str, ...]:
    """What a rehearsal shows that a run would not do unasked, in words. Pure."""
    return tuple(
        f"{step.file}, line {sent.line or '?'}: {sent.table} is large, and writes to it would wait:"
        " the run wants --online or --blocking for that"
        for step in found.steps
        for sent in step.statements
        if len(sent.sql) == 1
        and altered(sent.sql[0])
        and sent.cost.stops_writes
        and ((sent.rows or 0) >= max(1, large.rows) or (sent.bytes or 0) >= max(1, large.bytes))
    )
