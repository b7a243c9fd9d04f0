"""A dump as it streams by: its statements told from its data, its rows counted.

mariadb-dump and mysqldump write each table's rows between a line `LOCK TABLES … WRITE;` and `UNLOCK TABLES;`, and no
raw line break inside a value; neither line can stand in a stored program, which may not lock tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COMPLETE = b"-- Dump completed\n"
"""The last line, where the program came to its end (with --skip-dump-date)."""

_BEGIN = re.compile(rb"\nLOCK TABLES `((?:[^`]|``)+)` WRITE;\n")
_END = b"UNLOCK TABLES;\n"
_NAMES = re.compile(rb"/\*!40101 SET NAMES (\w+) \*/;\n")
_SANDBOX = re.compile(rb"\A/\*M?!999999\\-[^\n]*\*/ *\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a dump: data of a table, or (`table` is None) whole statements between two of those."""

    table: str | None
    text: bytes


def pieces(dump: Iterable[bytes]) -> Iterator[Piece]:
    """The parts in order; joined they are the dump. Data comes as it flows, statements gathered."""
    table: str | None = None
    held = b""
    for chunk in dump:
        held = held + chunk if held else chunk
        while True:
            if table is None:
                match = _BEGIN.search(held)
                if match is None:
                    break
                yield Piece(None, held[: match.start() + 1])
                table, held = _name(match[1]), held[match.start() + 1 :]
            end = held.find(_END)
            if end < 0:
                safe = _undecided(held)
                yield Piece(table, held[:safe])
                held = held[safe:]
                break
            end += len(_END) - 1  # the line break is where the next LOCK TABLES may begin
            yield Piece(table, held[:end])
            table, held = None, held[end:]
    yield Piece(table, held)


@dataclass(frozen=True, slots=True)
class Rows:
    """A whole INSERT statement of a dump, and the SET NAMES that it was written under (empty: the dump's own)."""

    table: str
    names: bytes
    statement: bytes


def inserts(dump: Iterable[bytes]) -> Iterator[Rows]:
    """All INSERT statements of a dump's tables, in order."""
    return (part for part in parts(dump) if isinstance(part, Rows))


def parts(dump: Iterable[bytes]) -> Iterator[Piece | Rows]:
    """All INSERT statements, and what stands between two tables; not what else stands beside a table's rows."""
    held, names, table = b"", b"", None
    for piece in pieces(dump):
        if piece.table is None or piece.table != table:
            held, names, table = b"", b"", piece.table
        if table is None:
            yield piece
            continue
        searched = max(0, len(held) - 1)
        held += piece.text
        start = 0
        while (end := held.find(b";\n", max(start, searched))) >= 0:  # no value has a raw line break in it
            statement, start = held[start : end + 2].lstrip(b"\n"), end + 2
            if statement.startswith(b"INSERT INTO"):
                yield Rows(table, names, statement)
            elif match := _NAMES.match(statement):
                names = statement if match[1] == b"binary" else b""
        held = held[start:]


def _undecided(data: bytes) -> int:
    """Where the line that marks the end may begin in data that do not hold all of it: in their last, short line."""
    line = data.rfind(b"\n", -len(_END)) + 1
    return line if line or len(data) < len(_END) else len(data)


def _name(quoted: bytes) -> str:
    return quoted.replace(b"``", b"`").decode("utf-8")


def without_sandbox(dump: Iterable[bytes]) -> Iterator[bytes]:
    """The dump without the line that makes MariaDB's client refuse its own commands, and that others cannot read.

    Whoever loads a backup of ours runs the client in binary mode, which refuses them too.
    """
    first, chunks = b"", iter(dump)
    for chunk in chunks:
        first += chunk
        if b"\n" in first:
            break
    yield _SANDBOX.sub(b"", first)
    yield from chunks


_FIRST_ROW = re.compile(rb"INSERT INTO `(?:[^`]|``)+`(?: \((?:`(?:[^`]|``)+`(?:, )?)+\))? VALUES([\n ])")
_DROPPED = bytes(byte for byte in range(256) if byte not in b"'(),;")


class RowCount:
    """Counts the rows of one table's INSERT statements, as they come in pieces cut anywhere.

    mariadb-dump begins each row on a line of its own; mysqldump writes them into one line, where quotes count.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._in_lines: bool | None = None
        self._held = b""
        """Of the text before: what is not decided yet, the last byte, or a backslash whose letter has not come."""
        self._quoted = False
        self._outside = b""

    def add(self, text: bytes) -> None:
        """The next piece."""
        if self._in_lines is None:
            text, self._held = self._held + text, b""
            first = _FIRST_ROW.search(text)
            if first is None:
                self._held = text
                return
            self._in_lines = first[1] == b"\n"
        if self._in_lines:
            self.rows += text.count(b"\n(") + (self._held == b"\n" and text[:1] == b"(")
            self._held = text[-1:] or self._held
        else:
            self._add_in_one_line(self._held + text)

    def _add_in_one_line(self, text: bytes) -> None:
        """Outside quotes `),(` is between two rows, and `);` after the last of a statement."""
        whole = len(text) - (len(text) - len(text.rstrip(b"\\"))) % 2
        text, self._held = text[:whole], text[whole:]
        if b"\\" in text:
            text = text.replace(b"\\\\", b"").replace(b"\\'", b"")
        parts = text.translate(None, _DROPPED).replace(b"''", b"").split(b"'")
        outside = self._outside + (b"'" if self._quoted else b"") + b"'".join(parts[self._quoted :: 2])
        self.rows += outside.count(b"),(") + outside.count(b");") - self._outside.count(b");")
        self._quoted ^= len(parts) % 2 == 0
        self._outside = outside[-2:]


class Tally:
    """The rows of a dump by table, and whether it came to its end."""

    def __init__(self) -> None:
        self._counts: dict[str, RowCount] = {}
        self._last = b""

    def watch(self, dump: Iterable[bytes]) -> Iterator[bytes]:
        """The dump, unchanged, counted on its way."""
        for piece in pieces(dump):
            self._last = (self._last + piece.text[-len(COMPLETE) :])[-len(COMPLETE) :]
            if piece.table is not None:
                if piece.table not in self._counts:
                    self._counts[piece.table] = RowCount()
                self._counts[piece.table].add(piece.text)
            yield piece.text

    @property
    def complete(self) -> bool:
        """Whether the last line was the one that a program writes at its end."""
        return self._last.endswith(COMPLETE)

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table, in the order of the dump."""
        return {table: count.rows for table, count in self._counts.items()}
