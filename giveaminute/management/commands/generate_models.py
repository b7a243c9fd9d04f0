"""Write sql/models.sql and sql/models.sqlite.sql from the migrations; with --check only say whether they are stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.errors import ExitCode
from giveaminute.management.command import DATABASE, FOLDER, JSON, REPOSITORY, Option
from giveaminute.management.modelling import snapshots_of

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.snapshot import Generated

OPTIONS = (
    Option("check", "Write nothing; exit 2 with a diff when stale.", flag=True),
    FOLDER,
    *DATABASE,
    REPOSITORY,
    JSON,
)


def execute(settings: Settings, console: Console, check: bool = False, folder: str | None = None) -> Generated:
    """What was written, or would be. The configured database is never touched."""
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.snapshot import generate

    return generate(settings.url, Repository(settings.repository), snapshots_of(settings, folder), check=check)


def show(result: Generated, console: Console) -> int:
    """A line a file; with --check the diff on stdout, and exit 2 where there is one."""
    for each in result.snapshots:
        if result.checked and each.changed:
            console.result(each.diff.rstrip("\n"))
        state = ("stale" if result.checked else "written") if each.changed else "up to date"
        console.say(f"{each.path}: {state}, version {each.version}")
    stale = result.checked and any(each.changed for each in result.snapshots)
    if stale:
        from giveaminute.versioning.snapshot import making

        console.advise(f"Make them anew: {making(result.snapshots[0].path.parent)}")
    return ExitCode.WORK_TO_DO if stale else ExitCode.DONE
