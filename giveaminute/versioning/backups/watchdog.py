"""Programs that end with us, however we die.

Left alone, a program may never learn that nobody reads it: mydumper waits for ever to open a pipe, and a dump that
waits for a lock writes nothing. Meanwhile it holds its own locks in the server.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

_WATCH = 'trap "" HUP INT TERM; read -r group || exit; read -r _; kill -9 "-$group"'
_TELL = 'echo $$ >&2; exec "$@" 2>>"$0"'
"""Told by the shell that becomes the program: no moment is left in which it runs unwatched, and nothing of Python's
runs in a fork, which is unsafe beside threads (subprocess, `preexec_fn`)."""


class Watchdog:
    """A shell that is told a program's process group, and kills that group when this process is gone.

    It waits for the end of a pipe that only this process holds open, so neither thread nor signal matters.
    """

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self._dismissed = False
        with os.fdopen(reading) as pipe:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH],
                stdin=pipe,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},  # ours may hold a password
                start_new_session=True,
            )

    def start(
        self,
        command: Sequence[str],
        *,
        stdin: int,
        stdout: int,
        errors: IO[bytes],
        env: Mapping[str, str],
        inherited: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        """Start the one program that is watched, unbuffered, in a session of its own: Ctrl-C is for us, who end it."""
        return subprocess.Popen(
            ["/bin/sh", "-c", _TELL, f"/dev/fd/{errors.fileno()}", *command],
            stdin=stdin,
            stdout=stdout,
            stderr=self._writing,
            bufsize=0,
            env=env,
            pass_fds=(inherited.fileno(), errors.fileno()),
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """To be called as soon as the program has ended: its number may soon be another's."""
        if not self._dismissed:
            self._dismissed = True
            self._process.kill()
            self._process.wait()
            os.close(self._writing)
