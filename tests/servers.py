"""MariaDB and MySQL servers for tests: found, started, ended, always by the process id that was kept.

A private server lives in a folder of its own, listens on a socket and on a free port of 127.0.0.1, and lets
root in without a password. A watchdog process ends it and removes the folder when pytest dies, whichever way.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import signal
import socket as sockets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

import pymysql
import pytest

MARIADB_MISSING = "no mariadbd here: apt-get install mariadb-server"
MYSQL_MISSING = (
    "no MySQL here: set TEST_MYSQL_URL to a MySQL 8 or 9 server on which databases may be created,"
    " or install mysql-server"
)
# Durability is of no use to a server that is thrown away; small logs make its data folder quick to copy.
SMALL_AND_FAST = (
    "--innodb-buffer-pool-size=128M",
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--event-scheduler=OFF",
)
WITHOUT_SYNC = ("--innodb-flush-method=nosync", "--innodb-doublewrite=OFF", "--loose-debug-no-sync")
"""For a server that nobody pulls the plug of: a third of a definition's time is waiting for the disk."""
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_templates: list[Path] = []
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(kw_only=True)
class Server:
    """A server that is up, and how to reach it. `version` is filled by `ask_version`."""

    host: str = "127.0.0.1"
    port: int = 3306
    user: str = "root"
    password: str = ""
    socket: Path | None = None
    family: str = ""
    version: tuple[int, ...] = ()

    def url(self, database: str = "") -> str:
        """An SQLAlchemy URL over TCP."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"mysql+pymysql://{quote(self.user, safe='')}{secret}@{self.host}:{self.port}/{database}"

    def connect(self, database: str | None = None, **kw: Any) -> pymysql.Connection[Any]:
        """A new connection, autocommit and utf8mb4 unless told; waits 10 s for a lock, not a day.

        Without TLS unless told: to this machine it guards nothing, and its set-up costs 25 ms a connection.
        """
        settings: dict[str, Any] = {
            "autocommit": True,
            "charset": "utf8mb4",
            "init_command": "SET SESSION lock_wait_timeout = 10",
            "ssl_disabled": True,
            **kw,
        }
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            **settings,
        )

    def client(self, *args: str, stdin: str | bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """The command-line client, over TCP, with `args` (options, database) and `stdin`; output in bytes."""
        program = shutil.which("mariadb") or shutil.which("mysql")
        if program is None:
            pytest.skip("no mariadb or mysql client here: apt-get install mariadb-client")
        address = [f"--host={self.host}", f"--port={self.port}", f"--user={self.user}", "--protocol=tcp"]
        return subprocess.run(
            [program, "--no-defaults", *address, "--default-character-set=utf8mb4", *args],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            env={**os.environ, "MYSQL_PWD": self.password},
            capture_output=True,
            check=False,
        )

    def ask_version(self) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            text = str(cursor.fetchone()[0])
        self.family = "mariadb" if "mariadb" in text.lower() else "mysql"
        self.version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])


class PrivateServer(Server):
    """A server of the tests' own that can be stopped, killed and started again, on the same port.

    As a context manager it starts on entry; on exit it ends and its folder is removed.
    """

    def __init__(self, program: str, folder: Path, options: tuple[str, ...]) -> None:
        # A socket's path may have 107 bytes only, and pytest's folders are long.
        self._socket_folder = Path(tempfile.mkdtemp(prefix="cbu-"))
        super().__init__(socket=self._socket_folder / "s", port=_free_port())
        self.folder = folder
        self._command = [program, "--no-defaults", *_as_root(), f"--datadir={folder / 'data'}", *options]
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: _Watchdog | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start and wait until it answers. Raises RuntimeError with the log's end when it does not."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        place = [f"--tmpdir={self.folder / 'tmp'}", f"--pid-file={self.folder / 'pid'}"]
        listen = [f"--socket={self.socket}", "--bind-address=127.0.0.1", f"--port={self.port}"]
        with (self.folder / "server.log").open("ab") as log:
            # A session of its own: Ctrl-C is for pytest, which ends the server in order.
            self._process = subprocess.Popen(
                [*self._command, *place, *listen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._watchdog = _Watchdog(self._process.pid, self.folder, self._socket_folder, *_templates)
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """End in order (SIGTERM), by force after STOP_SECONDS. Nothing to do when it is down."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End at once, as a crash does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self._socket_folder, ignore_errors=True)

    def __enter__(self) -> PrivateServer:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                self.ask_version()
                return
            except pymysql.err.OperationalError:
                time.sleep(0.05)
        self.kill()
        end_of_log = (self.folder / "server.log").read_text(errors="replace").splitlines()[-15:]
        raise RuntimeError("the test server did not come up:\n" + "\n".join(end_of_log))

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None


