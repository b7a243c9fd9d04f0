"""How a run looks on a terminal and in a log while it goes on: one line a step."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

from giveaminute.management import statement_line, waiting_line
from giveaminute.management.backfill_line import IN_A_LOG, ON_A_TERMINAL, BackfillLine
from giveaminute.management.console import Console
from giveaminute.versioning.execution import Progress, StepResult
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.place import Walked
    from giveaminute.versioning.lease import Holder
    from giveaminute.versioning.progress import HowFar

_INDENT = " " * 9


class ConsoleProgress(Progress):
    """A line when a step is done; on a terminal the line stands there while it runs."""

    def __init__(self, console: Console, database: str) -> None:
        self._console = console
        self._database = database
        self._told = ""
        self._backfill = BackfillLine(console)
        self._looked = 0.0

    def planned(self, before: int, steps: tuple[Step, ...]) -> None:
        after = steps[-1].after if steps else before
        self._console.say(f"{self._console.bold(self._database)}: version {before} → {after}")

    def started(self, step: Step) -> None:
        self._console.hold(self._line(step.script.number, step.script.title, step.direction, "…"))

    def notice(self, text: str) -> None:
        lines = text.splitlines()
        if self._console.stderr.isatty():  # a log keeps each line whole, to be searched
            room = max(20, self._console.width - len(_INDENT))
            lines = [part for line in lines for part in textwrap.wrap(line, room)]
        for line in lines:
            self._console.say(f"{_INDENT}{self._console.dim(line)}")

    def waiting(self, holder: Holder | None) -> None:
        self._once(waiting_line.words(holder))

    def blocked(self, by: str) -> None:
        self._once(f"Waiting for a lock; in the way: {by}")

    def how_far(self, reached: HowFar) -> None:
        now = time.monotonic()
        terminal = self._console.stderr.isatty()
        if now - self._looked < (ON_A_TERMINAL if terminal else IN_A_LOG):
            return
        self._looked = now
        text = f"{_INDENT}{statement_line.line(reached)}"
        if terminal:
            width = self._console.width - 1
            self._console.hold(f"{text[:width]:<{width}}")
        else:
            self._console.say(text)

    def reconnecting(self, reason: str) -> None:
        self._once(f"Trying again: {reason}")

    def _once(self, text: str) -> None:
        """Told again only when it is another."""
        if text != self._told:
            self._told = text
            self.notice(text)

    def backfilling(self, walked: Walked) -> None:
        self._backfill.told(walked)

    def finished(self, result: StepResult) -> None:
        seconds = self._console.green(f"{result.seconds:.2f} s")
        self._console.say(self._line(result.version, result.title, result.direction, seconds), over=True)

    def _line(self, number: int, title: str, direction: Direction, end: str) -> str:
        arrow = "↑" if direction is Direction.UPGRADE else "↓"
        room = max(20, min(64, self._console.width - 22))
        text = title if len(title) <= room else title[: room - 1] + "…"
        return f"  {arrow} {number:03d}  {text:<{room}}  {end}"
