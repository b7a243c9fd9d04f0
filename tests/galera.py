"""A Galera cluster of three on this machine: nodes that can be killed and that come back.

Nodes 2 and 3 start from copies of the data folder of node 1, stopped in order, so that they join by the writes
they missed and not by a whole copy. Ports are free ones of 127.0.0.1.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
import pytest

from tests.servers import SEARCH_PATH, Server, _free_port, _Watchdog

LIBRARIES = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so")
START_SECONDS = 90.0
MISSING = "no Galera here: apt-get install mariadb-server galera-4 rsync"
SIZE = 3
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "TMPDIR"}


@dataclass
class Node(Server):
    """One node. `replication`, `incremental` and `copying` are the ports of the cluster's own traffic."""

    folder: Path = Path()
    number: int = 0
    replication: int = field(default_factory=_free_port)
    incremental: int = field(default_factory=_free_port)
    copying: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None
    watchdog: _Watchdog | None = None

    def kill(self) -> None:
        """As a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.watchdog is not None:
            self.watchdog.dismiss()
            self.watchdog = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        self.kill()


class Cluster:
    """Three nodes."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("mariadbd", path=SEARCH_PATH), next((p for p in LIBRARIES if Path(p).exists()), None)
        if None in found or shutil.which("rsync") is None or shutil.which("mariadb-install-db") is None:
            pytest.skip(MISSING)
        self._program, self._library = str(found[0]), str(found[1])
        self._folder = folder
        self.nodes = [Node(port=_free_port(), folder=folder / str(n), number=n) for n in range(1, SIZE + 1)]

    def start(self) -> None:
        """All three, from empty."""
        first = self.nodes[0]
        for node in self.nodes:
            node.folder.mkdir(parents=True)
            _give(node.folder)
        _run(
            [
                *("mariadb-install-db", "--no-defaults", *_user(), f"--datadir={first.folder / 'data'}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=32M"),
            ]
        )
        self._start(first, "--wsrep-new-cluster")
        first.stop()
        (first.folder / "data" / "gvwstate.dat").unlink(missing_ok=True)
        for node in self.nodes[1:]:
            shutil.copytree(first.folder / "data", node.folder / "data", ignore=shutil.ignore_patterns("galera.cache"))
            _give(node.folder)
        state = first.folder / "data" / "grastate.dat"
        state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        self._start(first, "--wsrep-new-cluster")
        for node in self.nodes[1:]:
            self._start(node)

    def rejoin(self, node: Node) -> None:
        """Start a killed node again, at the position it had."""
        recovered = subprocess.run(
            [self._program, *self._options(node), "--wsrep-recover", "--log-error=" + str(node.folder / "recover.log")],
            capture_output=True,
            env=_ENVIRONMENT,
            check=False,
        )
        log = (node.folder / "recover.log").read_text(errors="replace") + recovered.stderr.decode(errors="replace")
        positions = re.findall(r"Recovered position:? *([0-9a-f-]+:-?\d+)", log)
        self._start(node, *([f"--wsrep-start-position={positions[-1]}"] if positions else []))

    def _start(self, node: Node, *more: str) -> None:
        with (node.folder / "server.log").open("ab") as log:
            node.process = subprocess.Popen(
                [self._program, *self._options(node), *more],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        node.watchdog = _Watchdog(node.process.pid, node.folder)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and node.process.poll() is None:
            if _state(node) == "Synced":
                return
            time.sleep(0.1)
        end = (node.folder / "server.log").read_text(errors="replace").splitlines()[-15:]
        raise RuntimeError(f"node {node.number} did not join:\n" + "\n".join(end))

    def _options(self, node: Node) -> list[str]:
        members = ",".join(f"127.0.0.1:{each.replication}" for each in self.nodes)
        provider = (
            f"base_host=127.0.0.1;base_port={node.replication};gmcast.listen_addr=tcp://127.0.0.1:{node.replication};"
            f"ist.recv_addr=127.0.0.1:{node.incremental};gcache.size=64M;evs.suspect_timeout=PT2S;"
            "evs.inactive_timeout=PT5S;evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S"
        )
        return [
            "--no-defaults",
            *_user(),
            f"--datadir={node.folder / 'data'}",
            f"--socket={node.folder / 's'}",
            f"--pid-file={node.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            f"--port={node.port}",
            f"--server-id={node.number}",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--innodb-flush-log-at-trx-commit=2",
            "--performance-schema=OFF",
            "--wsrep-on=ON",
            f"--wsrep-provider={self._library}",
            "--wsrep-cluster-name=cbu_test",
            f"--wsrep-cluster-address=gcomm://{members}",
            f"--wsrep-node-address=127.0.0.1:{node.replication}",
            f"--wsrep-node-name=n{node.number}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{node.copying}",
            f"--wsrep-provider-options={provider}",
            "--wsrep-slave-threads=2",
        ]

    def url(self, database: str, *numbers: int) -> str:
        """A URL with the nodes of these numbers in this order; all where none is given."""
        nodes = [self.nodes[number - 1] for number in numbers or range(1, SIZE + 1)]
        return f"mysql://root@{','.join(f'127.0.0.1:{node.port}' for node in nodes)}/{database}"

    def stop(self) -> None:
        for node in reversed(self.nodes):
            node.stop()


def _state(node: Node) -> str | None:
    try:
        with node.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'wsrep_local_state_comment'")
            found = cursor.fetchone()
            return str(found[1]) if found else None
    except pymysql.Error:
        return None


def _user() -> list[str]:
    """Copying between nodes fails as root: rsync's own server gives up its rights."""
    return ["--user=mysql"] if os.geteuid() == 0 else []


def _give(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam("mysql")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_ENVIRONMENT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that is up. Skips where Galera is missing."""
    # A socket's path may have 107 bytes only, and the servers run as a user whom our own temporary folder is closed to.
    folder = Path(tempfile.mkdtemp(prefix="cbu-galera-", dir="/tmp"))
    folder.chmod(0o755)
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