class _Watchdog:
    """A shell that waits for the end of a pipe only this process holds open, then ends the server.

    So the server goes even when pytest is ended by SIGTERM or SIGKILL, where no atexit runs.
    """

    def __init__(self, pid: int, *folders: Path) -> None:
        reading, self._writing = os.pipe()
        script = 'read -r _; kill -9 "$1"; shift; sleep 0.2; rm -rf "$@"'
        self._process = subprocess.Popen(
            ["sh", "-c", script, "watchdog", str(pid), *map(str, folders)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)

    def dismiss(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._writing)


@contextmanager
def private_mariadb(folder: Path, *options: str) -> Iterator[PrivateServer]:
    """A MariaDB of its own for one test, in `folder`, with `options` on top (`--sql-mode=...`).

    It is up on entry. Skips, or fails where REQUIRE_MARIADB=1, without mariadbd.
    """
    program = shutil.which("mariadbd", path=SEARCH_PATH)
    if program is None:
        _missing(MARIADB_MISSING, required=os.environ.get("REQUIRE_MARIADB") == "1")
    home = folder / f"mariadb-{_free_port()}"
    shutil.copytree(_installed_mariadb(), home / "data")
    with PrivateServer(program, home, (*SMALL_AND_FAST, *options)) as server:
        yield server


@contextmanager
def private_mysql(folder: Path, *options: str) -> Iterator[PrivateServer]:
    """A real MySQL of its own, in `folder`. Skips where `mysqld` is missing, or is MariaDB's."""
    program = find_mysqld()
    if program is None:
        pytest.skip(MYSQL_MISSING)
    home = folder / f"mysql-{_free_port()}"
    home.mkdir(parents=True)
    _run([program, "--no-defaults", "--initialize-insecure", *_as_root(), f"--datadir={home / 'data'}"])
    # Packages set a folder for files that exists only where the package's own server does.
    apart = ("--mysqlx=OFF", "--secure-file-priv=")
    with PrivateServer(program, home, (*SMALL_AND_FAST, *apart, *options)) as server:
        yield server


def mysql_from_environment() -> Server | None:
    """The server TEST_MYSQL_URL names, or None where it is not set. Fails where that is a MariaDB."""
    url = os.environ.get("TEST_MYSQL_URL")
    if not url:
        return None
    parts = urlsplit(url)
    server = Server(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
    )
    server.ask_version()
    if server.family != "mysql":
        pytest.fail(f"TEST_MYSQL_URL names a {server.family} {server.version}, not a MySQL")
    return server


@functools.cache
def find_mysqld() -> str | None:
    """The path of a `mysqld` that is MySQL's own: MariaDB installs a link of that name too."""
    program = shutil.which("mysqld", path=SEARCH_PATH)
    if program is None:
        return None
    said = subprocess.run([program, "--no-defaults", "--version"], capture_output=True, check=False)
    return None if said.returncode or b"mariadb" in said.stdout.lower() else program


@functools.cache
def _installed_mariadb() -> Path:
    """A fresh data folder, made once a run (some seconds) and copied for each private server."""
    installer = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if installer is None:
        _missing(MARIADB_MISSING, required=os.environ.get("REQUIRE_MARIADB") == "1")
    template = Path(tempfile.mkdtemp(prefix="cbu-template-"))
    _templates.append(template)
    atexit.register(shutil.rmtree, template, ignore_errors=True)
    how = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M"]
    _run([installer, "--no-defaults", *_as_root(), *how, f"--datadir={template / 'data'}"])
    return template / "data"


def _missing(what: str, *, required: bool) -> NoReturn:
    if required:
        pytest.fail(what)
    pytest.skip(what)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")


def _as_root() -> list[str]:
    """Servers refuse to run as root unless it is said."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
