"""The rows of a backup by mydumper: several connections at once, each at the same moment.

mydumper writes a file a table; here each is a pipe in a temporary folder, so that nothing lies on the disk meanwhile.
What it writes goes into the dump as rows do in one of the server's own program, a megabyte of one table after
one of another. Tables, views and programs are that program's.

The moment is made here: all tables are locked until every connection has begun its transaction. mydumper's own ways to
do that were tried (0.10) and left: one needs the right RELOAD, and without it goes on with an error and no lock; the
other loses its locks by the transaction that it begins on the same connection.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import selectors
import signal
import stat
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from giveaminute.errors import BackupFailed, Busy
from giveaminute.versioning.backups.programs import MYSQL, Access, Program, Running, flavour, mydumper_program, running
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.scratch import temporary_folder

NAMES_BINARY, NAMES_AGAIN = b"/*!40101 SET NAMES binary */;\n", b"/*!40101 SET NAMES utf8mb4 */;\n"
"""mydumper writes the bytes of every column as they are stored."""

_OPTIONS = ("--no-schemas", "--no-locks", "--trx-consistency-only", "--long-query-guard=31536000", "--verbose=1")
_SESSION = "init-command=\"SET SESSION sql_mode = '', lock_wait_timeout = 50\""
"""A server's own mode may change what is escaped, or what CHAR columns give."""
_PLAIN = re.compile(r"[\w$]+", re.ASCII)
_PLAIN_DATABASE = re.compile(r"[\w$-]+", re.ASCII)
_MOST_PIPES = 300
"""Of the 1024 files that a process usually may have open; further tables are written to the disk."""
_PATIENCE = 60.0
"""Seconds to try for the locks."""
_LOOK = 0.1
"""Seconds between two looks whether it has ended."""
_BLOCK = 1 << 20
"""Bytes of one table before those of another."""
_INSERT = b"INSERT INTO `"
_COLUMNS = re.compile(rb"INSERT INTO `[^`]+`(?: ?\(([^)]*)\))? VALUES")
_ROWS = "giveaminute-rows"
"""The folder of the pipes. It stands in the program's arguments, by which one that was left is known again."""
_LEFT = re.compile(rf"--outputdir=(/.+)/{_ROWS}")
_WITHOUT = "Take the backup without --jobs."


def refuse_what_it_cannot(database: Database, program: Program) -> None:
    """Raises BackupFailed where mydumper would lose something, as found by trying. Only asks."""
    name = database.url.database
    columns = database.query(
        "SELECT table_name, column_name, extra, data_type FROM information_schema.columns"
        " WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
    )
    server = flavour(database)
    odd = [name] if not _PLAIN_DATABASE.fullmatch(name) else []
    odd += [table for table in sorted({row[0] for row in columns}) if not _PLAIN.fullmatch(table)]
    hidden = [f"{table}.{column}" for table, column, extra, _ in columns if "INVISIBLE" in str(extra).upper()]
    documents = [f"{table}.{column}" for table, column, _, kind in columns if kind == "json" and server == MYSQL]
    for found, why in (
        (odd, "does not quote such names"),
        (hidden, "leaves invisible columns out"),
        (documents, "writes JSON in a form that MySQL does not take back (error 3144)"),
    ):
        if found:
            some = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
            raise BackupFailed(f"{program} cannot back this up ({some}): it {why}.", _WITHOUT)


def rows(database: Database, way: Access, jobs: int, tables: Sequence[str], *, keep_lock: bool) -> Iterator[bytes]:
    """The rows of these tables at one moment, as text of a dump. `keep_lock`: to the end, for MyISAM.

    Raises BackupFailed, Busy where the tables cannot be locked.
    """
    program = mydumper_program()
    insertable = _insertable(database)
    with ExitStack() as stack, temporary_folder() as folder:
        locked = stack.enter_context(_locked(database, tables))
        arguments = [*_OPTIONS, *_tls(way), f"--threads={jobs}", f"--outputdir={folder / _ROWS}"]
        arguments += [f"--database={way.url.database}", f"--tables-list={','.join(tables)}"]
        pipes = _Pipes(folder / _ROWS, way.url.database, tables)
        stack.callback(pipes.close)
        started = stack.enter_context(running(program, way, arguments, feeds=None, options=(_SESSION,)))
        missing = dict.fromkeys(tables)
        filled = _filled(locked, tables)
        for table, block in pipes.blocks(started):
            missing.pop(table, None)
            if not keep_lock:  # a row of any connection is there: all have begun
                locked.close()
            yield _as_rows(table, block, insertable[table], program)
        if started.wait() != 0:
            raise BackupFailed(
                f"{program} failed on {way.url}: {started.said()}", f"Mend that and run it again. Or: {_WITHOUT}"
            )
        lost = [table for table in missing if table in filled]
        if lost or not pipes.finished():
            raise BackupFailed(f"{program} wrote no rows of {', '.join(lost) or 'some tables'}.", _WITHOUT)
    for table in missing:
        yield _wrapped(table, b"")


