"""Print the source of migration VERSION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

OPTIONS = (Option("version", "The migration's number.", positional=True), REPOSITORY)


def execute(settings: Settings, console: Console, version: object) -> str:
    """The script's text; of an SQL migration all its files, each under its name."""
    from giveaminute.errors import UsageError
    from giveaminute.versioning.repository import Repository

    if not str(version).isascii() or not str(version).isdigit():
        raise UsageError(f"«{version}» is no version.", "Give a migration's number: invoke source 5")
    script = Repository(settings.repository).script(int(str(version)))
    if script.python is not None:
        return script.python.read_text(encoding="utf-8")
    files = sorted(script.sql.values())
    return "\n".join(f"-- {path.name}\n{path.read_text(encoding='utf-8')}" for path in files)


def show(result: str, console: Console) -> None:
    """The text on stdout."""
    console.result(result.rstrip("\n"))
