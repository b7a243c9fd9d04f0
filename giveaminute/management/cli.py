"""The commands as invoke tasks: for `tasks.py` in a checkout, and for `python -m giveaminute` anywhere."""

from __future__ import annotations

import atexit
import gc
import inspect
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.program import Program
from invoke.tasks import Task

from giveaminute import __version__
from giveaminute.errors import ExitCode, Terminated, UsageError
from giveaminute.management.command import Command, commands
from giveaminute.management.console import Console
from giveaminute.management.invocation import run
from giveaminute.management.signals import heed
from giveaminute.termination import terminable

SELDOM = (50_000, 20, 50)
"""Thresholds of Python's garbage collector (its manual, `gc.set_threshold`): what SQLAlchemy and Alembic make when they
are loaded stays, and looking through it as often as Python does by itself is a tenth of a run's time.
"""


def namespace(program: str = "invoke") -> Collection:
    """One task a command, for a program of its own; `program` is what people type before its name."""
    heed()
    gc.set_threshold(*SELDOM)
    atexit.register(gc.freeze)  # Python's last look through all that is left costs a fifth of a second
    collection = Collection()
    for command in commands().values():
        collection.add_task(task(command, program))
    return collection


def task(command: Command, program: str) -> Task[Any]:
    """A command as an invoke task; its signature, which invoke reads the options from, is made of the command's."""

    def body(context: Context, **options: Any) -> None:
        console = Console()
        console.program = program
        try:
            with terminable():
                code = run(command, console, _with_dry(command, context, options))
        except UsageError as error:
            console.error(error)
            code = error.exit_code
        except KeyboardInterrupt:
            console.say("Interrupted.")
            console.advise("To see where it stands: invoke status")
            code = 130
        except Terminated:
            console.say("Terminated. To see where it stands: " + console.placed("invoke status"))
            code = 143
        if code != ExitCode.DONE:
            raise Exit(code=int(code))

    body.__doc__ = command.help
    body.__name__ = command.name
    body.__signature__ = inspect.Signature([_parameter("context"), *_parameters(command)])  # type: ignore[attr-defined]
    # No short flags: invoke invents them from the names, and they clash with its own.
    return Task(body, name=command.name, auto_shortflags=False, help={each.name: each.help for each in command.options})


def _parameters(command: Command) -> list[inspect.Parameter]:
    positional = [_parameter(each.name) for each in command.options if each.positional]
    named = [_parameter(each.name, False if each.flag else None) for each in command.options if not each.positional]
    return positional + named


def _parameter(name: str, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)


def _with_dry(command: Command, context: Context, options: dict[str, Any]) -> dict[str, Any]:
    """invoke takes `--dry` as its own flag and still runs the body: it must never migrate for real."""
    if not context.config.run.dry:
        return options
    if command.option("dry_run") is None:
        raise UsageError(f"{command.name} has no dry run; nothing was done.", "Run it without --dry.")
    return options if options.get("plan") else {**options, "dry_run": True}


class _Program(Program):
    """invoke without a tasks file: the commands are the program's own."""

    def print_version(self) -> None:
        print(f"giveaminute {__version__}")


def main() -> None:
    """`python -m giveaminute COMMAND`: the same words and exit codes as invoke."""
    name = "python -m giveaminute"
    _Program(name="giveaminute", binary=name, namespace=namespace(name), version=__version__).run()
