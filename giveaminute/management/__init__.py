"""The management commands, Django's way: one file each in `commands/`, found by listing the folder."""

from __future__ import annotations

from typing import Any

__all__ = ["call_command"]


def call_command(name: str, **options: Any) -> Any:
    """Run a command from Python: `call_command("upgrade", url="sqlite:///x.db", version=5)`.

    Returns the engine's result; raises its error (`giveaminute.errors`). Prints nothing and asks nothing.
    """
    from giveaminute.errors import UsageError
    from giveaminute.management.command import load
    from giveaminute.management.console import Silent
    from giveaminute.management.invocation import execute

    try:
        command = load(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"There is no command «{name}».", "See: invoke --list") from error
    return execute(command, Silent(), options)
