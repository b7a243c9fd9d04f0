"""The example in the documentation, run as a web.py developer runs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from giveaminute.management import call_command
from tests.webapp.serving import Reply, ask

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example"


@contextmanager
def running(folder: Path, url: str) -> Iterator[int]:
    """The copied example, at a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # web.py 0.62 imports what Python 3.11 would rather be without.
    strict = ["-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning"]
    command = [sys.executable, *strict, "guestbook.py", f"127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "DATABASE_URL": url}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: answers(port) or process.poll() is not None, True)
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    try:
        return bool(ask(port, "/").status)
    except OSError:
        return False


def until(call: Callable[[], object], expected: object, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while (found := call()) != expected:
        assert time.monotonic() < deadline, f"{found}, not {expected}"
        time.sleep(0.05)


def sign(port: int, name: str) -> Reply:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/", f"name={name}", {"Content-Type": "application/x-www-form-urlencoded"})
    found = connection.getresponse()
    reply = Reply(found.status, dict(found.getheaders()), found.read().decode())
    connection.close()
    return reply


def test_the_example_runs(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(EXAMPLE, folder)
    repository = str(folder / "migrations")
    with running(folder, database_url) as port:
        assert ask(port).status == 503, "until the database is where the code wants it"
        call_command("upgrade", url=database_url, repository=repository)
        until(lambda: ask(port).status, 200)
        signed = sign(port, "%3Cb%3EAda")
        assert (signed.status, signed.headers["Location"]) == (303, f"http://127.0.0.1:{port}/")
        assert "<li>&lt;b&gt;Ada</ul>" in ask(port).body
    log = (folder / "log").read_text()
    assert f"Next: python -m giveaminute upgrade --repository {quote(repository)}\n" in log and "Traceback" not in log


def test_the_example_is_short_enough_to_copy() -> None:
    lines = (EXAMPLE / "guestbook.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) < 40
    assert max(map(len, lines)) <= 120


def test_the_examples_migrations_fit_its_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    repository = str(EXAMPLE / "migrations")
    tested = call_command("test", url=url, repository=repository)
    assert tested is not None
