"""A program for online changes at work: started with its password unseen, followed, and ended with us."""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from giveaminute.versioning.backups.programs import environment
from giveaminute.versioning.backups.watchdog import Watchdog
from giveaminute.versioning.database import Database

_COMPLAINT = re.compile(r"error|cannot|not |fail|fatal", re.IGNORECASE)
_NOTICE = re.compile(r"Not checking slave lag")
_LOOK = 0.5
"""Seconds between two looks at how far it is."""
_KEPT = 1 << 16
"""Bytes kept of what it wrote last."""


class Program:
    """One at work. `output`, `complaints`: the end of what it wrote to stdout and stderr."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], watchdog: Watchdog) -> None:
        self._process, self._errors, self._watchdog = process, errors, watchdog
        self.output = b""

    def follow(self, database: Database, look: Callable[[], None]) -> int:
        """Wait for its end, and look at it whenever it says something, and now and then; its exit code.

        The run's connection, idle meanwhile, is kept from being forgotten on the way. Raises what `look` raises.
        """
        assert self._process.stdout is not None
        while True:
            ready, _, _ = select.select([self._process.stdout], [], [], _LOOK)
            if ready:
                data = os.read(self._process.stdout.fileno(), _KEPT)
                self.output = (self.output + data)[-_KEPT:]
                if not data:
                    return self._ended()
            database.scalar("SELECT 1")
            look()

    def tell(self, answer: bytes) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(answer)
        self._process.stdin.flush()

    @property
    def complaints(self) -> bytes:
        """What it wrote to stderr."""
        number = self._errors.fileno()
        return os.pread(number, _KEPT, max(0, os.fstat(number).st_size - _KEPT))

    def said(self, code: int) -> str:
        """Why it gave up, the last lines of it."""
        if code < 0:
            return f"it was ended by signal {-code}"
        lines = [line.strip() for line in (self.complaints + b"\n" + self.output).decode(errors="replace").splitlines()]
        told = [line for line in lines if _COMPLAINT.search(line) and not _NOTICE.match(line)]
        return " ".join(told[-3:])[:600] or f"exit code {code}"

    def _ended(self) -> int:
        code = self._process.wait()
        self._watchdog.dismiss()
        return code

    def stop(self) -> None:
        """Let it end at once; `follow` sees it."""
        self._process.kill()

    def end(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._ended()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def started(command: Callable[[str], Sequence[str]], options: str) -> Iterator[Program]:
    """Start it for the block. `command`: its words, told the path of a file without a name that holds `options`."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as errors:
        file.write(options.encode("utf-8"))
        file.flush()
        watchdog = Watchdog()
        process = watchdog.start(
            command(f"/dev/fd/{file.fileno()}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            errors=errors,
            env=environment() | {"HOME": os.environ.get("HOME", "/")},  # where its own settings may be
            inherited=file,
        )
        program = Program(process, errors, watchdog)
        try:
            yield program
        finally:
            program.end()
