"""The servers' own programs: found, told where to connect, run, and ended with us.

The password goes in a file without a name (mode 0600) that only the program inherits: not in its arguments, not in its
environment, which holds nothing but what a program needs to run at all.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from giveaminute.errors import BackupFailed
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.backups.watchdog import Watchdog
from giveaminute.versioning.database import Database

MARIADB, MYSQL = "mariadb", "mysql"

_DUMP = {MARIADB: ("mariadb-dump", "mysqldump"), MYSQL: ("mysqldump", "mariadb-dump")}
_CLIENT = {MARIADB: ("mariadb", "mysql"), MYSQL: ("mysql", "mariadb")}
_PACKAGE = {MARIADB: "mariadb-client", MYSQL: "mysql-client"}
_VERSION = re.compile(r"(?:Distrib|from) (\d+)\.(\d+)\.(\d+)")
_OLD_VERSION = re.compile(r"(?:Ver|mydumper) v?(\d+)\.(\d+)\.(\d+)")
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
_NO_LOGIN_FILE = {"MYSQL_TEST_LOGIN_FILE": "/nonexistent"}
"""MySQL's programs would read ~/.mylogin.cnf even where they are told to read one file only (MySQL manual, 6.2.2.2)."""


@dataclass(frozen=True)
class Program:
    """An installed program. `flavour`: whose it is."""

    path: str
    flavour: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{Path(self.path).name} {'.'.join(map(str, self.version))}"


@dataclass(frozen=True)
class Access:
    """The way in that an open connection took: one server, and whether it is encrypted there."""

    url: DatabaseUrl
    host: str
    port: int
    socket: str | None
    encrypted: bool

    @property
    def place(self) -> str:
        """The server, for people."""
        return self.socket or f"{self.host}:{self.port}"


def flavour(database: Database) -> str:
    """Whose server it is."""
    return MARIADB if "mariadb" in server_version(database).lower() else MYSQL


def server_version(database: Database) -> str:
    """As the server says it."""
    return str(database.scalar("SELECT VERSION()"))


def access(database: Database) -> Access:
    """How this connection came in, for a program to come the same way."""
    opened = database.connection
    cipher = database.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    return Access(
        database.url,
        str(getattr(opened, "host", "")),
        int(getattr(opened, "port", 0)),
        getattr(opened, "unix_socket", None),
        bool(cipher and cipher[0][1]),
    )


def dump_program(server: str) -> Program:
    """The program that dumps this flavour best. Raises BackupFailed where there is none."""
    return _found(_DUMP[server], server)


def client_program(server: str) -> Program:
    """The client that loads into this flavour best. Raises BackupFailed where there is none."""
    return _found(_CLIENT[server], server)


def mydumper_program() -> Program:
    """mydumper. Raises BackupFailed where there is none."""
    program = _program("mydumper", ("--version",))
    if program is None:
        raise BackupFailed(
            "There is no mydumper here, which --jobs needs.",
            "Install it (apt-get install mydumper), or take the backup without --jobs.",
        )
    return program


def _found(names: Sequence[str], server: str) -> Program:
    """The first that is of the server's own flavour, else the first: each name may be a link to the other's."""
    programs = [program for name in names if (program := _program(name)) is not None]
    own = [program for program in programs if program.flavour == server]
    if not programs:
        raise BackupFailed(
            f"There is no {' or '.join(names)} here, which this needs.",
            f"Install it: apt-get install {_PACKAGE[server]}",
        )
    return (own or programs)[0]


