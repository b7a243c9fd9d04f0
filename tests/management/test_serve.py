"""`invoke serve`: the status page over the configured database, for this machine, until it is ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from giveaminute.errors import UsageError
from giveaminute.management import call_command
from giveaminute.webapp.page_settings import TOKEN_VARIABLE
from tests.conftest import FreshDatabase
from tests.servers import Server

TOKEN = "a-token-that-nobody-guesses"


def sound_signals() -> None:
    """As in a terminal: what is started in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def serving(url: str, *options: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it told."""
    command = [sys.executable, "-m", "giveaminute", "serve", "--url", url, "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
        preexec_fn=sound_signals,
    )
    assert process.stderr is not None and process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found is not None
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def asked(address: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    """What the page answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_ended_which_is_no_error(tmp_path: Path, number: signal.Signals) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}") as (process, address):
        assert address.startswith("http://127.0.0.1:") and address.endswith("/migrations")
        assert "17 migrations pending" in asked(address)[1]
        assert asked(address.replace("/migrations", "/"))[0] == 200  # it leads there
        assert asked(address.replace("/migrations", "/healthz")) == (503, "behind\n")
        process.send_signal(number)
        assert process.wait(15) == 0
        assert process.stderr is not None and process.stderr.read() == "Ended.\n"
    assert not (tmp_path / "x.db").exists()


def test_a_check_under_way_drops_its_scratch_database_when_it_is_ended(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mariadb_server)
    with serving(mariadb_server.url(name)) as (process, address):
        assert asked(f"{address}/check", b"")[0] == 200  # it leads back to the page
        until(lambda: len(databases(mariadb_server, name)) > 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    assert databases(mariadb_server, name) == [name]


def databases(server: Server, prefix: str) -> list[str]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE %s", (f"{prefix}%",))
        return sorted(name for (name,) in cursor.fetchall())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_with_a_token_it_asks_for_it(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", "--host", "0.0.0.0", **{TOKEN_VARIABLE: TOKEN}) as (_, address):
        address = address.replace("0.0.0.0", "127.0.0.1")
        assert asked(address)[0] == 401
        assert asked(address, Authorization=f"Bearer {TOKEN}")[0] == 200


def test_others_are_not_let_in_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="asks for no token") as error:
        call_command("serve", url=f"sqlite:///{tmp_path / 'x.db'}", host="0.0.0.0", port=0)
    assert TOKEN_VARIABLE in str(error.value.remedy)


def refused(folder: Path, *options: str, **environ: str) -> str:
    """What it says when it ends at once, as a usage error."""
    command = [sys.executable, "-m", "giveaminute", "serve", "--url", f"sqlite:///{folder / 'x.db'}", *options]
    env = {**os.environ, **environ}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 1
    return done.stderr


def test_a_port_in_use_is_told_with_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = refused(tmp_path, "--port", str(port))
    assert f"Port {port} of 127.0.0.1 is in use" in told and f"--port {port + 1}" in told


def test_an_address_that_is_not_of_this_machine_is_told(tmp_path: Path) -> None:
    told = refused(tmp_path, "--host", "192.0.2.7", "--port", "0", **{TOKEN_VARIABLE: TOKEN})
    assert "192.0.2.7" in told and "--host" in told and TOKEN not in told


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80.5", "٣"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(UsageError, match="is no port"):
        call_command("serve", url=f"sqlite:///{tmp_path / 'x.db'}", port=port)


@pytest.mark.parametrize("host", ["", "\xfc" * 70, "x" * 300])
def test_what_is_no_address_is_refused(tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with pytest.raises(UsageError, match="is no address"):
        call_command("serve", url=f"sqlite:///{tmp_path / 'x.db'}", host=host, port=0)


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", **{TOKEN_VARIABLE: TOKEN}) as (_, address):
        assert asked(address, Much="x" * 50_000)[0] == 401
        assert asked(address, Much="x" * 70_000)[0] == 413
