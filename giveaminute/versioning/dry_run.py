"""The pending steps tried on a scratch copy of the live database: what would be sent, what it costs, what it risks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from giveaminute.errors import MigrationToolError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import history, runner
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import NO_PARAMETERS, Database, opened
from giveaminute.versioning.dialects.costs import Cost
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch

if TYPE_CHECKING:
    from giveaminute.versioning.linting.rules import Finding
    from giveaminute.versioning.watching import Watch


class Answered(Enum):
    """By whom a question about rows was answered. NOBODY: from a table without the live rows, so perhaps wrongly."""

    COPY = "copy"
    LIVE = "live"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Question:
    """What a migration asked about rows, and where in its script."""

    line: int | None
    words: str
    answered: Answered


@dataclass(frozen=True)
class Sent:
    """One statement, `sql` as it can be run (several where it came with many sets of parameters).

    `session`: what has to be set for it, since an operation did so. `rows` and `bytes` of the table it touches:
    the live server's estimates, or counted; None where nobody knows. `losses`: the data it takes away, in words.
    `in_batches`: the tool itself does it bit by bit (`op.backfill`).
    """

    number: int
    line: int | None
    session: tuple[str, ...]
    sql: tuple[str, ...]
    table: str | None
    cost: Cost
    rows: int | None
    bytes: int | None
    counted: bool
    losses: tuple[str, ...]
    sets_session: bool = False
    in_batches: bool = False


@dataclass(frozen=True)
class RehearsedStep:
    """One migration. `loses`: what it declares; `complete`: it came to its end."""

    version: int
    title: str
    direction: Direction
    file: str
    checksum: str
    before: int
    after: int
    statements: tuple[Sent, ...]
    questions: tuple[Question, ...]
    loses: tuple[str, ...]
    notices: tuple[str, ...]
    complete: bool
    findings: tuple[Finding, ...] = ()
    """What would hurt a site in use (linting); for an upgrade only."""

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """The questions whose answers may be others on the real rows."""
        return tuple(each for each in self.questions if each.answered is Answered.NOBODY)


@dataclass(frozen=True)
class Failure:
    """Where the rehearsal ended: the error as the command itself would tell it, and what to do about it here."""

    message: str
    remedy: str
    exit_code: int

    @classmethod
    def of(cls, error: MigrationToolError, name: str) -> Failure:
        """What to do of a rehearsal for the database `name`: the error's own remedy speaks of the copy."""
        again = "Mend the script, or the database, then run the same command again."
        return cls(error.message, f"Nothing was done to {name}. {again}", int(error.exit_code))


@dataclass(frozen=True)
class DryRun:
    """All that a rehearsal found. `server` is the live one, `rehearsed_on` where it was tried; `remarks`: what differs.

    `session` and `preparation`: the settings of the tool's own sessions, and what it does for its own tables first.
    """

    database: str
    family: str
    server: str
    place: str
    rehearsed_on: str
    with_rows: bool
    before: int
    after: int
    steps: tuple[RehearsedStep, ...]
    remarks: tuple[str, ...]
    session: tuple[str, ...]
    preparation: tuple[str, ...]
    failure: Failure | None


def rehearse(
    url: DatabaseUrl,
    repository: Repository,
    move: Move,
    *,
    private: bool = False,
    with_rows: bool = False,
    last_statement_applied: bool | None = None,
    look: Callable[[Database, str], None] | None = None,
) -> DryRun:
    """Make the move on a copy of the database of `url`, which is only asked, in SELECTs, and never locked.

    The copy has its schema, our own rows, and with `with_rows` all others. `look` is given the copy and each
    definition before it is sent there, and only asks. Raises CannotConnect, HalfApplied,
    NotAsRecorded; a step that fails is told in the result.
    """
    from giveaminute.versioning.watching import Watch

    with opened(url, read_only=True) as live, scratch(url, private=private) as made:
        with opened(made.url, read_only=False) as target:
            remarks = live.dialect.copy(live, target, None if with_rows else {repository.version_table, *BOOKKEEPING})
        live.roll_back()
        preparation = _prepared(made.url, repository)
        with opened(made.url, read_only=False) as database:
            before, steps = move.steps(database, repository)
            watch = Watch(live, database, with_rows=with_rows or live.dialect.copies_rows, look=look)
            failure = _tried(database, url.name, repository, move, watch, last_statement_applied)
            costs = live.dialect.costs
            server, rehearsed_on = costs.server(live), costs.server(database)
        return DryRun(
            database=url.name,
            family=live.dialect.name,
            server=server,
            place=made.place,
            rehearsed_on=rehearsed_on,
            with_rows=watch.with_rows,
            before=before,
            after=steps[-1].after if steps else before,
            steps=watch.steps(),
            remarks=(*remarks, *_of_another_server(server, rehearsed_on)),
            session=live.dialect.script_form.opening(live),
            preparation=preparation,
            failure=failure,
        )


def _tried(
    database: Database,
    name: str,
    repository: Repository,
    move: Move,
    watch: Watch,
    last_statement_applied: bool | None,
) -> Failure | None:
    """Make the move there; returns what ended it. Raises where no step was begun."""
    try:
        runner.run(
            database,
            repository,
            move,
            watch,
            runner.Manner(last_statement_applied=last_statement_applied, send=watch.send, pacing=Pacing(whole=True)),
        )
    except MigrationToolError as error:
        if watch.current is None:
            raise
        return Failure.of(error, name)
    return None


def _of_another_server(live: str, scratch: str) -> Collection[str]:
    if live == scratch:
        return ()
    return (f"tried on {scratch}, and the live server is {live}: costs may be others there",)


class _Noting(Database):
    """A database that remembers, as text, what is executed through it."""

    def __init__(self, url: DatabaseUrl) -> None:
        super().__init__(url, read_only=False)
        self.noted: list[str] = []

    def execute(self, sql: str, parameters: Mapping[str, object] = NO_PARAMETERS) -> int:
        form: Any = self.dialect.script_form
        text = form.rendered(self.connection, self.dialect.bind(sql), dict(parameters))
        self.noted.append(text)
        return super().execute(sql, parameters)


def _prepared(url: DatabaseUrl, repository: Repository) -> tuple[str, ...]:
    """Make our own tables in the copy, where they are missing, as a run does first; returns how."""
    database = _Noting(url)
    try:
        database.dialect.prepare(database, repository.version_table)
        if history.version(database, repository) is None:
            history.put_under_control(database, repository, 0)
        database.connection.commit()
        return tuple(database.noted)
    finally:
        database.close()
