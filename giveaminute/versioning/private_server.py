"""A MariaDB or MySQL server of our own in a temporary folder, on a socket only, for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import signal
import socket as sockets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import CannotConnect

START_SECONDS = 90.0
STOP_SECONDS = 30.0
# Durability is of no use to a server that is thrown away.
_OPTIONS = (
    "--skip-networking",
    "--innodb-buffer-pool-size=128M",
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--event-scheduler=OFF",
    "--max-allowed-packet=1G",
    "--innodb-strict-mode=OFF",  # what the live server once took, this one takes
)
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_REMEDY = "Install one (apt-get install mariadb-server-core), or grant CREATE on the configured server."


@dataclass(frozen=True)
class PrivateServer:
    """A server that is up: its program (`mariadbd` or `mysqld`), and its socket, where root has no password."""

    program: str
    socket: str


@contextmanager
def private_server(folder: Path) -> Iterator[PrivateServer]:
    """Start one with its data in `folder`, and end it. Raises CannotConnect where there is no server program.

    It ends with this process, however that dies: see `_Watchdog`.
    """
    program = shutil.which("mariadbd", path=_PATH) or shutil.which("mysqld", path=_PATH)
    if program is None:
        raise CannotConnect("There is no mariadbd or mysqld here to start a private server with.", _REMEDY)
    data, log = folder / "data", folder / "server.log"
    _initialise(program, data, log)
    # A socket's path may have 107 bytes only (unix(7)).
    server = PrivateServer(Path(program).name, str(folder / "s"))
    options = [f"--datadir={data}", f"--socket={server.socket}", *_OPTIONS]
    with _running([program, "--no-defaults", *_as_root(), *options], log) as process:
        _wait_until_up(process, server.socket, log)
        yield server


def _initialise(program: str, data: Path, log: Path) -> None:
    install = shutil.which("mariadb-install-db", path=_PATH)
    if Path(program).name == "mariadbd" and install is not None:
        command = [install, "--no-defaults", *_as_root(), f"--datadir={data}", "--skip-test-db"]
        command.append("--auth-root-authentication-method=normal")
    else:
        command = [program, "--no-defaults", *_as_root(), "--initialize-insecure", f"--datadir={data}"]
    with _running(command, log) as process:
        code = process.wait()
    if code:
        raise CannotConnect(f"A private {Path(program).name} cannot be set up: {_last_line(log)}", _REMEDY)


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program with its helpers, ended as a group, in order if it can be and with this process if that is killed."""
    with log.open("ab") as out, _Watchdog() as watchdog:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, "TMPDIR": str(log.parent)},  # what a killed one leaves goes with its folder
            start_new_session=True,  # Ctrl-C is for us, who end it in order
            preexec_fn=watchdog.tell_own_group,
        )
        try:
            yield process
        finally:
            _end(process)


class _Watchdog:
    """A shell that is told a process group, and kills that group when this process is gone.

    It waits for the end of a pipe that only this process holds open, so neither thread nor signal matters. The group
    tells itself before its program starts: no moment is left in which it runs unwatched.
    """

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        with os.fdopen(reading) as pipe:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", 'trap "" HUP INT TERM; read -r group; read -r _; kill -9 "-$group"'],
                stdin=pipe,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def tell_own_group(self) -> None:
        """To be called in the child, which leads its group."""
        os.write(self._writing, b"%d\n" % os.getpid())

    def __enter__(self) -> _Watchdog:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()  # what it watched has ended
        self._process.wait()
        os.close(self._writing)


def _wait_until_up(process: subprocess.Popen[bytes], socket: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with sockets.socket(sockets.AF_UNIX) as attempt:
            if attempt.connect_ex(socket) == 0:
                return
        time.sleep(0.05)
    raise CannotConnect(f"A private server did not come up: {_last_line(log)}", _REMEDY)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and its helpers, none of which outlives it by more than a moment."""
    with suppress(subprocess.TimeoutExpired):
        process.terminate()
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _as_root() -> tuple[str, ...]:
    return ("--user=root",) if os.geteuid() == 0 else ()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