def end_left() -> None:
    """End every mydumper of a killed run, which would keep its locks for ever: its temporary folder is held by nobody.

    Its watchdog has done so before, unless that was killed too. It is looked for as far as killed runs are swept: where
    temporary folders are made. Where there is no /proc, nothing is done.
    """
    ours = Path(tempfile.gettempdir())
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")
            folders = [found[1] for word in words if (found := _LEFT.fullmatch(word))]
            # Its own root: in a container the same name is another folder.
            if any(Path(each).parent == ours and not _held(Path(f"{process}/root{each}/held")) for each in folders):
                os.kill(int(process.name), signal.SIGKILL)


def _held(file: Path) -> bool:
    """Whether a run holds its temporary folder by this file (`scratch.temporary_folder`)."""
    try:
        with file.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextmanager
def _locked(database: Database, tables: Sequence[str]) -> Iterator[Database]:
    """A connection on which all tables are locked against writers, until it is closed. Raises Busy.

    It never waits for a lock while it holds others: a transaction of the application would be the victim of that
    deadlock. (MySQL knows no shorter wait than a second.)
    """
    with opened(database.url, read_only=False) as locking:
        locking.send(f"SET SESSION lock_wait_timeout = {1 if flavour(locking) == MYSQL else 0}")
        names = ", ".join(f"{locking.dialect.quote(table)} READ" for table in tables)
        deadline = time.monotonic() + _PATIENCE
        while not _taken(locking, names):
            if time.monotonic() > deadline:
                raise Busy(
                    f"There is always a transaction that writes to {database.url.name}: its tables cannot be locked"
                    " for the moment in which all connections begin.",
                    _WITHOUT,
                )
            time.sleep(random.uniform(0.001, 0.02))
        yield locking


def _taken(locking: Database, names: str) -> bool:
    try:
        locking.send(f"LOCK TABLES {names}")
    except locking.dialect.driver_error as error:
        if not isinstance(locking.dialect.translate(error, locking.url), Busy):
            raise
        return False
    return True


def _filled(locked: Database, tables: Sequence[str]) -> set[str]:
    """Those of the locked tables that have a row."""
    quote = locked.dialect.quote
    return {table for table in tables if locked.scalar(f"SELECT EXISTS (SELECT 1 FROM {quote(table)})")}


def _insertable(database: Database) -> dict[str, tuple[list[str], bool]]:
    """By table the columns that take values, and whether these are all."""
    found: dict[str, tuple[list[str], bool]] = {}
    for table, column, generated in database.query(
        "SELECT table_name, column_name, COALESCE(generation_expression, '') <> '' FROM information_schema.columns"
        " WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
    ):
        columns, all_ = found.get(table, ([], True))
        found[table] = (columns if generated else [*columns, column], all_ and not generated)
    return found


def _tls(way: Access) -> list[str]:
    """mydumper takes from the option file where to go, and only from here that it be encrypted."""
    if not way.encrypted:
        return []
    named = {"ca": "ssl_ca", "cert": "ssl_cert", "key": "ssl_key"}
    files = [f"--{name}={way.url.options[option]}" for name, option in named.items() if option in way.url.options]
    return ["--ssl", *files]


