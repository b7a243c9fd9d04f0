"""What a command is: a module in `commands/` with a docstring, its options, and two functions.

    OPTIONS: tuple[Option, ...]
    def execute(settings, console, **options) -> result     does the work; raises the engine's errors
    def show(result, console) -> ExitCode                   tells a person

A command parses, calls one engine function, and prints; the folder is the list of commands. Importing one costs
nothing: the engine is imported when it runs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Option:
    """One option of a command; `positional` ones are required, `flag` ones take no value."""

    name: str
    help: str
    flag: bool = False
    positional: bool = False


URL = Option(
    "url",
    "The database, as mysql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE (better: DATABASE_URL or config.yaml).",
)
CONFIG = Option("config", "Another file than config.yaml.")
REPOSITORY = Option("repository", "The folder with migrate.cfg and versions/ (default: giveaminute/migrations).")
FOLDER = Option("folder", "Where the snapshots and the seed data lie (default: sql/ in the checkout).")
JSON = Option("json", "Print the result as JSON.", flag=True)
TRACEBACK = Option("traceback", "Show where in the code an error was raised.", flag=True)
YES = Option("yes", "Do not ask.", flag=True)
WAIT = Option("wait", "Seconds to wait for somebody else's migration (default: 300).")
NO_WAIT = Option("no_wait", "Do not wait for somebody else's migration.", flag=True)
LOCK_TIMEOUT = Option("lock_timeout", "Seconds that a statement may hold up the application's queries (default: 5).")
LARGE = (
    Option(
        "online", "Change large tables by pt-online-schema-change or gh-ost, while the application goes on.", flag=True
    ),
    Option("blocking", "Change large tables although their writers have to wait meanwhile.", flag=True),
    Option("large_rows", "From how many rows on a table is large (default: config.yaml, else 1000000)."),
    Option("large_bytes", "From how many bytes on, indexes included (default: config.yaml, else 256000000)."),
)

DATABASE = (URL, CONFIG)
ALWAYS = (TRACEBACK,)


@dataclass(frozen=True)
class Command:
    """One command, ready to be offered."""

    name: str
    help: str
    options: tuple[Option, ...]
    execute: Callable[..., Any]
    show: Callable[..., int | None]

    def option(self, name: str) -> Option | None:
        """The option of this name, None where the command has none."""
        return next((each for each in self.options if each.name == name), None)


def commands() -> dict[str, Command]:
    """All commands by name, found by listing the folder."""
    from giveaminute.management import commands as folder

    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return {name.replace("_", "-"): load(name) for name in names}


def load(name: str) -> Command:
    """The command of this name, with dashes or underscores. Raises ModuleNotFoundError for one that is not there."""
    stem = name.replace("-", "_")
    module: ModuleType = importlib.import_module(f"giveaminute.management.commands.{stem}")
    summary = (module.__doc__ or "").strip().splitlines()[0]
    return Command(stem.replace("_", "-"), summary, (*module.OPTIONS, *ALWAYS), module.execute, module.show)
