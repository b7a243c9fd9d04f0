"""What a rehearsal found, as a script that people run by hand: it leaves schema and bookkeeping as the tool would."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from giveaminute.errors import ExitCode, MigrationFailed, MigrationToolError, UsageError
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.dialects.base import Dialect
from giveaminute.versioning.dialects.script_form import Record
from giveaminute.versioning.dry_run import Answered, DryRun, Failure, Question, RehearsedStep
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.statements import StatementError, Syntax, normalise, split

WIDTH = 100
"""Columns of a comment."""
_SHOWN = 160
_DELIMITERS = ("//", "$$", "//end//")


def comment(text: str, width: int = WIDTH, indent: str = "") -> str:
    """Text as SQL comments, a line break where one was or where a line would be too long."""
    room = max(30, width - 3 - len(indent))
    lines = [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    return "\n".join(f"-- {indent if place else ''}{line}".rstrip() for place, line in enumerate(lines))


def terminated(statement: str, syntax: Syntax) -> str:
    """A statement with what ends it in a script, a stored program in its own DELIMITER.

    Raises MigrationToolError for one that no script can hold.
    """
    if statement.startswith("."):  # a command of the client
        return statement
    for text in (f"{statement};", f"{statement}\n;", *_in_own_delimiter(statement, syntax)):
        if _is_one(text, statement, syntax):
            return text
    raise MigrationToolError(
        f"No script can hold this statement: {shown(statement)}", "Let the tool run this migration: invoke upgrade"
    )


def _in_own_delimiter(statement: str, syntax: Syntax) -> Iterator[str]:
    if syntax is Syntax.MYSQL:
        yield from (
            f"DELIMITER {each}\n{statement}\n{each}\nDELIMITER ;" for each in _DELIMITERS if each not in statement
        )


def _is_one(text: str, statement: str, syntax: Syntax) -> bool:
    """Whether the text is this statement and nothing else, with another one behind it."""
    try:
        found = [normalise(each.text, syntax) for each in split(f"{text}\nSELECT 1;", syntax)]
    except StatementError:
        return False
    return [each.rstrip(" ;") for each in found] == [normalise(statement, syntax).rstrip(" ;"), "SELECT 1"]


def shown(text: str) -> str:
    """A statement in one line of a comment."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def heading(step: RehearsedStep) -> str:
    """A step's own two lines, of one look in every script."""
    return f"-- ===== {step.direction.value} {step.version:03d}: {step.title} =====\n-- {step.file}"


def on_rows(question: Question) -> str:
    """A question of a migration, in words."""
    where = f"line {question.line}: " if question.line else ""
    return f"{where}{shown(question.words)}"


@dataclass(frozen=True)
class Handover:
    """A script, and the versions that it leads from and to; empty where there is nothing to do."""

    database: str
    before: int
    after: int
    script: str


def hand_over(found: DryRun, repository: Repository) -> Handover:
    """The rehearsal as a script.

    Raises MigrationFailed where it failed, UsageError where a step asked about rows that nobody knew: then no script
    can be right.
    """
    if found.failure is not None:
        raise _failed(found, found.failure)
    _refuse_unanswered(found)
    dialect = for_family(found.family)
    text = "\n".join(_lines(found, dialect, repository)) + "\n" if found.steps else ""
    return Handover(found.database, found.before, found.after, text)


def _failed(found: DryRun, failure: Failure) -> MigrationToolError:
    """The error that ended the rehearsal, told as such."""
    error = MigrationFailed(
        f"In the rehearsal: {failure.message}",
        f"Nothing was done to {found.database}, and there is no script. Mend the migration, or the database.",
    )
    error.exit_code = ExitCode(failure.exit_code)
    return error