def _as_rows(table: str, block: bytes, insertable: tuple[list[str], bool], program: Program) -> bytes:
    """Whole statements of a table as they stand in a dump. Raises BackupFailed where they leave a column out."""
    named = _COLUMNS.match(block)
    columns, all_ = insertable
    if named is None or (all_ if named[1] is None else _names(named[1]) == columns) is False:
        raise BackupFailed(f"{program} leaves columns of {table} out.", f"Install a newer one. Or: {_WITHOUT}")
    return _wrapped(table, NAMES_BINARY + block + NAMES_AGAIN)


def _wrapped(table: str, block: bytes) -> bytes:
    return f"\nLOCK TABLES `{table}` WRITE;\n".encode() + block + b"UNLOCK TABLES;\n"


def _names(text: bytes) -> list[str]:
    return [name.strip().strip("`") for name in text.decode().split(",")]


class _Pipes:
    """The files that mydumper writes: pipes for those whose names are known, read as they come."""

    def __init__(self, folder: Path, database: str, tables: Sequence[str]) -> None:
        folder.mkdir(mode=0o700)
        self._folder, self._database, self._tables = folder, database, frozenset(tables)
        self._waiting = selectors.DefaultSelector()
        for table in tables[:_MOST_PIPES]:
            path = folder / f"{database}.{table}.sql"
            os.mkfifo(path, 0o600)
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._waiting.register(number, selectors.EVENT_READ, _Rows(table))

    def close(self) -> None:
        """Read no more."""
        for key in list(self._waiting.get_map().values()):
            self._end(key.fd)
        self._waiting.close()

    def blocks(self, started: Running) -> Generator[tuple[str, bytes], None, None]:
        """Whole statements by table. It ends with the program, or when that has failed."""
        ended = False
        while self._waiting.get_map() and not ended:
            ended = started.ended  # asked first: what it wrote before is read then
            ready = self._waiting.select(0 if ended else _LOOK)
            ended = ended and not ready
            for key, _ in ready:
                yield from self._read(key.fd, key.data)
        started.wait()
        for path in sorted(self._folder.iterdir()):
            yield from self._file(path)

    def finished(self) -> bool:
        """Whether the program has written that it came to its end."""
        note = self._folder / "metadata"
        return note.is_file() and b"Finished dump at" in note.read_bytes()

    def _read(self, number: int, rows: _Rows) -> Iterator[tuple[str, bytes]]:
        data = os.read(number, _BLOCK)
        block = rows.add(data) if data else rows.rest()
        if not data:
            self._end(number)
        if block:
            yield rows.table, block

    def _end(self, number: int) -> None:
        self._waiting.unregister(number)
        os.close(number)

    def _file(self, path: Path) -> Iterator[tuple[str, bytes]]:
        """A file of the table that its name begins with, where it is one: versions differ in what follows."""
        database, _, rest = path.name.partition(".")
        table = rest.split(".")[0]
        if database != self._database or table not in self._tables or not stat.S_ISREG(path.stat().st_mode):
            return
        rows = _Rows(table)
        with path.open("rb") as file:
            while data := file.read(_BLOCK):
                if block := rows.add(data):
                    yield table, block
        if block := rows.rest():
            yield table, block
        path.unlink()


class _Rows:
    """The statements of one table, in blocks of whole ones."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._held: list[bytes] = []
        self._size = 0
        self._began = False

    def add(self, data: bytes) -> bytes:
        """The next bytes; returns what is whole by then, once it is much."""
        self._held.append(data)
        self._size += len(data)
        if self._size < _BLOCK:
            return b""
        text = b"".join(self._held)
        end = text.rfind(b";\n" + _INSERT) + 2  # no value has a raw line break in it
        whole, rest = (text[:end], text[end:]) if end > 1 else (b"", text)
        self._held, self._size = [rest], len(rest)
        return self._rows_only(whole)

    def rest(self) -> bytes:
        """What is left at the end. Raises BackupFailed where that is no whole statement."""
        text = b"".join(self._held)
        self._held = []
        if text and not text.endswith(b";\n"):
            raise BackupFailed(f"mydumper stopped in the middle of {self.table}.", "Run it again.")
        return self._rows_only(text)

    def _rows_only(self, text: bytes) -> bytes:
        """Without the settings before the first row, which are said anew."""
        if not text or self._began:
            return text
        first = text.find(_INSERT)
        self._began = first >= 0
        return text[first:] if first >= 0 else b""
