"""Who stands between a migration and the scratch copy: sends what it sends, and finds out what that costs and asks."""

from __future__ import annotations

import inspect
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from giveaminute.versioning import answers, mentions, recorder
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.dialects.costs import Cost
from giveaminute.versioning.dry_run import Answered, Question, RehearsedStep, Sent
from giveaminute.versioning.execution import Progress, StepResult
from giveaminute.versioning.linting.observing import Known, Observer
from giveaminute.versioning.linting.rules import Finding
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction
from giveaminute.versioning.script import PythonMigration, SqlMigration, read
from giveaminute.versioning.statements import StatementKind

_REBUILT = "migrate_rebuilt_"
"""What SQLite's rebuild calls the new table until it takes the old one's place."""


@dataclass
class _Current:
    """The step under way."""

    step: Step
    migration: PythonMigration | SqlMigration
    heard: list[tuple[int, int]]
    """Lines of calls that tell the script how many rows were touched."""
    observer: Observer | None
    """Who looks for what would hurt a site in use, on the way up."""
    statements: list[Sent] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    sent: int = 0
    complete: bool = False


class Watch(Progress):
    """Knows which tables of the copy hold what the live ones hold.

    `_inexact`: those that do not, for their rows were not copied, or come from such. `_touched`: those that the plan
    has changed, so that the live table is no answer any more.
    """

    def __init__(
        self,
        live: Database,
        database: Database,
        *,
        with_rows: bool,
        look: Callable[[Database, str], None] | None = None,
    ) -> None:
        """`look`: given the copy and a definition that it is about to be sent; only asks."""
        self._live = live
        self._look = look
        self._database = database
        self._syntax = database.dialect.syntax
        self._form = database.dialect.script_form
        self._costs = database.dialect.costs
        self.with_rows = with_rows
        self._sizes = self._costs.sizes(live)
        self._tables = set(database.tables())
        self._live_name = {name: name for name in self._tables}
        self._inexact = set() if with_rows else {name for name in live.tables() if self._holds_rows(name)}
        self._touched: set[str] = set()
        self._spreads = not with_rows and self._one_change_makes_others()
        self._session = self._form.session(database)
        self._known: Known | None = None
        self._done: list[_Current] = []
        self.current: _Current | None = None
        self._number = 0
        self._in_batches = False

    def _holds_rows(self, name: str) -> bool:
        if name not in self._tables or name in BOOKKEEPING:
            return False
        try:
            return bool(self._live.query(f"SELECT 1 FROM {self._live.dialect.quote(name)} LIMIT 1"))
        except self._live.dialect.driver_error as error:
            if self._live.dialect.is_connection_lost(error):
                raise
            return False  # a view that does not work

    def _one_change_makes_others(self) -> bool:
        """By a trigger, or by a foreign key that cascades."""
        tables = self._database.dialect.read_schema(self._database).tables.values()
        actions = {action for t in tables for key in t.foreign_keys for action in (key.on_delete, key.on_update)}
        return any(t.triggers for t in tables) or bool(actions - {"NO ACTION"})

    # What the run tells

    def started(self, step: Step) -> None:
        dialect = self._database.dialect
        migration = read(step.script, dialect.name, step.direction, dialect.syntax)
        heard = []
        if isinstance(migration, PythonMigration):
            with tokenize.open(migration.path) as file:
                heard = mentions.calls_that_tell_rows(file.read())
        self.current = _Current(step, migration, heard, self._observer(step, migration))
        self._done.append(self.current)
        self._session = self._form.session(self._database)

    def _observer(self, step: Step, migration: PythonMigration | SqlMigration) -> Observer | None:
        if step.direction is not Direction.UPGRADE:
            return None
        self._known = self._known or Known(self._database)
        return Observer(self._known, step.script, migration)

    def sending(self, number: int, statement: str, parameters: Any) -> None:
        self._number = number  # from the recorder: a resume does not begin with 1

    def notice(self, text: str) -> None:
        if self.current is not None:
            self.current.notices.append(text)

    def in_batches(self, table: str, function: str | None) -> None:
        """A backfill: what it sends next is told as one; what a function makes of rows, only those can tell."""
        self._in_batches = function is None
        if function is not None:
            inexact = table in self._inexact
            size = self._sizes.get(self._live_name.get(table, ""))
            about = f" (about {size.rows:,} rows)" if inexact and size else ""
            line, _ = self._place("")
            answered = Answered.NOBODY if inexact else Answered.COPY
            self._add_question(line, f"what {function}() makes of the rows of {table}{about}", answered)

    def finished(self, result: StepResult) -> None:
        if self.current is not None:
            self.current.complete = True

    def steps(self) -> tuple[RehearsedStep, ...]:
        """What was found out."""
        return tuple(_rehearsed(each) for each in self._done)

    # What the migrations send

    def send(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        """Send a statement of the current step to the copy; see `recorder.Send`."""
        assert self.current is not None
        self.current.sent += 1
        if what is StatementKind.QUERY:
            self._ask(cursor, statement, parameters)
        elif what is StatementKind.SESSION:
            recorder.send(cursor, statement, parameters, many)
            self._set_session(statement, parameters)
        else:
            try:
                self._change(cursor, what, statement, parameters, many)
            except self._database.dialect.driver_error as error:
                if self.current.observer is not None:
                    self.current.observer.refused(self._number, self._place(statement)[0], statement, what, error)
                raise

    def _set_session(self, statement: str, parameters: Any) -> None:
        sql = (self._as_text(statement, parameters),)
        self._add(sql, (), None, Cost(), (None, None, False), (), sets_session=True)
        self._session = self._form.session(self._database)

    def _ask(self, cursor: Cursor, question: str, parameters: Any) -> None:
        names = self._mentioned(question) if mentions.asks_about_rows(question, self._syntax) else []
        unknown = [name for name in names if name in self._inexact]
        answered = Answered.COPY
        if unknown:
            from_live = not self._touched & set(unknown) and self._ask_live(cursor, question, parameters)
            answered = Answered.LIVE if from_live else Answered.NOBODY
        if answered is not Answered.LIVE:
            recorder.send(cursor, question, parameters, many=False)
        line, by_script = self._place(question)
        if self.current is not None and self.current.observer is not None:
            self.current.observer.asked(self._number, line, question, inspect.currentframe())
        if by_script and (unknown or set(names) - BOOKKEEPING):
            self._add_question(line, self._as_text(question, parameters), answered)

    def _ask_live(self, cursor: Cursor, question: str, parameters: Any) -> bool:
        """Let the live table answer in the copy's place; False where it has no answer."""
        asking = self._live.connection.cursor()
        try:
            recorder.send(asking, self._as_live(question), parameters, many=False)
            answers.replay(cursor, answers.remember(asking), self._live.dialect)
        except self._live.dialect.driver_error as error:
            if self._live.dialect.is_connection_lost(error):
                raise
            return False
        finally:
            asking.close()
            self._live.roll_back()
        return True

    def _change(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        names = self._mentioned(statement)
        table = names[0] if names else None
        session = tuple(each for each in self._form.session(self._database) if each not in self._session)
        sets = parameters if many else [parameters]
        sql = tuple(self._as_text(statement, each) for each in sets)
        losses = tuple(self._losses(statement))
        known = self._size(table)
        if what is StatementKind.DEFINITION and not parameters:
            if self._look is not None:
                self._look(self._database, statement)
            cost = self._costs.send(cursor, statement)
        else:
            recorder.send(cursor, statement, parameters, many)
            cost = self._costs.of_change(self._database, table)
            known = self._touched_by(cursor, statement, names)
        self._session = self._form.session(self._database) if session else self._session
        self._add(sql, session, table, cost, known, losses)
        self._follow(what, statement, names)
        observer = self.current.observer if self.current is not None else None
        if observer is not None:
            text = sql[0] if sql else statement
            observer.saw(self._number, self._place(text)[0], text, what, cost, inspect.currentframe())

    def _touched_by(self, cursor: Cursor, statement: str, names: list[str]) -> tuple[int | None, int | None, bool]:
        """How many rows a change touches: counted on the copy where that knows, else the table's estimate."""
        inserts = _is_insertion(statement)
        read_from = names[1:] if inserts else names
        unknown = [name for name in read_from if name in self._inexact]
        if not unknown:
            return max(cursor.rowcount, 0), None, True
        line, _ = self._place(statement)
        if self.current is not None and any(first <= (line or 0) <= last for first, last in self.current.heard):
            self._add_question(line, f"how many rows are touched by: {statement}", Answered.NOBODY)
        sizes = [self._sizes.get(self._live_name.get(name, "")) for name in (unknown if inserts else unknown[:1])]
        return max((size.rows for size in sizes if size), default=None), None, False

    def _follow(self, what: StatementKind, statement: str, names: list[str]) -> None:
        """Keep book of names, of what is changed, and of what holds other rows than the live tables."""
        written = set(names[:1] if _is_insertion(statement) else names)
        self._touched |= written
        if what is StatementKind.CHANGE:
            if self._spreads:
                self._touched |= self._tables
            if set(names) & self._inexact:
                self._inexact |= written
            return
        for old, new in mentions.renamed(statement, self._syntax):
            self._live_name[new] = self._live_name.pop(old, "")
            for names_of in (self._touched, self._inexact):
                if old in names_of:
                    names_of.add(new)
                    names_of.discard(old)
        now = set(self._database.tables())
        reads = "SELECT" in (word.upper() for word in mentions.words(statement, self._syntax))
        if reads and set(names) & self._inexact:
            self._inexact |= now - self._tables
        self._tables = now

    def _size(self, table: str | None) -> tuple[int | None, int | None, bool]:
        """Rows and bytes of a table before the statement, and whether they are counted."""
        if table is None:
            return None, None, False
        size = self._sizes.get(self._live_name.get(table, ""))
        if table in self._inexact:
            return (size.rows, size.bytes, False) if size else (None, None, False)
        try:
            count = self._database.scalar(f"SELECT COUNT(*) FROM {self._database.dialect.quote(table)}")
        except self._database.dialect.driver_error as error:
            if self._database.dialect.is_connection_lost(error):
                raise
            return None, None, False  # a view that does not work just now
        return int(count), size.bytes if size else None, True

    def _losses(self, statement: str) -> list[str]:
        told: list[str] = []
        for each in mentions.lost(statement, self._syntax):
            table = next((name for name in self._tables if name.lower() == each.table.lower()), None)
            if table is None or table in BOOKKEEPING:
                continue
            if each.column:
                told.append(f"the column {table}.{each.column} with its values")
            elif _REBUILT + table in self._tables:  # its rows are in the new one already
                told += [f"the column {table}.{name} with its values" for name in self._columns_left_behind(table)]
            else:
                told.append(f"the table {table} with its rows")
        return told

    def _columns_left_behind(self, table: str) -> list[str]:
        tables = self._database.dialect.read_schema(self._database, [table, _REBUILT + table]).tables
        there = {column.name for column in tables[_REBUILT + table].columns}
        return [column.name for column in tables[table].columns if column.name not in there]

    # Helpers

    def _mentioned(self, statement: str) -> list[str]:
        return mentions.mentioned(statement, self._syntax, self._tables)

    def _as_text(self, statement: str, parameters: Any) -> str:
        return self._as_live(self._form.rendered(self._database.connection, statement, parameters).strip())

    def _as_live(self, sql: str) -> str:
        """A script that asks for its database's name was told the copy's."""
        name = self._database.url.database
        return sql.replace(name, self._live.url.database) if "_scratch_" in name else sql

    def _add(
        self,
        sql: tuple[str, ...],
        session: tuple[str, ...],
        table: str | None,
        cost: Cost,
        known: tuple[int | None, int | None, bool],
        losses: tuple[str, ...],
        *,
        sets_session: bool = False,
    ) -> None:
        assert self.current is not None
        line, _ = self._place(sql[0] if sql else "")
        self.current.statements.append(
            Sent(self._number, line, session, sql, table, cost, *known, losses, sets_session, self._in_batches)
        )
        self._in_batches = False

    def _add_question(self, line: int | None, words: str, answered: Answered) -> None:
        assert self.current is not None
        question = Question(line, " ".join(words.split()), answered)
        if question not in self.current.questions:
            self.current.questions.append(question)

    def _place(self, statement: str) -> tuple[int | None, bool]:
        """The line of the script that sends this, and whether the script itself, not a rebuild, wants it."""
        assert self.current is not None
        if isinstance(self.current.migration, SqlMigration):
            lines = [each.line for each in self.current.migration.statements if each.text.strip() == statement]
            return (lines[0] if lines else None), True
        return _line_in(inspect.currentframe(), self.current.migration.path)


def _line_in(frame: FrameType | None, path: Path) -> tuple[int | None, bool]:
    by_script = True
    while frame is not None:
        if frame.f_code.co_filename == str(path):
            return frame.f_lineno, by_script
        by_script = by_script and not frame.f_globals.get("__name__", "").endswith(".sqlite_rebuild")
        frame = frame.f_back
    return None, by_script


def _is_insertion(statement: str) -> bool:
    return statement.lstrip().split(None, 1)[0].upper() in ("INSERT", "REPLACE")


def _rehearsed(each: _Current) -> RehearsedStep:
    script, declared = each.step.script, each.migration.declarations
    return RehearsedStep(
        version=script.number,
        title=script.title,
        direction=each.step.direction,
        file=each.migration.path.name,
        checksum=each.migration.checksum,
        before=each.step.before,
        after=each.step.after,
        statements=tuple(each.statements),
        questions=tuple(each.questions),
        loses=tuple(f"{what}: {why}" for what, why in declared.loses),
        notices=tuple(each.notices),
        complete=each.complete,
        findings=_found(each),
    )


def _found(each: _Current) -> tuple[Finding, ...]:
    guessed = any(question.answered is Answered.NOBODY for question in each.questions)
    return each.observer.findings(is_whole=each.complete and not guessed) if each.observer is not None else ()