def _refuse_unanswered(found: DryRun) -> None:
    for step in found.steps:
        if not step.unanswered:
            continue
        up = step.direction is Direction.UPGRADE
        to = f"invoke upgrade --version {step.after}" if up else f"invoke downgrade {step.after}"
        until = f"invoke upgrade --sql --version {step.before}" if up else f"invoke downgrade {step.before} --sql"
        alone = f"let the tool run it: {to}"
        first = step is found.steps[0]
        raise UsageError(
            f"{step.file} asks about rows that a rehearsal without them cannot know, so no script could be sure of"
            f" its statements; {on_rows(step.unanswered[0])}",
            "Add --with-data, which rehearses on a copy of the rows."
            f" Or {alone if first else f'hand over what comes before it ({until}), then {alone}'}",
        )


def _lines(found: DryRun, dialect: Dialect, repository: Repository) -> Iterator[str]:
    form, syntax = dialect.script_form, dialect.syntax
    yield from _header(found, form.client, form.on_error, repository)
    yield from _statements(found.session, syntax)
    guard = form.guard(repository.version_table, repository.id, found.before)
    makes_the_row = any(text.startswith(f"CREATE TABLE {repository.version_table} ") for text in found.preparation)
    if not makes_the_row and not any(text.startswith("INSERT") for text in found.preparation):
        yield from ("", comment(f"Fails on a database that is not at version {found.before}."))
        yield from _statements(guard, syntax)
    if found.preparation:
        yield from ("", comment("The tool's own tables."))
        yield from _statements(found.preparation, syntax)
    for place, step in enumerate(found.steps):
        again = place > 0 and any(each.sets_session for each in found.steps[place - 1].statements)
        yield from _step(step, dialect, repository, [text for text in found.session if again and text[:1] != "."])


def _header(found: DryRun, client: str, on_error: str, repository: Repository) -> Iterator[str]:
    command = "upgrade" if found.after >= found.before else "downgrade"
    yield comment(
        f"Brings {found.database} from version {found.before} to {found.after} of {repository.id}, as"
        f" `invoke {command}` would: schema, version row and history."
    )
    yield comment(f"For a database of {found.server} that is at version {found.before}, and only for such a one.")
    yield comment(f"Written by `invoke {command} --sql` after a rehearsal on {found.rehearsed_on} ({found.place}).")
    yield comment("Take a backup, see that no other migration runs meanwhile, read this, then run it:")
    yield f"--   {client}"
    yield comment(on_error)
    yield from (comment(f"Note: {each}.") for each in found.remarks)
    yield ""


def _statements(texts: Sequence[str], syntax: Syntax) -> Iterator[str]:
    yield from (terminated(text.strip(), syntax) for text in texts)


def _step(step: RehearsedStep, dialect: Dialect, repository: Repository, session: Sequence[str]) -> Iterator[str]:
    form, syntax = dialect.script_form, dialect.syntax
    yield from ("", heading(step))
    yield from (comment(f"Declared to lose {each}") for each in step.loses)
    yield from (comment(f"It says: {each}") for each in step.notices)
    yield from _caution(step)
    yield from _statements([*session, *form.begin()], syntax)
    for sent in step.statements:
        yield from (comment(f"LOSES {each}.") for each in sent.losses)
        if sent.in_batches:
            locks = "" if dialect.transactional_ddl else "; as one statement it locks what it changes until its end"
            yield comment(f"The tool does this in batches{locks}.")
        yield from _statements([*sent.session, *sent.sql], syntax)
    record = Record(
        repository.version_table,
        repository.id,
        step.before,
        step.after,
        step.version,
        step.title,
        step.direction.value,
        step.checksum,
    )
    yield from ("", *_statements(form.end(record), syntax))


def _caution(step: RehearsedStep) -> Iterator[str]:
    if not step.questions:
        return
    yield "-- !" * 20
    source = "the live tables" if step.questions[0].answered is Answered.LIVE else "a copy of the rows"
    yield comment(
        f"CAUTION: this step's statements depend on rows. They are right for what {source} held when this was written;"
        " where the application has changed those rows since, write the script again. It asked:"
    )
    yield from (comment(f"  {on_rows(each)}", indent="  ") for each in step.questions)
    yield "-- !" * 20
