"""How a backfill looks: on a terminal one line that is kept up to date, in a log one every few seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from giveaminute.management.console import Console
from giveaminute.management.copying import bar as drawn
from giveaminute.management.copying import duration

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.place import Walked

ON_A_TERMINAL = 0.2
"""Seconds between two looks of the line."""
IN_A_LOG = 5.0
"""Seconds between two lines."""
_NAME = 24
"""Characters of a table's name where there is little room."""


class BackfillLine:
    """Says how far it is; a change from resting to work or back at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0.0
        self._resting = False

    def told(self, walked: Walked) -> None:
        """The facts of the moment."""
        now = time.monotonic()
        if self._console.stderr.isatty():
            if walked.ended or now - self._shown >= ON_A_TERMINAL:
                self._shown = now
                self._over(_fitting(walked, self._console.width - 1), ended=walked.ended)
            return
        self._shown = self._shown or now  # a short one is not worth a line
        resting = bool(walked.resting)  # why changes with each look at the server
        if resting != self._resting or now - self._shown >= IN_A_LOG:
            self._shown, self._resting = now, resting
            self._console.say(f"         {line(walked)}")

    def _over(self, text: str, *, ended: bool) -> None:
        text = f"{text:<{self._console.width - 1}}"  # over whatever stood there
        if ended:
            self._console.say(text, over=True)
        else:
            self._console.hold(text)


def _fitting(walked: Walked, width: int) -> str:
    """As much as there is room for, figures before ornaments."""
    forms = (line(walked, bar=True), line(walked), line(walked, short=True))
    return next((each for each in forms if len(each) <= width), forms[-1][:width])


def line(walked: Walked, *, bar: bool = False, short: bool = False) -> str:
    """Rows done, of how many, how fast, how long still; or why it rests. `short`: without what can be spared."""
    name = f"{walked.table[: _NAME - 1]}…" if short and len(walked.table) > _NAME else walked.table
    of = f" of about {walked.total:,}" if walked.total and not short else ""
    told = [f"{name}: {walked.rows:,}{of} rows"]
    if walked.total:
        part = min(walked.rows / walked.total, 1.0)
        told.append(drawn(part) if bar else f"{part:.0%}")
    if walked.ended:
        told += [f"{walked.changed:,} changed", duration(walked.seconds)]
        return "  " + ", ".join(told)
    if walked.turn > 1:
        told.append("looking again" if short else "looking for those that came in meanwhile")
    if walked.resting:
        told.append(f"resting: {walked.resting}")
    elif walked.rate:
        told.append(f"{walked.rate:,.0f}/s")
        if walked.left is not None:
            told.append(f"{duration(walked.left)} left")
    return "  " + ", ".join(told)
