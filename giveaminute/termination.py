"""SIGTERM as an exception, so that a command that is ended unwinds as after Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from giveaminute.errors import Terminated

_under_way = False


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises Terminated in the block; a second one changes nothing, nor does a block within.

    Only in the main thread, where Python handles signals.
    """
    global _under_way
    if _under_way or current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    _under_way = True
    try:
        yield
    finally:
        _under_way = False
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
