"""From a command's options to its result and exit code; the same for invoke, `python -m giveaminute` and Python."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from shlex import quote
from typing import Any

from giveaminute import settings as settings_module
from giveaminute.errors import ExitCode, MigrationToolError, SettingsError, UsageError
from giveaminute.management.command import Command
from giveaminute.management.console import Console, Silent

_FOR_SETTINGS = ("url", "config", "repository")
_FOR_OUTPUT = ("json", "traceback")


def execute(command: Command, console: Console, options: Mapping[str, Any]) -> Any:
    """The command's result. Raises UsageError for an option it does not have."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    unknown = [name for name in given if command.option(name) is None]
    if unknown:
        raise UsageError(
            f"{command.name} has no option «{unknown[0]}».",
            f"It has: {', '.join(each.name for each in command.options)}.",
        )
    missing = [each.name for each in command.options if each.positional and each.name not in given]
    if missing:
        raise UsageError(f"{command.name} needs {missing[0].upper()}.", f"See: invoke --help {command.name}")
    url, config, repository = (str(given[name]) if name in given else None for name in _FOR_SETTINGS)
    settings = settings_module.read(url, config, repository)
    rest = {name: value for name, value in given.items() if name not in (*_FOR_SETTINGS, *_FOR_OUTPUT)}
    return command.execute(settings, console, **rest)


def run(command: Command, console: Console, options: Mapping[str, Any]) -> int:
    """Run a command for a person or a script; returns the exit code. Only Ctrl-C and SIGTERM get through."""
    try:
        return _run(command, console, options)
    except BrokenPipeError:  # whoever reads the result has enough of it, as `head` has
        console.close_result()
        return ExitCode.DONE
    except OSError as error:
        console.close_result()
        console.error(MigrationToolError(f"The result cannot be written: {error.strerror}."))
        return ExitCode.USAGE


def _run(command: Command, console: Console, options: Mapping[str, Any]) -> int:
    console.place = _place(options)
    try:
        result = execute(command, console, options)
    except MigrationToolError as error:
        if options.get("traceback"):
            console.say(traceback.format_exc())
        if options.get("json"):
            console.json(
                {
                    "error": {
                        "code": type(error).__name__,
                        "message": error.message,
                        "remedy": None if error.remedy is None else console.placed(error.remedy),
                        "exit_code": error.exit_code,
                        **error.details,
                    }
                }
            )
        console.error(error)
        return error.exit_code
    except Exception as error:  # a bug of ours or of a library: say so in a line, show it when asked
        if options.get("traceback"):
            console.say(traceback.format_exc())
        console.error(
            MigrationToolError(
                f"Unexpected: {type(error).__name__}: {error}",
                "To see where, and to report it, run it again with --traceback.",
            )
        )
        return ExitCode.USAGE
    if options.get("json"):
        console.json(result)
        return command.show(result, Silent()) or ExitCode.DONE
    return command.show(result, console) or ExitCode.DONE


def _place(options: Mapping[str, Any]) -> str:
    """The options that name database and scripts, as they are typed; a URL with a password is not repeated."""
    given = [(name, str(options[name])) for name in _FOR_SETTINGS if options.get(name)]
    return "".join(f" --{name} {'…' if name == 'url' and _has_secret(text) else quote(text)}" for name, text in given)


def _has_secret(url: str) -> bool:
    try:
        return bool(settings_module.parse_url(url).password)
    except SettingsError:
        return True


def seconds_to_wait(wait: object, no_wait: bool = False) -> float:
    """How long to wait for somebody else's migration. Raises UsageError."""
    from giveaminute.versioning.lease import WAIT

    if no_wait and wait is not None:
        raise UsageError("--wait and --no-wait contradict each other.", "Give one of them.")
    if no_wait:
        return 0.0
    return WAIT if wait is None else number(wait, "wait")


def number(text: object, name: str, *, least: float = 0) -> float:
    """An option's number of seconds. Raises UsageError."""
    try:
        value = float(str(text))
    except ValueError:
        value = -1.0
    if not least <= value < float("inf"):
        raise UsageError(
            f"--{name} «{text}» is no number of seconds.", f"Give one from {least:g} up, such as --{name} 30."
        )
    return value
