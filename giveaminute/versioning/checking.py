"""Whether what is there is what was promised: live schema, models, snapshot and scripts, alone or together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import history, runner
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.history import Outcome
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.versioning.schema import Schema


class Subject(Enum):
    """What can be checked."""

    SCHEMA = "schema"
    MODELS = "models"
    SNAPSHOT = "snapshot"
    SCRIPTS = "scripts"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as promised, in words."""

    subject: Subject
    words: str


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found; nothing found is good."""

    database: str
    version: int | None
    checked: tuple[Subject, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Context:
    """What the checks need: the database is only read."""

    url: DatabaseUrl
    repository: Repository
    snapshots: Path
    metadata: sqlalchemy.MetaData | None


def check(context: Context, subjects: Sequence[Subject]) -> Report:
    """Ask each subject in turn. Raises NotUnderVersionControl, DatabaseAhead, CannotConnect."""
    with opened(context.url, read_only=True) as database:
        version = history.version(database, context.repository)
    found = [Finding(subject, words) for subject in subjects for words in _CHECKS[subject](context)]
    return Report(context.url.name, version, tuple(subjects), tuple(found))


def schema_at(url: DatabaseUrl, repository: Repository, version: int) -> Schema:
    """The schema that the scripts promise at this version, built in a scratch database."""
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        runner.run(database, repository, Move(Direction.UPGRADE, str(version)), Progress())
        return database.dialect.read_schema(database).without()


def _schema(context: Context) -> Iterator[str]:
    with opened(context.url, read_only=True) as database:
        version, _ = Move(Direction.UPGRADE).steps(database, context.repository)  # refuses one that is ahead
        live = database.dialect.read_schema(database).without()
    for difference in compare(schema_at(context.url, context.repository, version), live):
        yield difference.words


def _models(context: Context) -> Iterator[str]:
    from giveaminute.versioning.journal import Recorder
    from giveaminute.versioning.lending import lent
    from giveaminute.versioning.model_diff import differences

    if context.metadata is None:
        return
    with scratch(context.url) as made, opened(made.url, read_only=False) as database:
        runner.run(database, context.repository, Move(Direction.UPGRADE), Progress())
        with lent(database.dialect, database.connection, Recorder()) as connection:
            for difference in differences(connection, context.metadata):
                yield f"the models differ from head: {difference}"


def _snapshot(context: Context) -> Iterator[str]:
    from giveaminute.versioning.snapshot import generate

    for each in generate(context.url, context.repository, context.snapshots, check=True).snapshots:
        if each.changed:
            yield f"{each.path} is stale (invoke generate-models --check shows how)"


def _scripts(context: Context) -> Iterator[str]:
    """Applied scripts whose meaning is not the one that was applied, or that are gone."""
    from giveaminute.versioning.script import read

    with opened(context.url, read_only=True) as database:
        dialect = database.dialect
        for number, applied in sorted(_applied(database, context.repository).items()):
            script = context.repository.scripts.get(number)
            if script is None:
                yield f"migration {number:03d} «{applied.title}» was applied, and its script is gone"
                continue
            now = read(script, dialect.name, Direction.UPGRADE, dialect.syntax)
            if now.checksum != applied.checksum:
                when = applied.started[:19]
                yield f"{now.path.name} was edited since it was applied ({when} UTC): its meaning is another"


def _applied(database: Database, repository: Repository) -> dict[int, history.Run]:
    """The last upgrade of each version that is applied; those of the old tool have none."""
    version = history.version(database, repository) or 0
    runs = [run for run in reversed(history.runs(database, repository)) if run.outcome is Outcome.DONE]
    last = {run.version: run for run in runs}
    return {number: run for number, run in last.items() if run.direction is Direction.UPGRADE and number <= version}


_CHECKS: dict[Subject, Callable[[Context], Iterator[str]]] = {
    Subject.SCHEMA: _schema,
    Subject.MODELS: _models,
    Subject.SNAPSHOT: _snapshot,
    Subject.SCRIPTS: _scripts,
}


def subjects_of(text: str | None) -> tuple[Subject, ...]:
    """`schema,models` as subjects; None is all. Raises UsageError."""
    if text is None:
        return tuple(Subject)
    known = {subject.value: subject for subject in Subject}
    asked = [word.strip() for word in text.split(",")]
    for word in asked:
        if word not in known:
            raise UsageError(f"«{word}» is nothing that can be checked.", f"Give some of: {','.join(known)}")
    return tuple(known[word] for word in asked)
