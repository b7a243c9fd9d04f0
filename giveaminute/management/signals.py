"""SIGUSR1 pauses a backfill, SIGUSR2 lets it go on: for whoever sees the process and not the database."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.versioning.backfills.pacing import Switch

_early: list[int] = []
"""The last one that came while no run was under way."""


def heed() -> None:
    """From now on neither ends the process, as both would by themselves; a run that begins later does what it says.

    For a program of our own, before it loads anything. One that has its own use for them keeps that.
    """
    if not _available():
        return
    for each in (signal.SIGUSR1, signal.SIGUSR2):
        if signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, _keep)


@contextmanager
def switched(switch: Switch, console: Console) -> Iterator[None]:
    """For the block they turn the switch; in another's process (`call_command`) they stay what they are."""
    from giveaminute.management.console import Silent  # here, so that heed() waits for nothing

    if isinstance(console, Silent) or not _available():
        yield
        return

    def turn(number: int, frame: Any) -> None:
        switch.wants = number == signal.SIGUSR1

    before = {each: signal.signal(each, turn) for each in (signal.SIGUSR1, signal.SIGUSR2)}
    early = _early.pop() if _early else None
    if early is not None and switch.wants is None:
        turn(early, None)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _available() -> bool:
    return hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread()


def _keep(number: int, frame: Any) -> None:
    _early[:] = [number]