def _program(name: str, question: Sequence[str] = ("--no-defaults", "--version")) -> Program | None:
    path = shutil.which(name)
    if path is None:
        return None
    said = subprocess.run(
        [path, *question],
        capture_output=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    text = said.stdout.decode(errors="replace")
    version = _VERSION.search(text) or _OLD_VERSION.search(text)
    if said.returncode or version is None:
        return None
    major, minor, patch = (int(part) for part in version.groups())
    return Program(path, MARIADB if "mariadb" in text.lower() else MYSQL, (major, minor, patch))


def environment() -> dict[str, str]:
    """What a program needs to run at all, and no more: ours may hold a password."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _NO_LOGIN_FILE


def option_file(way: Access, program: Program) -> str:
    """The text that tells a program where to connect and as whom."""
    url = way.url
    lines = ["[client]", f"user={quoted(url.user)}", f"password={quoted(url.password)}"]
    if way.socket:
        lines += [f"socket={quoted(way.socket)}", "protocol=socket"]
    else:
        lines += [f"host={quoted(way.host)}", f"port={way.port}", "protocol=tcp"]
    lines += _encryption(way, program)
    lines += [
        f"{name.replace('_', '-')}={quoted(url.options[name])}"
        for name in ("ssl_ca", "ssl_cert", "ssl_key")
        if name in url.options
    ]
    return "\n".join(lines) + "\n"


def _encryption(way: Access, program: Program) -> list[str]:
    """As strict as our own connection, whatever a program's default is."""
    if program.flavour == MYSQL:
        mode = "VERIFY_CA" if "ssl_ca" in way.url.options else "REQUIRED" if way.encrypted else "PREFERRED"
        return [f"ssl-mode={mode}", "loose-get-server-public-key"]
    if not way.encrypted:
        return ["skip-ssl"]
    return ["ssl", "skip-ssl-verify-server-cert"]  # of the name only: with ssl-ca, who signed it is still proved


def quoted(value: str) -> str:
    """A value of an option file (MySQL manual, 6.2.2.2): quoted, so that # and blanks are its own."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return f'"{"".join(escapes.get(char, char) for char in value)}"'


class Running:
    """A program at work, and watched."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], watchdog: Watchdog) -> None:
        self._process, self._errors, self._watchdog = process, errors, watchdog

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None
        return self._process.stdin

    def read(self) -> Iterator[bytes]:
        """What it writes, in chunks. A moment is given to a pipe that is all but empty: it would be read in crumbs."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        many = _widened(pipe) // 4
        while data := os.read(pipe, _PIPE):
            yield data
            if len(data) < many and many > _SMALL_PIPE:
                time.sleep(_MOMENT)

    def feed(self, data: bytes) -> None:
        """Give it all of these to read. Raises BrokenPipeError where it has ended."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.stdin.write(rest) :]

    @property
    def ended(self) -> bool:
        """Whether it has."""
        if self._process.poll() is None:
            return False
        self._watchdog.dismiss()
        return True

    def kill(self) -> None:
        """End it at once."""
        if not self.ended:
            self._process.kill()

    def wait(self) -> int:
        """Its exit code."""
        code = self._process.wait()
        self._watchdog.dismiss()
        return code

    def said(self) -> str:
        """What it complained of, the last two lines of it."""
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        return " ".join(lines[-2:]) or f"exit code {self._process.returncode}"

    def end(self) -> None:
        """End it if it still runs."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self.kill()
        self.wait()


@contextmanager
def running(
    program: Program, way: Access, arguments: Sequence[str], *, feeds: bool | None, options: Sequence[str] = ()
) -> Iterator[Running]:
    """Run a program against a server; with `feeds` it is written to, else read from, with None neither.

    `options`: more lines for its option file. It ends when the block does, and with this process, however that dies.
    """
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as errors:
        file.write("".join([option_file(way, program), *(f"{line}\n" for line in options)]).encode("utf-8"))
        file.flush()
        file.seek(0)
        watchdog = Watchdog()
        process = watchdog.start(
            [program.path, f"--defaults-file=/dev/fd/{file.fileno()}", *arguments],
            stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
            stdout=subprocess.PIPE if feeds is False else subprocess.DEVNULL,
            errors=errors,
            env=environment(),
            inherited=file,
        )
        if process.stdin is not None:
            _widened(process.stdin.fileno())
        started = Running(process, errors, watchdog)
        try:
            yield started
        finally:
            started.end()


_PIPE = 1 << 20
"""Bytes between a program and us, where the system grants them: what Linux lets any user have (pipe(7))."""
_SMALL_PIPE = 1 << 16
_MOMENT = 0.002
"""Seconds in which a dump of 100 MB/s fills a fifth of such a pipe."""


def _widened(pipe: int) -> int:
    """The size of a pipe in bytes, after it was asked to be larger; 0 where systems do not say."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
    try:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    except (OSError, AttributeError):
        return 0
