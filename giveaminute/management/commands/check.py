"""Tell where live schema, models, snapshot or applied scripts are not what was promised; exit 2 where they are not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import ExitCode
from giveaminute.management.command import DATABASE, FOLDER, JSON, REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.checking import Report

OPTIONS = (
    Option("only", "Some of schema,models,snapshot,scripts, with commas (default: all)."),
    FOLDER,
    *DATABASE,
    REPOSITORY,
    JSON,
)


def execute(settings: Settings, console: Console, only: str | None = None, folder: str | None = None) -> Report:
    """What was checked and found; the database is only read."""
    from giveaminute.settings import DEFAULT_REPOSITORY, SNAPSHOTS
    from giveaminute.versioning.checking import Context, Subject, check, subjects_of
    from giveaminute.versioning.repository import Repository

    asked = subjects_of(only)
    ours = settings.repository.resolve() == DEFAULT_REPOSITORY
    metadata = None
    if ours and Subject.MODELS in asked:
        from giveaminute.models import Base

        metadata = Base.metadata
    if not ours and only is None:  # another application's folder has neither our models nor our snapshot
        asked = (Subject.SCHEMA, Subject.SCRIPTS)
    snapshots = Path(folder) if folder else SNAPSHOTS
    return check(Context(settings.url, Repository(settings.repository), snapshots, metadata), asked)


def show(result: Report, console: Console) -> int:
    """A line a finding on stdout, and one last line."""
    for finding in result.findings:
        console.result(f"{finding.subject.value}: {finding.words}")
    checked = ", ".join(subject.value for subject in result.checked)
    if result.findings:
        console.say(f"{result.database}: {len(result.findings)} not as promised (checked: {checked}).")
        return ExitCode.WORK_TO_DO
    console.say(f"{result.database}: all as promised at version {result.version} (checked: {checked}).")
    return ExitCode.DONE
