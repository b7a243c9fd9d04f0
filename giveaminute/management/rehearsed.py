"""A rehearsal as people read it: its statements as SQL on stdout, what each costs and risks in comments above it."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.errors import ExitCode, MigrationToolError
from giveaminute.management.console import Console
from giveaminute.management.copying import amount
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.dialects.costs import Blocks, Cost
from giveaminute.versioning.dry_run import Answered, DryRun, RehearsedStep, Sent
from giveaminute.versioning.handover import Handover, comment, heading, on_rows, terminated
from giveaminute.versioning.linting.rules import Finding
from giveaminute.versioning.statements import Syntax

_WAITING = {
    Blocks.NOTHING: "nobody waits",
    Blocks.ROWS: "writers of those rows wait",
    Blocks.WRITES: "writes wait",
    Blocks.EVERYTHING: "reads and writes wait",
}
_WIDEST = 110


def show(result: DryRun | Handover, console: Console) -> int | None:
    """A rehearsal or a script; returns the exit code."""
    if isinstance(result, Handover):
        show_handover(result, console)
        return None
    return show_rehearsal(result, console)


def show_handover(handed: Handover, console: Console) -> None:
    """The script on stdout."""
    if not handed.script:
        console.say(f"Nothing to do: the database is at version {handed.before}.")
        return
    console.result(handed.script.rstrip("\n"))
    console.say(f"A script from version {handed.before} to {handed.after}. Nothing was done to {handed.database}.")


def show_rehearsal(found: DryRun, console: Console) -> int:
    """The statements on stdout; what happened on stderr; the failure's own exit code."""
    if not found.steps and found.failure is None:
        console.say(f"Nothing to do: the database is at version {found.before}.")
        return ExitCode.DONE
    for line in lines(found, min(console.width, _WIDEST)):
        console.result(line)
    if found.failure is not None:
        console.error(MigrationToolError(f"In the rehearsal: {found.failure.message}", found.failure.remedy))
        return found.failure.exit_code
    count = sum(len(step.statements) for step in found.steps)
    steps = "1 migration" if len(found.steps) == 1 else f"{len(found.steps)} migrations"
    console.say(f"{steps}, {count} statements; rehearsed on {found.place}. Nothing was done to {found.database}.")
    return ExitCode.DONE


def lines(found: DryRun, width: int) -> Iterator[str]:
    """The whole text, piece by piece."""
    yield comment(
        f"Rehearsal for {found.database} ({found.server}): version {found.before} to {found.after}."
        f" Tried on {found.place}; nothing was done to {found.database} itself.",
        width,
    )
    if not found.with_rows:
        yield comment(
            "Rows and bytes are the server's estimates. The copy has no rows, so values that a statement would refuse"
            " are not found; --with-data copies them.",
            width,
        )
    if found.server.startswith("SQLite"):
        yield comment("Each step is one transaction: other writers of the file wait until it ends.", width)
    yield from (comment(f"Note: {each}.", width) for each in found.remarks)
    for step in found.steps:
        yield from _step(step, Syntax(found.family), width)


def _step(step: RehearsedStep, syntax: Syntax, width: int) -> Iterator[str]:
    yield f"\n{heading(step)}"
    yield from (comment(f"Declared to lose {each}", width) for each in step.loses)
    yield from (comment(f"It says: {each}", width) for each in step.notices)
    yield from _questions(step, width)
    if step.complete and not step.statements:
        nothing = "on the copy, which has no rows." if step.unanswered else "there is nothing to change here."
        yield comment(f"No statement{' ' if step.unanswered else ': '}{nothing}", width)
    numbers = {sent.number for sent in step.statements}
    yield from (_lint(found, width) for found in step.findings if found.statement not in numbers)
    for sent in step.statements:
        words = described(sent, waiting=syntax is not Syntax.SQLITE)
        yield f"\n{comment(words, width, indent='   ')}"
        yield from (_lint(found, width) for found in step.findings if found.statement == sent.number)
        yield from (terminated(text, syntax) for text in (*sent.session, *sent.sql))


def _lint(found: Finding, width: int) -> str:
    """What the lint finds, with what to write instead, or why it is silenced."""
    more = f"Instead: {found.instead}" if found.silenced is None else f"Silenced: {found.silenced}"
    return comment(f"LINT {found.rule}: {found.words}. {more}", width, indent="   ")


def _questions(step: RehearsedStep, width: int) -> Iterator[str]:
    told = {
        Answered.NOBODY: "CAUTION: these statements may be others on the real rows, which the copy has not. The script"
        " asks about them (--with-data rehearses with a copy of them):",
        Answered.LIVE: "The script asks about rows; the live tables answered:",
        Answered.COPY: "The script asks about rows; they were answered from the copy as it is now:",
    }
    for answered, words in told.items():
        asked = [each for each in step.questions if each.answered is answered]
        if asked:
            yield comment(words, width)
            yield from (comment(f"  {on_rows(each)}", width, indent="  ") for each in asked)


def described(sent: Sent, *, waiting: bool = True) -> str:
    """What a statement costs and risks, in words; `waiting`: also who waits meanwhile."""
    line = f" (line {sent.line})" if sent.line else ""
    if sent.sets_session:
        return f"Sets the session{line}."
    told = [_work(sent), *([_waiting(sent)] if waiting else []), *(f"LOSES {each}" for each in sent.losses)]
    return f"{sent.number}.{line} {'; '.join(each for each in told if each)}"


def _work(sent: Sent) -> str:
    cost, size = sent.cost, _size(sent)
    sized = f"{sent.table or 'the table'}{f' ({size})' if size else ''}"
    if cost == Cost():
        return f"what it costs is not known: take it for a rebuild of {sized} with writes waiting"
    if cost.algorithm:
        told = {True: f"rebuilds {sized}", False: f"no rebuild of {sized}", None: f"perhaps a rebuild of {sized}"}
        return f"{cost.algorithm}: {told[cost.rebuilds]}"
    if cost.rebuilds is False:
        return f"changes the schema only{f', of {sized}' if sent.table else ''}"
    if cost.rebuilds:
        return f"copies {size or 'the rows'} into a new table"
    verb = "writes to" if sent.table in BOOKKEEPING else "touches"
    upto = "" if sent.counted or not size else "up to "
    return f"{verb} {sent.table or 'rows'}{f' ({upto}{size})' if size else ''}"


def _waiting(sent: Sent) -> str:
    cost = sent.cost
    if cost.blocks is None or sent.table in BOOKKEEPING:
        return ""
    if sent.in_batches:
        return "in batches, so that writers of a row wait for moments"
    if cost.algorithm == "INSTANT" and cost.blocks is not Blocks.NOTHING:
        return "others wait for a moment"
    return _WAITING[cost.blocks] if cost.algorithm or cost.rebuilds is not False else ""


def _size(sent: Sent) -> str:
    if sent.rows is None:
        return ""
    about = "" if sent.counted else "about "
    rows = f"{about}{sent.rows:,} row{'' if sent.rows == 1 else 's'}"
    return f"{rows}, {amount(sent.bytes)}" if sent.bytes else rows
