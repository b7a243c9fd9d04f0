"""How a backup or a restore looks: on a terminal one line with rate and time left, in a log the notices only."""

from __future__ import annotations

import os
import time
from pathlib import Path

from giveaminute.errors import UsageError
from giveaminute.management.console import Console
from giveaminute.versioning.backups import Progress

_MOST_JOBS = 64
_BAR = 20
"""Characters of a bar."""
_EVERY = 0.2
"""Seconds between two looks of the line."""


def folder() -> Path:
    """Where backups go that are given no name: $GIVEAMINUTE_BACKUPS, else `backups` in the current folder."""
    return Path(os.environ.get("GIVEAMINUTE_BACKUPS") or "backups")


def jobs_of(text: object) -> int:
    """The number of `--jobs`, 1 where it is not given. Raises UsageError."""
    if text is None:
        return 1
    if not (str(text).isascii() and str(text).isdigit() and 0 < int(str(text)) <= _MOST_JOBS):
        raise UsageError(f"--jobs «{text}» is no number of connections.", f"Give one from 1 to {_MOST_JOBS}.")
    return int(str(text))


class ConsoleProgress(Progress):
    """Keeps one line up to date; the total of a backup is the server's estimate, so that it may end early or late."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._doing, self._total = "", 0
        self._done = 0
        self._started = self._shown = 0.0

    def started(self, doing: str, total: int) -> None:
        self._doing, self._total = doing, total
        self._started = time.monotonic()
        self._shown = 0.0

    def advanced(self, done: int) -> None:
        self._done = done
        now = time.monotonic()
        if now - self._shown < _EVERY:
            return
        self._shown = now
        self._console.hold(f"\r{self._line(self._total)}")

    def ended(self) -> None:
        if self._shown and self._console.stderr.isatty():
            self._console.say(self._line(0), over=True)

    def _line(self, total: int) -> str:
        line = progress_line(self._doing, self._done, total, time.monotonic() - self._started)
        width = self._console.width - 1
        return f"{line[:width]:<{width}}"  # over whatever stood there

    def notice(self, text: str) -> None:
        self._console.say(text)


def progress_line(doing: str, done: int, total: int, seconds: float) -> str:
    """What is done, how fast, and how long the rest takes at that rate."""
    rate = done / seconds if seconds > 0 else 0.0
    line = f"  {doing}: {amount(done)}"
    if total > done:
        line += f" of about {amount(total)}"
    if rate:
        line += f", {amount(int(rate))}/s"
        if total > done:
            line += f", {duration((total - done) / rate)} left"
    return line


def amount(size: int) -> str:
    """Bytes for people, in powers of 1000."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def bar(part: float) -> str:
    """How far something is, from 0 to 1, as a bar and in percent."""
    full = round(part * _BAR)
    return f"{'█' * full}{'░' * (_BAR - full)} {part:.0%}"


def duration(seconds: float) -> str:
    """A length of time for people: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
