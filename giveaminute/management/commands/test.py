"""Try the newest migration (--version N or N..M, --all) up, down and up again, with rows, in a scratch database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from giveaminute.errors import ExitCode, UsageError
from giveaminute.management.command import DATABASE, JSON, REPOSITORY, Option
from giveaminute.management.ranges import migrations_named

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.rehearsal import Rehearsal, Verdict

OPTIONS = (
    Option("version", "The migration to try (a number, head, +N or -N), or several as N..M (default: the newest)."),
    Option("all", "Try every migration.", flag=True),
    Option(
        "with_data",
        "Try on a sample of the real rows (default: the migrations that the database has yet to run).",
        flag=True,
    ),
    Option("rows", "How many rows of each table the sample takes, those that they refer to on top (default: 200)."),
    Option("private", "Use a private server, not a scratch database on the configured one.", flag=True),
    *DATABASE,
    REPOSITORY,
    JSON,
)


def execute(
    settings: Settings,
    console: Console,
    version: object = None,
    all: bool = False,
    with_data: bool = False,
    rows: object = None,
    private: bool = False,
) -> Rehearsal:
    """What was tried and found; the configured database is never touched, and read only with `with_data`."""
    from giveaminute.versioning.rehearsal import pending, rehearse
    from giveaminute.versioning.repository import Repository

    if all and version is not None:
        raise UsageError("--version says which to try, and --all tries every one.", "Give one of them.")
    repository = Repository(settings.repository)
    number = _rows(rows, with_data)
    if with_data and version is None and not all:
        first, last = pending(settings.url, repository)
    else:
        first, last = (1, repository.head) if all else migrations_named(settings, repository, version)
    for each in (first, last):
        repository.script(each)

    def tell(verdict: Verdict) -> None:
        sign = console.red("✗") if verdict.problems else console.green("✓")
        console.say(f"  {sign} {verdict.version:03d}  {verdict.title}  ({verdict.rows} rows)")

    return rehearse(settings.url, repository, first, last, private=private, rows=number, on_verdict=tell)


def _rows(text: object, with_data: bool) -> int | None:
    """Rows of each table, None without the option. Raises UsageError."""
    if not with_data and text is None:
        return None
    if not with_data:
        raise UsageError("--rows counts real rows, which only --with-data takes.", "Add --with-data, or leave it out.")
    if text is not None and not re.fullmatch(r"[1-9]\d{0,5}", str(text), re.ASCII):
        raise UsageError(f"«{text}» is no number of rows.", "Say --rows N, N from 1 to 999999.")
    from giveaminute.versioning.sampling import ROWS

    return ROWS if text is None else int(str(text))


def show(result: Rehearsal, console: Console) -> int:
    """Each problem on stdout, and one last line; exit 2 where there is one."""
    for verdict in result.verdicts:
        for words in verdict.problems:
            console.result(f"{verdict.version:03d}: {words}")
        for words in verdict.excused:
            console.say(f"  {verdict.version:03d} {words}")
    tried = f"{len(result.verdicts)} tried in {result.place}"
    if result.sample is not None:
        for words in result.sample.notes:
            console.say(f"  note: {words}")
        tried += (
            f" on {result.sample.rows} real rows of {result.sample.tables} tables at version {result.sample.version}"
        )
    if result.problems:
        console.say(console.red(f"{result.problems} wrong; {tried}."))
        return ExitCode.WORK_TO_DO
    console.say(console.green(f"Up, down and up again bring back what was there; {tried}."))
    return ExitCode.DONE
