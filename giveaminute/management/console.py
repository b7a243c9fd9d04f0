"""Where commands speak: results on stdout, everything for people on stderr; colour only on a terminal that wants it."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from giveaminute.advice import placed
from giveaminute.errors import MigrationToolError, UsageError


class Console:
    """The terminal or the pipe that a command was started in."""

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None, stdin: TextIO | None = None) -> None:
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.stdin = stdin or sys.stdin
        self.colour = self.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.program = "invoke"
        """How commands are started here, for the advice to run one."""
        self.place = ""
        """The options that said where the database and the scripts are: advice without them would be for another."""
        self._held = False
        self._make_fit()

    def _make_fit(self) -> None:
        """An arrow that a locale cannot write is no reason to fail; a result for a file or program is UTF-8."""
        for stream in (self.stdout, self.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        if isinstance(self.stdout, io.TextIOWrapper) and not self.stdout.isatty():
            self.stdout.reconfigure(encoding="utf-8")

    @property
    def width(self) -> int:
        """Columns of the terminal that stderr is; 100 where it is none, or does not say."""
        try:
            return os.get_terminal_size(self.stderr.fileno()).columns or 100
        except OSError:
            return 100

    def result(self, text: str) -> None:
        """What the command was asked for: stdout. Raises OSError where nobody takes it."""
        print(text, file=self.stdout, flush=True)

    def close_result(self) -> None:
        """Let go of a stdout that takes no more."""
        _let_go(self.stdout)

    def say(self, text: str, *, over: bool = False) -> None:
        """A line for the person: stderr. With `over` it is written over the line that was held."""
        start = ("\r" if over else "\n") if self._held else ""
        self._held = False
        self._tell(f"{start}{text}\n")

    def hold(self, text: str) -> None:
        """A line that stays open until the next one is said or held, on a terminal; elsewhere nothing."""
        if self.stderr.isatty():
            self._tell(f"\r{text}" if self._held else text)
            self._held = True

    def _tell(self, text: str) -> None:
        try:
            self.stderr.write(text)
            self.stderr.flush()
        except OSError:  # a reader that has gone must not end a migration in its middle
            _let_go(self.stderr)

    def json(self, value: Any) -> None:
        """A result for a machine: stdout."""
        self.result(json.dumps(plain(value), ensure_ascii=False, indent=2))

    def error(self, error: MigrationToolError) -> None:
        """An error and its remedy: stderr."""
        self.say(f"{self.red('Error:')} {error.message}")
        if error.remedy:
            self.advise(error.remedy)

    def advise(self, text: str) -> None:
        """What to do next: stderr."""
        self.say(f"  {self.bold('→')} {self.placed(text)}")

    def placed(self, text: str) -> str:
        """Advice with each command in it made the one to type here: program, database, scripts."""
        return placed(text, self.program, self.place)

    def confirm(self, question: str, yes: bool) -> None:
        """Go on only with a yes. Raises UsageError on a no, and where nobody can be asked."""
        if yes:
            return
        if not (self.stdin.isatty() and self.stderr.isatty()):  # one to answer on, one to see the question
            raise UsageError(
                f"{question} Nothing was done, since nobody can be asked here.", "If that is meant, add --yes."
            )
        self.hold(f"{question} [y/N] ")
        self._held = False  # the answer's Enter ends that line
        if self.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UsageError("Nothing was done.")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table: drawn on a terminal, plain aligned columns elsewhere."""
        if self.stdout.isatty():
            self._draw(headings, rows)
            return
        widths = [max(len(str(row[column])) for row in (headings, *rows)) for column in range(len(headings))]
        for row in (headings, *rows):
            self.result("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())

    def _draw(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich import box
        from rich.console import Console as Rich
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(text) for text in row))
        Rich(file=self.stdout, color_system="standard" if self.colour else None).print(table)

    def bold(self, text: str) -> str:
        return f"\033[1m{text}\033[0m" if self.colour else text

    def red(self, text: str) -> str:
        return f"\033[31;1m{text}\033[0m" if self.colour else text

    def green(self, text: str) -> str:
        return f"\033[32m{text}\033[0m" if self.colour else text

    def dim(self, text: str) -> str:
        return f"\033[2m{text}\033[0m" if self.colour else text


class Silent(Console):
    """For `call_command`: says nothing, asks nothing; the caller has decided."""

    def _make_fit(self) -> None:
        """The streams are the caller's own."""

    def result(self, text: str) -> None:
        """Nothing: the caller gets the result itself."""

    def say(self, text: str, *, over: bool = False) -> None:
        """Nothing."""

    def hold(self, text: str) -> None:
        """Nothing."""

    def confirm(self, question: str, yes: bool) -> None:
        """The caller's call is the yes."""


def _let_go(stream: TextIO) -> None:
    """What is still to be written goes nowhere; else Python tries again when it ends, and fails (exit code 120)."""
    with suppress(OSError, ValueError):  # a stream without a file has nothing to write to
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def plain(value: Any) -> Any:
    """Dataclasses, enums and paths as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(each) for name, each in asdict(value).items()}
    if isinstance(value, dict):
        return {_key(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _key(name: Any) -> str:
    """A dictionary's key: of a tuple its parts, as in `mysql_upgrade`."""
    return "_".join(str(plain(part)) for part in name) if isinstance(name, tuple) else str(plain(name))
