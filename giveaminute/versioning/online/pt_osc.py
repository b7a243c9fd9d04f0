"""Percona's pt-online-schema-change: its work; our journal, version row and progress, and our word before the swap.

It copies the table in chunks into `_TABLE_new` while triggers bring what the application writes, and exchanges both
in one RENAME (its manual, «pt-online-schema-change»). INSERT IGNORE, by which it copies, drops or cuts what does not
fit without an error; so a plugin of ours waits before the exchange until the copy has been compared row by row.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from giveaminute.errors import MigrationToolError
from giveaminute.termination import terminable
from giveaminute.versioning.backups.programs import MARIADB, MYSQL, Program, access, environment, flavour, option_file
from giveaminute.versioning.backups.watchdog import Watchdog
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.online import leftovers
from giveaminute.versioning.online.statement import Alteration
from giveaminute.versioning.online.tool import Shape, Tell, Tool, failed, shape_of
from giveaminute.versioning.online.verifying import differences
from giveaminute.versioning.progress import HowFar
from giveaminute.versioning.scratch import temporary_folder

_READY = b"giveaminute: copied"
_PLUGIN = """package pt_online_schema_change_plugin;
use strict;
sub new { my ($class, %args) = @_; return bless { %args }, $class; }
sub after_create_new_table {
    my ($self) = @_;
    my ($got) = eval { $self->{cxn}->dbh()->selectrow_array("SELECT GET_LOCK('LOCK', 0)") };
    die "another online change of this database is at work\\n" if defined $got && !$got;
}
sub before_swap_tables {
    $| = 1;
    print "READY\\n";
    my $answer = <STDIN>;
    die "not exchanged\\n" unless defined $answer && $answer eq "swap\\n";
}
1;
"""
_PROGRESS = re.compile(rb"Copying [^\n]*?:\s+(\d+)% ")
_COMPLAINT = re.compile(r"error|cannot|not |fail", re.IGNORECASE)
_LOOK = 0.5
"""Seconds between two looks at how far it is."""
_TRIES = "create_triggers:100:2,drop_triggers:100:2,swap_tables:100:2,analyze_table:5:1"


class PtOsc(Tool):
    """The program at this path."""

    name = "pt-online-schema-change"
    package = "percona-toolkit"

    def __init__(self, path: str) -> None:
        self._path = path

    @classmethod
    def found(cls) -> PtOsc | None:
        """Where it is installed."""
        path = shutil.which(cls.name)
        return None if path is None else cls(path)

    def obstacle(self, database: Database, wanted: Alteration, shape: Shape) -> str | None:
        there = set(database.tables())
        other = [name for name in (leftovers.copy_of(wanted.table), f"_{wanted.table}_old") if name in there]
        if other:
            return f"there is a table {other[0]}, from another online change: look at it, and drop it"
        return None

    def run(self, database: Database, wanted: Alteration, tell: Tell) -> None:
        before = _definition(database, wanted.table)
        began = time.monotonic()
        with terminable(), self._started(database, wanted) as program:
            try:
                code = program.follow(wanted.table, tell, began)
                reason = program.refusal or program.said(code)
            except BaseException:
                program.end()
                _cleared(database, wanted.table)
                raise
        leftovers.clear_table(database, wanted.table)
        if program.refusal or (code and _definition(database, wanted.table) == before):
            raise failed(self.name, reason)

    @contextmanager
    def _started(self, database: Database, wanted: Alteration) -> Iterator[_Program]:
        way = access(database)
        program = Program(self._path, MARIADB, (3, 0, 0))  # it connects through MariaDB's library, or MySQL's old one
        with temporary_folder() as folder, tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as errors:
            plugin = folder / "plugin.pm"
            text = _PLUGIN.replace("LOCK'", leftovers.lock_name(database).replace("'", "") + "'")
            plugin.write_text(text.replace("READY", _READY.decode()), encoding="utf-8")
            file.write(option_file(way, program).encode("utf-8"))
            file.flush()
            watchdog = Watchdog()
            process = watchdog.start(
                [self._path, *_arguments(database, wanted, plugin, f"/dev/fd/{file.fileno()}")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                errors=errors,
                env=environment() | {"HOME": os.environ.get("HOME", "/")},
                inherited=file,
            )
            running = _Program(database, process, errors, watchdog)
            try:
                yield running
            finally:
                running.end()


def _arguments(database: Database, wanted: Alteration, plugin: Path, options: str) -> list[str]:
    """What the program is told. No password: that is in the file."""
    mode = database.scalar("SELECT @@SESSION.sql_mode")
    modes = "\\,".join([*filter(None, str(mode).split(",")), "NO_AUTO_VALUE_ON_ZERO"])
    session = f"lock_wait_timeout={int(database.lock_timeout or 5)},sql_mode='{modes}',wait_timeout=31536000"
    return [
        "--execute",
        "--no-version-check",  # it would tell Percona of this server
        f"--defaults-file={options}",
        f"--plugin={plugin}",
        f"--alter={wanted.change}",
        "--charset=utf8mb4",
        f"--set-vars={session}",
        f"--tries={_TRIES}",
        "--progress=time,1",
        *_replicas(database),
        f"D={database.url.database},t={wanted.table}",
    ]


def _replicas(database: Database) -> list[str]:
    """MySQL 8.4 and newer do not know the question by which it looks for replicas (SHOW SLAVE HOSTS)."""
    version = re.findall(r"\d+", str(database.scalar("SELECT VERSION()")))
    modern = flavour(database) == MYSQL and (int(version[0]), int(version[1])) >= (8, 4)
    return ["--recursion-method=none"] if modern else []


class _Program:
    """It at work."""

    def __init__(
        self, database: Database, process: subprocess.Popen[bytes], errors: IO[bytes], watchdog: Watchdog
    ) -> None:
        self._database, self._process, self._errors, self._watchdog = database, process, errors, watchdog
        self._output = b""
        self.refusal: str | None = None

    def follow(self, table: str, tell: Tell, began: float) -> int:
        """Read what it says until it ends, and answer its question; its exit code."""
        assert self._process.stdout is not None
        told: object = None
        while True:
            ready, _, _ = select.select([self._process.stdout], [], [], _LOOK)
            if ready and not self._read(table, tell):
                code = self._process.wait()
                self._watchdog.dismiss()
                return code
            part = self._part()
            self._database.scalar("SELECT 1")  # neither side of this connection forgets it
            if part is not None and part != told:
                told = part
                tell(HowFar(f"copying {table} ({PtOsc.name})", float(part), 100.0, time.monotonic() - began))

    def _read(self, table: str, tell: Tell) -> bool:
        """Whether there is more to come."""
        assert self._process.stdout is not None
        data = os.read(self._process.stdout.fileno(), 1 << 16)
        self._output = (self._output + data)[-(1 << 16) :]
        if _READY in self._output:
            self._output = self._output.replace(_READY, b"")
            self._answer(table, tell)
        return bool(data)

    def _part(self) -> int | None:
        found = _PROGRESS.findall(self._complaints())
        return int(found[-1]) if found else None

    def _complaints(self) -> bytes:
        fd = self._errors.fileno()
        size = os.fstat(fd).st_size
        return os.pread(fd, 1 << 16, max(0, size - (1 << 16)))

    def _answer(self, table: str, tell: Tell) -> None:
        """Compare, see that the lease is held, and let it exchange the tables; or not."""
        assert self._process.stdin is not None
        self.refusal = self._compared(table, tell)
        if self.refusal is None:
            self._database.commit()
        self._process.stdin.write(b"swap\n" if self.refusal is None else b"stop\n")
        self._process.stdin.flush()

    def _compared(self, table: str, tell: Tell) -> str | None:
        """What keeps the copy from being taken, None where nothing does."""
        copy, began = leftovers.copy_of(table), time.monotonic()
        with opened(self._database.url, read_only=True) as apart:
            shape = shape_of(apart, table)
            if sum(name.startswith("pt_osc_") for name in shape.triggers) != 3:
                return "its triggers are gone, so that writes were lost"
            total = float(apart.scalar(f"SELECT COUNT(*) FROM {apart.dialect.quote(table)}"))
            apart.roll_back()

            def seen(rows: int) -> None:
                self._database.scalar("SELECT 1")
                tell(HowFar(f"comparing {table} with its copy", min(rows, total), total, time.monotonic() - began))

            wrong = differences(apart, table, copy, shape.key, seen)
        if not wrong:
            return None
        return f"{wrong:,} rows would not be the same afterwards: mend their values first, or use --blocking"

    def said(self, code: int) -> str:
        """Why it gave up, the last lines of it."""
        text = (self._complaints() + b"\n" + self._output).decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if _COMPLAINT.search(line)]
        return " ".join(lines[-3:])[:600] or f"exit code {code}"

    def end(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._watchdog.dismiss()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _definition(database: Database, table: str) -> str:
    ((_, text, *_),) = database.query(f"SHOW CREATE TABLE {database.dialect.quote(table)}")
    database.roll_back()
    return re.sub(r" AUTO_INCREMENT=\d+", "", str(text))


def _cleared(database: Database, table: str) -> None:
    """After a failure of ours, on a connection of its own; what cannot be done now, the next run does."""
    with suppress(MigrationToolError), opened(database.url, read_only=False) as apart:  # the mark in the history stays
        apart.limit_lock_wait(database.lock_timeout or 5)
        leftovers.clear_table(apart, table)
