"""Make the next migration script, called TITLE, from a template or from the models; print its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.command import DATABASE, JSON, REPOSITORY, Option
from giveaminute.management.modelling import MODELS, metadata_of

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.repository import Repository

OPTIONS = (
    Option("title", "What the migration does, in a few words.", positional=True),
    Option("auto", "Write what brings the database from the newest version to the models.", flag=True),
    MODELS,
    Option("sql", "Write it in SQL, a file for each direction.", flag=True),
    Option("database", "With --sql, for which: mysql, sqlite or default (default: default, for all)."),
    *DATABASE,
    REPOSITORY,
    JSON,
)


@dataclass(frozen=True)
class Written:
    """What `--auto` found, in words, and wrote: no path where nothing differs. `by_hand`: what it could not write."""

    path: Path | None
    found: tuple[str, ...]
    by_hand: tuple[str, ...]


def execute(
    settings: Settings,
    console: Console,
    title: str,
    auto: bool = False,
    models: str | None = None,
    sql: bool = False,
    database: str | None = None,
) -> list[Path] | Written:
    """The paths of the files made; with `auto` what was found too."""
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.templates import create

    repository = Repository(settings.repository)
    if auto:
        if sql or database is not None:
            raise UsageError("--auto writes Python, which serves every database.", "Leave --sql and --database out.")
        return _from_models(settings, repository, title, models)
    if models is not None:
        raise UsageError("--models says what to compare with, and nothing is compared.", "Add --auto.")
    return create(repository, title, sql=sql, database=database or "default")


def _from_models(settings: Settings, repository: Repository, title: str, models: str | None) -> Written:
    from giveaminute.versioning.authoring.from_models import author
    from giveaminute.versioning.templates import write

    metadata = metadata_of(settings, models)
    if metadata is None:
        raise UsageError("Which models belong to these scripts is not known.", "Say it: --models MODULE:ATTRIBUTE")
    repository.next_name(title)  # refuses a bad title before anything is built
    authored = author(settings.url, repository, metadata, title)
    if authored.draft is None:
        return Written(None, (), ())
    return Written(write(repository, title, authored.draft.text()), authored.found, authored.draft.left)


def show(result: list[Path] | Written, console: Console) -> None:
    """The paths on stdout, one a line; what was found for the person."""
    if isinstance(result, list):
        for path in result:
            console.result(str(path))
        return
    if result.path is None:
        console.say("Nothing to write: the newest version and the models agree.")
        return
    for words in result.found:
        console.say(f"  {words}")
    for words in result.by_hand:
        console.say(f"  left to do by hand: {words}")
    console.result(str(result.path))
    console.advise("Read it and edit it, then: invoke test")
