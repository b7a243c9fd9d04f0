"""A MariaDB or MySQL server of our own in a temporary folder, on a socket only, for as long as it is needed."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket as sockets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
)
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_PR_SET_PDEATHSIG = 1
_REMEDY = "Install one (apt-get install mariadb-server-core), or grant CREATE on the configured server."


@dataclass(frozen=True)
class PrivateServer:
    """A server that is up: its program (`mariadbd` or `mysqld`), and its socket, where root has no password."""

    program: str
    socket: str


@contextmanager
def private_server(folder: Path) -> Iterator[PrivateServer]:
    """Start one with its data in `folder`, and end it. Raises CannotConnect where there is no server program.

    The kernel ends it with this process, however that dies (prctl(2), PR_SET_PDEATHSIG; Linux only).
    """
    program = shutil.which("mariadbd", path=_PATH) or shutil.which("mysqld", path=_PATH)
    if program is None:
        raise CannotConnect("There is no mariadbd or mysqld here to start a private server with.", _REMEDY)
    data, log = folder / "data", folder / "server.log"
    _initialise(program, data, log)
    # A socket's path may have 107 bytes only (unix(7)).
    server = PrivateServer(Path(program).name, str(folder / "s"))
    with log.open("ab") as out:
        process = subprocess.Popen(
            [program, "--no-defaults", *_as_root(), f"--datadir={data}", f"--socket={server.socket}", *_OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C is for us, who end it in order
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    try:
        _wait_until_up(process, server.socket, log)
        yield server
    finally:
        _end(process)


def _initialise(program: str, data: Path, log: Path) -> None:
    install = shutil.which("mariadb-install-db", path=_PATH)
    if Path(program).name == "mariadbd" and install is not None:
        command = [install, "--no-defaults", *_as_root(), f"--datadir={data}", "--skip-test-db"]
        command.append("--auth-root-authentication-method=normal")
    else:
        command = [program, "--no-defaults", *_as_root(), "--initialize-insecure", f"--datadir={data}"]
    with log.open("ab") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise CannotConnect(f"A private {Path(program).name} cannot be set up: {_last_line(log)}", _REMEDY)


def _wait_until_up(process: subprocess.Popen[bytes], socket: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with sockets.socket(sockets.AF_UNIX) as attempt:
            if attempt.connect_ex(socket) == 0:
                return
        time.sleep(0.05)
    raise CannotConnect(f"A private server did not come up: {_last_line(log)}", _REMEDY)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _as_root() -> tuple[str, ...]:
    return ("--user=root",) if os.geteuid() == 0 else ()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
