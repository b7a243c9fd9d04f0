"""How far a backup or a restore is: a callback for whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Progress:
    """Told what happens; this one keeps it to itself."""

    def started(self, doing: str, total: int) -> None:
        """Something begins that handles about `total` bytes of a dump."""

    def advanced(self, done: int) -> None:
        """So many of these bytes are done."""

    def ended(self) -> None:
        """What was started is over."""

    def notice(self, text: str) -> None:
        """A sentence that a person should read."""


def counted(chunks: Iterable[bytes], progress: Progress, doing: str, total: int) -> Iterator[bytes]:
    """The chunks, unchanged, each told of when the next is asked for."""
    progress.started(doing, total)
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        progress.advanced(done)
    progress.ended()
