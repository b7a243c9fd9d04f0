"""SIGUSR1 pauses a backfill, SIGUSR2 lets it go on: for whoever sees the process and not the database."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from giveaminute.management.console import Console, Silent

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.pacing import Switch


@contextmanager
def switched(switch: Switch, console: Console) -> Iterator[None]:
    """For the block they turn the switch; in another's process (`call_command`) they stay what they are."""
    available = hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread()
    if isinstance(console, Silent) or not available:
        yield
        return

    def turn(number: int, frame: Any) -> None:
        switch.wants = number == signal.SIGUSR1

    before = {each: signal.signal(each, turn) for each in (signal.SIGUSR1, signal.SIGUSR2)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
