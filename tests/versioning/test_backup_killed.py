"""No program of a killed backup or restore outlives it, whatever it was doing, and no table stays locked."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.servers import Server
from tests.versioning.backup_samples import leftovers, needs_program
from tests.versioning.test_backup_faults import Run, fill

SOON = 5.0
"""Seconds in which all is over after a kill."""
ROWS = 20_000
TABLES = 30
"""Each is a pipe that mydumper would wait for ever to open."""
PROGRAMS = ("mydumper", "mariadb-dump", "mariadb", "mysqldump", "mysql")

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc: run it on Linux")


def _stat(pid: int) -> tuple[str, str, int]:
    """Its program, its state and its parent; no program and state Z where it is gone."""
    with suppress(OSError):
        before, _, after = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
        state, parent = after.split()[:2]
        return before.partition("(")[2], state, int(parent)
    return "", "Z", 0


def children(parent: int) -> dict[int, str]:
    """The living children of a process, and what each runs."""
    found = {int(each.name): _stat(int(each.name)) for each in os.scandir("/proc") if each.name.isdigit()}
    return {pid: program for pid, (program, state, above) in found.items() if above == parent and state != "Z"}


def at_work(process: subprocess.Popen[bytes], *names: str) -> list[int]:
    """The servers' programs of a run, once one of these names is at work; not those that only tell their version."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        running = children(process.pid)
        found = [pid for pid, program in running.items() if program in PROGRAMS and b"--defaults-file" in _words(pid)]
        if any(running[pid] in names for pid in found):
            return found
        time.sleep(0.001)
    process.kill()
    raise AssertionError(f"no {names[0]} was seen: {process.communicate()[0].decode()}")


def _words(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if _stat(pid)[1] != "Z"]


def seconds_until_gone(pids: list[int]) -> float:
    started = time.monotonic()
    while alive(pids) and time.monotonic() - started < SOON:
        time.sleep(0.005)
    return time.monotonic() - started


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def change(server: Server, statement: str) -> None:
    """Send a definition that gets through within 2 seconds, or fails (1205)."""
    with server.connect(init_command="SET SESSION lock_wait_timeout = 2") as connection, connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def strays() -> Iterator[list[int]]:
    """Programs that a failed test left are ended after it."""
    found: list[int] = []
    yield found
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("stopped", [False, True], ids=["at work", "stopped"])
@pytest.mark.parametrize(
    ("words", "programs"),
    [
        (("backup",), ("mysqldump", "mariadb-dump")),
        (("backup", "--jobs", "2"), ("mydumper",)),
        (("restore", "b.zst"), ("mysql", "mariadb")),
        (("restore", "b.zst", "--jobs", "2"), ("mysql", "mariadb")),
    ],
    ids=["backup", "backup in jobs", "restore", "restore in jobs"],
)
def test_killed_it_leaves_no_program_and_no_lock(
    words: tuple[str, ...],
    programs: tuple[str, ...],
    stopped: bool,
    server: Server,
    fresh_database: FreshDatabase,
    tmp_path: Path,
    strays: list[int],
) -> None:
    source = name = fresh_database(server)
    fill(server, source, ROWS)
    if programs == ("mydumper",):
        needs_program("mydumper", "mydumper")
        for number in range(TABLES):
            change(server, f"CREATE TABLE `{name}`.t{number} (id INT NOT NULL PRIMARY KEY) SELECT id FROM `{name}`.b")
    if words[0] == "restore":
        Run(tmp_path, server.url(source)).whole("backup", "--file", "b.zst")
        name = fresh_database(server)
    run = Run(tmp_path, server.url(name))
    process = run.start(*words)
    strays += at_work(process, *programs)
    if stopped:  # a program that notices nothing by itself: neither the end of a pipe nor a lost connection
        for pid in strays:
            os.kill(pid, signal.SIGSTOP)
    kill(process)
    took = seconds_until_gone(strays)
    assert alive(strays) == []
    for database in [name, *leftovers(server, name)]:
        change(server, f"CREATE TABLE IF NOT EXISTS `{database}`.a (id INT)")
        change(server, f"ALTER TABLE `{database}`.a ADD COLUMN since INT")
    assert took < SOON
    if words[0] == "restore":
        change(server, f"DROP TABLE `{name}`.a")
    run.whole(*words)
    assert leftovers(server, name) == []


def without_watchdogs(run: Run, stray: list[int]) -> None:
    """Kill a backup in jobs and the shells that watch its programs; mydumper is left, waiting for ever."""
    process = run.start("backup", "--jobs", "2")
    stray += at_work(process, "mydumper")
    process.send_signal(signal.SIGSTOP)
    for pid in stray:
        os.kill(pid, signal.SIGSTOP)
    for pid, program in children(process.pid).items():
        if program not in PROGRAMS:
            os.kill(pid, signal.SIGKILL)
    kill(process)
    time.sleep(0.3)
    assert alive(stray) == stray


@pytest.mark.parametrize("words", [("backup",), ("backup", "--jobs", "2")])
def test_a_mydumper_that_was_left_is_ended_by_the_next_backup_and_one_at_work_is_not(
    words: tuple[str, ...], server: Server, fresh_database: FreshDatabase, tmp_path: Path, strays: list[int]
) -> None:
    needs_program("mydumper", "mydumper")
    name, other = fresh_database(server), fresh_database(server)
    left = Run(tmp_path, server.url(name))
    for each in (name, other):
        fill(server, each, ROWS)
    with left.start("backup", "--jobs", "2", "--url", server.url(other)) as busy:
        working = at_work(busy, "mydumper")
        busy.send_signal(signal.SIGSTOP)
        try:
            without_watchdogs(left, strays)
            left.whole(*words)
            assert seconds_until_gone(strays) < SOON
            change(server, f"ALTER TABLE `{name}`.a ADD COLUMN since INT")
            assert alive(working) == working
        finally:
            busy.send_signal(signal.SIGCONT)
        said = busy.communicate(timeout=30)[0]
    assert busy.returncode == 0, said.decode()
