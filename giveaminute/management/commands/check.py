"""Tell where live schema, models, snapshot or applied scripts are not what was promised; exit 2 where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.errors import ExitCode, UsageError
from giveaminute.management.command import DATABASE, FOLDER, JSON, REPOSITORY, Option
from giveaminute.management.modelling import MODELS, is_ours, metadata_of, snapshots_of

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.checking import Fix, Report, Subject
    from giveaminute.versioning.lint import LintReport

OPTIONS = (
    Option("only", "Some of schema,models,snapshot,scripts, with commas (default: all)."),
    Option("fix", "adopt or revert: write a migration that makes a drift the rule, or undoes it; run nothing."),
    Option("lint", "Tell instead what in the pending migrations would hurt a site that is in use.", flag=True),
    Option("version", "With --lint: the migration to lint (a number, head, +N or -N), or several as N..M."),
    Option("all", "With --lint: lint every migration.", flag=True),
    Option("private", "With --lint: run them on a private server, not on the configured one.", flag=True),
    MODELS,
    FOLDER,
    *DATABASE,
    REPOSITORY,
    JSON,
)


def execute(
    settings: Settings,
    console: Console,
    only: str | None = None,
    fix: str | None = None,
    models: str | None = None,
    folder: str | None = None,
    lint: bool = False,
    version: object = None,
    all: bool = False,
    private: bool = False,
) -> Report | LintReport:
    """What was checked and found; the database is only read."""
    if lint or version is not None or all or private:
        from giveaminute.management import linted

        others = {"only": only, "fix": fix, "models": models, "folder": folder}
        return linted.lint(settings, lint, version, all, private, [name for name, value in others.items() if value])
    from giveaminute.versioning.checking import Context, Subject, check
    from giveaminute.versioning.repository import Repository

    asked = _asked(settings, only, fix, models)
    metadata = metadata_of(settings, models) if Subject.MODELS in asked else None
    if Subject.MODELS in asked and metadata is None:
        raise UsageError("Which models belong to these scripts is not known.", "Say it: --models MODULE:ATTRIBUTE")
    snapshots = snapshots_of(settings, folder) if Subject.SNAPSHOT in asked else None
    remedy = None
    if fix is not None:
        from giveaminute.versioning.authoring.from_drift import remedy_of

        remedy = remedy_of(fix)
    return check(Context(settings.url, Repository(settings.repository), snapshots, metadata), asked, remedy)


def _asked(settings: Settings, only: str | None, fix: str | None, models: str | None) -> tuple[Subject, ...]:
    from giveaminute.versioning.checking import Subject, subjects_of

    if only is not None:
        return subjects_of(only)
    if fix is not None:
        return (Subject.SCHEMA,)
    if is_ours(settings):
        return tuple(Subject)
    # Another application's folder has not our snapshot, and our models only where it says so.
    return (Subject.SCHEMA, *([Subject.MODELS] if models else []), Subject.SCRIPTS)


def show(result: Report | LintReport, console: Console) -> int:
    """A line a finding on stdout, then the diff, and one last line."""
    from giveaminute.versioning.checking import Report

    if not isinstance(result, Report):
        from giveaminute.management import linted

        return linted.show(result, console)
    for finding in result.findings:
        console.result(f"{finding.subject.value}: {finding.words}")
    if result.diff:
        console.result(f"\n{result.diff.rstrip()}")
    for words in result.unseen:
        console.say(f"  {words}: left out")
    checked = ", ".join(subject.value for subject in result.checked)
    if not result.findings:
        console.say(f"{result.database}: all as promised at version {result.version} (checked: {checked}).")
        return ExitCode.DONE
    console.say(f"{result.database}: {len(result.findings)} not as promised (checked: {checked}).")
    if result.fix is not None:
        _show_fix(result.fix, console)
    return ExitCode.WORK_TO_DO


def _show_fix(fix: Fix, console: Console) -> None:
    console.say(f"Written, and not run: {fix.path}")
    for words in fix.by_hand:
        console.say(f"  left to do by hand: {words}")
    console.advise("Read it and edit it, then: invoke test --with-data")
