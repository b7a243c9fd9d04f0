"""Percona's pt-online-schema-change: its work; our journal, version row and progress, and our word before the swap.

It copies the table in chunks into `_TABLE_new` while triggers bring what the application writes, and exchanges both
in one RENAME (its manual, «pt-online-schema-change»). INSERT IGNORE, by which it copies, drops or cuts what does not
fit without an error; so a plugin of ours waits before the exchange until the copy has been compared row by row.
"""

from __future__ import annotations

import math
import re
import time
from pathlib import Path

from giveaminute.termination import terminable
from giveaminute.versioning.backups.programs import MARIADB, MYSQL, Program, access, flavour, option_file
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.online import leftovers
from giveaminute.versioning.online.running import Program as Running
from giveaminute.versioning.online.statement import Alteration
from giveaminute.versioning.online.tool import Shape, Tell, Tool, shape_of
from giveaminute.versioning.online.verifying import compared
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
_TRIGGERS = 3


class PtOsc(Tool):
    """The program at this path."""

    name = "pt-online-schema-change"

    def obstacle(self, database: Database, wanted: Alteration, shape: Shape) -> str | None:
        if any(name.startswith("_") for name in shape.foreign_keys):
            return "a foreign key's name begins with _, as the copy's do: give it another one first"
        return None

    def run(self, database: Database, wanted: Alteration, tell: Tell) -> None:
        program = Program(self._path, MARIADB, (3, 0, 0))  # it connects through MariaDB's library, or MySQL's old one
        options = option_file(access(database), program)
        with terminable(), temporary_folder() as folder:
            plugin = folder / "plugin.pm"
            text = _PLUGIN.replace("LOCK'", leftovers.lock_name(database).replace("'", "") + "'")
            plugin.write_text(text.replace("READY", _READY.decode()), encoding="utf-8")
            words = [self._path, *_arguments(database, wanted, plugin)]
            self._carry_out(
                database,
                wanted.table,
                lambda file: [*words[:1], f"--defaults-file={file}", *words[1:]],
                options,
                lambda running: _Exchange(database, wanted.table, running, tell),
            )


def _arguments(database: Database, wanted: Alteration, plugin: Path) -> list[str]:
    """What the program is told besides the file with the password."""
    mode = database.scalar("SELECT @@SESSION.sql_mode")
    modes = "\\,".join([*filter(None, str(mode).split(",")), "NO_AUTO_VALUE_ON_ZERO"])
    seconds = int(database.lock_timeout or 5)
    session = f"lock_wait_timeout={seconds},sql_mode='{modes}',wait_timeout=31536000"
    return [
        "--execute",
        "--no-version-check",  # it would tell Percona of this server
        f"--plugin={plugin}",
        f"--alter={wanted.change}",
        "--charset=utf8mb4",
        f"--set-vars={session}",
        f"--tries={_tries(seconds, database.wait)}",
        "--progress=time,1",
        "--swap-tables",  # whatever its own settings say; by this name the copy is compared
        "--new-table-name=_%T_new",
        *_replicas(database),
        f"D={database.url.database},t={wanted.table}",
    ]


def _tries(seconds: int, wait: float) -> str:
    """How often it asks for a lock: before it has copied for as long as `wait`, and then rather than copy in vain.

    The application's queries are held up for `seconds` each time, so it lets them go on for as long in between.
    """
    before = max(1, math.ceil(wait / (2 * seconds)))
    return f"create_triggers:{before}:{seconds},drop_triggers:100:2,swap_tables:100:2,analyze_table:5:1"


def _replicas(database: Database) -> list[str]:
    """MySQL 8.4 and newer do not know the question by which it looks for replicas (SHOW SLAVE HOSTS)."""
    version = re.findall(r"\d+", str(database.scalar("SELECT VERSION()")))
    modern = flavour(database) == MYSQL and (int(version[0]), int(version[1])) >= (8, 4)
    return ["--recursion-method=none"] if modern else []


class _Exchange:
    """Looks how far the program is, and answers when it wants to exchange the tables."""

    def __init__(self, database: Database, table: str, running: Running, tell: Tell) -> None:
        self._database, self._table, self._running, self._tell = database, table, running, tell
        self._began = time.monotonic()
        self._told = -1
        self.refusal: str | None = None
        self.allowed = False

    def look(self) -> None:
        """Answer where it asks, else tell of it."""
        if _READY in self._running.output:
            self._running.output = self._running.output.replace(_READY, b"")
            self._answer()
            return
        found = _PROGRESS.findall(self._running.complaints)
        if found and int(found[-1]) != self._told:
            self._told = int(found[-1])
            seconds = time.monotonic() - self._began
            self._tell(HowFar(f"copying {self._table} ({PtOsc.name})", float(self._told), 100.0, seconds))

    def _answer(self) -> None:
        """Compare, see that the lease is held, and let it exchange the tables; or not."""
        self.refusal = self._lost_triggers() or compared(
            self._database, self._table, leftovers.copy_of(self._table), self._tell
        )
        if self.refusal is None:
            self._database.commit()
            self.allowed = True
        self._running.tell(b"swap\n" if self.refusal is None else b"stop\n")

    def _lost_triggers(self) -> str | None:
        with opened(self._database.url, read_only=True) as apart:
            triggers = shape_of(apart, self._table).triggers
        there = sum(name.startswith(leftovers.TRIGGER) for name in triggers)
        return None if there == _TRIGGERS else "its triggers are gone, so that writes were lost"
