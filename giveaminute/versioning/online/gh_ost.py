"""GitHub's gh-ost: its work; our journal, version row and progress, and our word before the cut-over.

It copies the table in chunks into `_TABLE_gho` while the binary log brings what the application writes. The cut-over
waits for as long as a file is there (its manual, `postpone-cut-over-flag-file`): until the copy has been compared.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from giveaminute.termination import terminable
from giveaminute.versioning.backups.programs import Access, access, quoted
from giveaminute.versioning.database import Database
from giveaminute.versioning.online.running import Program as Running
from giveaminute.versioning.online.statement import Alteration
from giveaminute.versioning.online.tool import Shape, Tell, Tool
from giveaminute.versioning.online.verifying import compared
from giveaminute.versioning.progress import HowFar
from giveaminute.versioning.scratch import temporary_folder

_PROGRESS = re.compile(rb"Copy: \d+/\d+ ([\d.]+)%[^\n]*State: ([^;\n]*)")
_POSTPONING = b"postponing cut-over"
_TRIES = 30
"""Times that a range is compared before it counts as another one: what was written is there when the log was read."""
_LOG = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL"}


class GhOst(Tool):
    """The program at this path."""

    name = "gh-ost"

    def obstacle(self, database: Database, wanted: Alteration, shape: Shape) -> str | None:
        if shape.foreign_keys:
            return f"gh-ost takes no table with foreign keys ({', '.join(shape.foreign_keys)})"
        if access(database).socket:
            return "gh-ost connects by host and port only: leave unix_socket out of the URL"
        for name, value in _LOG.items():
            found = dict(database.query(f"SHOW GLOBAL VARIABLES LIKE '{name}'")).get(name, value)
            if found != value:
                return f"gh-ost reads the binary log: set {name} = {value} ({found} now)"
        return None

    def run(self, database: Database, wanted: Alteration, tell: Tell) -> None:
        way = access(database)
        options = f"[client]\nuser={quoted(way.url.user)}\npassword={quoted(way.url.password)}\n"
        with terminable(), temporary_folder() as folder:
            flag = folder / "postpone"
            flag.touch()
            words = [self._path, *_arguments(database, way, wanted, flag)]
            self._carry_out(
                database,
                wanted.table,
                lambda file: [*words, f"--conf={file}"],
                options,
                lambda running: _CutOver(database, wanted.table, running, flag, tell),
            )


def _arguments(database: Database, way: Access, wanted: Alteration, flag: Path) -> list[str]:
    """What the program is told besides the file with the password."""
    wait = min(10, max(1, int(database.lock_timeout or 5)))
    words = [
        "--execute",
        f"--host={way.host}",
        f"--port={way.port}",
        f"--database={database.url.database}",
        f"--table={wanted.table}",
        f"--alter={wanted.change}",
        "--allow-on-master",
        "--assume-rbr",
        "--ok-to-drop-table",
        f"--postpone-cut-over-flag-file={flag}",
        f"--serve-socket-file={flag.parent / 'socket'}",
        f"--cut-over-lock-timeout-seconds={wait}",
        "--max-load=Threads_running=25",
        "--critical-load=Threads_running=50",
    ]
    if way.encrypted:
        authority = way.url.options.get("ssl_ca")
        words += ["--ssl", f"--ssl-ca={authority}" if authority else "--ssl-allow-insecure"]
    return words


class _CutOver:
    """Looks how far the program is, and takes the file away when the copy is complete."""

    def __init__(self, database: Database, table: str, running: Running, flag: Path, tell: Tell) -> None:
        self._database, self._table, self._running = database, table, running
        self._flag, self._tell = flag, tell
        self._began = time.monotonic()
        self.refusal: str | None = None
        self.allowed = False

    def look(self) -> None:
        """Answer where it waits, else tell of it."""
        found = _PROGRESS.findall(self._running.output + self._running.complaints)
        if not found or not self._flag.exists():
            return
        percent, state = found[-1]
        if state.strip() == _POSTPONING:
            self._answer()
            return
        seconds = time.monotonic() - self._began
        self._tell(HowFar(f"copying {self._table} ({GhOst.name})", float(percent), 100.0, seconds))

    def _answer(self) -> None:
        """Compare, see that the lease is held, and let it cut over; or end it."""
        copy = f"_{self._table}_gho"
        self.refusal = compared(self._database, self._table, copy, self._tell, tries=_TRIES)
        if self.refusal is not None:
            self._running.stop()
            return
        self._database.commit()
        self.allowed = True
        self._flag.unlink()
