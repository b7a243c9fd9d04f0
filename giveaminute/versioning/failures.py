"""How a migration that stopped is told of: where in its script, why, what of it stays, and the command that goes on."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import (
    Busy,
    ConnectionLost,
    HalfApplied,
    MigrationFailed,
    MigrationToolError,
    Terminated,
    WouldBlock,
    driver_error,
)
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction

if TYPE_CHECKING:
    from giveaminute.versioning.dialects.base import Dialect
    from giveaminute.versioning.recorder import Recorder

_AS_THEY_ARE = (KeyboardInterrupt, GeneratorExit, Terminated, HalfApplied, Busy)
MOST = 1000
"""Characters of an error that the history keeps."""


@dataclass(frozen=True)
class Telling:
    """For one step on its way to version `goal`, in a repository whose newest is `head`. `path`: its script."""

    dialect: Dialect
    step: Step
    path: Path
    goal: int
    head: int

    @property
    def command(self) -> str:
        """The command that goes on."""
        if self.step.direction is Direction.DOWNGRADE:
            return f"invoke downgrade {self.goal}"
        return "invoke upgrade" if self.goal == self.head else f"invoke upgrade --version {self.goal}"

    def failure(
        self, error: BaseException, recorder: Recorder, line: int | None, in_the_way: str
    ) -> MigrationToolError | None:
        """The error as users read it; None for Ctrl-C, SIGTERM and our own, which stay what they are.

        `line`: of the statement, where it is known. `in_the_way`: whose lock, in words; empty for nobody's.
        """
        if isinstance(error, _AS_THEY_ARE):
            return None
        line = line if line is not None else _line_in(error, str(self.path))
        place = f"{self.path.name}, line {line}" if line else self.path.name
        if isinstance(error, WouldBlock):
            return WouldBlock(f"{place}: {error.message}", error.remedy or "", error.details)
        where = place + _statement(recorder)
        cause = driver_error(error)
        if isinstance(cause, Exception) and self.dialect.is_connection_lost(cause):
            return ConnectionLost(
                f"{where}: the connection was lost.",
                f"See that the server is up, then run: {self.command} (it goes on there)",
            )
        return MigrationFailed(f"{where}: {self._reason(error, in_the_way)}", self._remedy(recorder))

    def _reason(self, error: BaseException, in_the_way: str) -> str:
        if isinstance(error, MigrationToolError):
            return error.message
        if isinstance(error, SystemExit):
            return f"the script ended the process (exit {error.code})"
        cause = driver_error(error)
        if isinstance(cause, self.dialect.driver_error):
            return self.dialect.explain(cause) + (f"; in the way: {in_the_way}" if in_the_way else "")
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

    def _remedy(self, recorder: Recorder) -> str:
        if recorder.in_part:
            return (
                f"It may have taken effect in part; committed before it: {recorder.number - 1} statements. Look at what"
                f" it touches and mend that, then run: {self.command} --last-statement applied (or: not-applied)"
            )
        if recorder.reached:
            return (
                f"{recorder.reached:,} rows of it are done for good; the version stays {self.step.before}."
                f" Mend what was in its way, then run: {self.command} (it goes on there)"
            )
        if recorder.committed:
            return (
                f"Committed before it: {recorder.committed} of its statements; the version stays {self.step.before}."
                f" Mend what comes after them, then run: {self.command} (it goes on there)"
            )
        return f"Nothing of it was kept; the version stays {self.step.before}. Mend it, then run: {self.command}"


def first_line(error: BaseException) -> str:
    """What the history keeps of an error."""
    if isinstance(error, (KeyboardInterrupt, Terminated)):
        return "ended by Ctrl-C" if isinstance(error, KeyboardInterrupt) else "ended by SIGTERM"
    text = error.message if isinstance(error, MigrationToolError) else f"{type(error).__name__}: {error}"
    return text.splitlines()[0][:MOST]


def _statement(recorder: Recorder) -> str:
    if recorder.failed is None:
        return f", after statement {recorder.number}" if recorder.number else ""
    return f", {recorder.failed}"


def _line_in(error: BaseException, path: str) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] if lines else None
