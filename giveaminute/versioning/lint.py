"""Migrations linted: run one after the other in a scratch database, and all told that would hurt a site in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from giveaminute.errors import MigrationToolError
from giveaminute.settings import MYSQL, SQLITE, DatabaseUrl
from giveaminute.versioning import runner, status
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.building import build
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dry_run import Failure, RehearsedStep, rehearse
from giveaminute.versioning.linting.rules import RULES, Finding
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch


@dataclass(frozen=True)
class Linted:
    """One migration that was linted. `unjudged`: what of it nobody could see here, in words."""

    version: int
    title: str
    file: str
    findings: tuple[Finding, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True)
class LintReport:
    """All that was linted. `server`: which judged, and `place` where. `failure`: what ended it before the last one.

    `unjudged`: what that server cannot judge at all, in words.
    """

    database: str
    server: str
    place: str
    linted: tuple[Linted, ...]
    unjudged: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that no script silences."""
        return tuple(found for each in self.linted for found in each.findings if found.silenced is None)


def lint_pending(url: DatabaseUrl, repository: Repository, *, private: bool = False) -> LintReport:
    """Lint what this database has yet to run, on a copy of its schema; it is only asked.

    Raises CannotConnect, HalfApplied, Busy, NotAsRecorded.
    """
    with opened(url, read_only=True) as database:
        status.refuse_unfinished(database, repository)
    found = rehearse(url, repository, Move(Direction.UPGRADE), private=private)
    linted = tuple(_linted(step) for step in found.steps)
    unjudged = _unjudged(found.family == SQLITE)
    return LintReport(found.database, found.rehearsed_on, found.place, linted, unjudged, found.failure)


def lint_versions(
    url: DatabaseUrl, repository: Repository, first: int, last: int, *, private: bool = False
) -> LintReport:
    """Lint the migrations `first` to `last`, on what those before them build. The database of `url` is not asked.

    Raises CannotConnect, RepositoryError; MigrationFailed where the way to the version before `first` is broken.
    """
    server = _with_server(url, private)
    linted: list[Linted] = []
    with_rows = True
    while True:
        version = first + len(linted)
        with scratch(server, private=private) as made, opened(made.url, read_only=False) as database:
            build(database, repository, url, version - 1)
            told = database.dialect.costs.server(database)
            for number in range(version, last + 1):
                if with_rows:
                    _fill(database)
                step, failure = _watched(database, url.name, repository, number)
                if failure is not None and with_rows:  # perhaps the made rows do not fit it: once again without any
                    with_rows = False
                    break
                linted.append(_linted(step, with_rows=with_rows))
                with_rows = True
                if failure is not None or number == last:
                    unjudged = _unjudged(server.family == SQLITE)
                    return LintReport(url.name, told, made.place, tuple(linted), unjudged, failure)


def _with_server(url: DatabaseUrl, private: bool) -> DatabaseUrl:
    """Where only a file is configured, `private` is the server that it lacks."""
    if url.family == SQLITE and private:
        return DatabaseUrl(MYSQL, "giveaminute", (("localhost", 3306),), "root")
    return url


def _fill(database: Database) -> None:
    from giveaminute.versioning.rehearsal import fill_empty

    fill_empty(database)


def _watched(
    database: Database, name: str, repository: Repository, number: int
) -> tuple[RehearsedStep, Failure | None]:
    """The step as it went in the scratch database; `name`: that of the real one."""
    from giveaminute.versioning.watching import Watch

    watch = Watch(database, database, with_rows=True)
    failure = None
    try:
        move, whole = Move(Direction.UPGRADE, str(number)), Pacing(whole=True)
        runner.run(database, repository, move, watch, runner.Manner(send=watch.send, pacing=whole))
    except MigrationToolError as error:
        if watch.current is None:
            raise
        failure = Failure.of(error, name)
    (step,) = watch.steps()
    return step, failure


def _linted(step: RehearsedStep, *, with_rows: bool = True) -> Linted:
    remarks = () if with_rows else ("it refuses the rows that are made for a trial, and was run without any",)
    return Linted(step.version, step.title, step.file, step.findings, (*remarks, *dict.fromkeys(_unseen(step))))


def _unseen(step: RehearsedStep) -> Iterator[str]:
    """What of a migration depended on more than was there to see."""
    for question in step.unanswered:
        place = f"line {question.line}" if question.line else "it"
        yield f"{place} asks about rows, and may go another way on the real ones"
    for sent in step.statements:
        if sent.cost.algorithm == "INPLACE" and sent.cost.rebuilds is None:
            yield f"line {sent.line}: whether {sent.table} is written anew MySQL tells none without the right PROCESS"
    if not step.complete:
        yield "it did not come to its end"


def _unjudged(on_sqlite: bool) -> tuple[str, ...]:
    if not on_sqlite:
        return ()
    by_server = ", ".join(rule.name for rule in RULES.values() if rule.by_server)
    return (
        f"{by_server}: how a table is changed only a MySQL or MariaDB server can say",
        "row-too-large was reckoned for InnoDB and utf8mb4, not asked of a server",
    )
