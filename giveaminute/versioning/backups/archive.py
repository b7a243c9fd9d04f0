"""The file of a backup: to `zstd -dc` it is the dump itself, between two frames that zstd skips.

    skippable frame    MAGIC and the Head as JSON: what this is, known before the dump is read
    zstd frame         the dump
    skippable frame    the Tail as JSON, its length, and as the last 32 bytes the SHA-256 of all bytes before them

(Skippable frames: RFC 8878, section 3.1.2.) The checksum finds damage, not forgery: it is signed by nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import BinaryIO

import zstandard

from giveaminute.errors import UnfitBackup

FORMAT = 1
MAGIC = b"giveaminute backup\n"
LEVEL = 1
"""Of zstd: the next two cost twice the time and save a tenth of the space, if any (measured on dumps)."""
CHUNK = 1 << 20
"""Bytes that are read, written and compressed at a time."""

_WAITING = 16
"""Chunks between who reads a dump and who compresses it."""
_SENT_AT_ONCE = 16 << 20
"""Bytes after which the disk is asked to begin, so that the end does not wait for all of them."""
_SKIPPABLE = 0x184D2A57
_FRAME = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_DIGEST = hashlib.sha256().digest_size
_MAX_HEAD = 1 << 16
_REMEDY = "Name a whole file that `invoke backup` made."


@dataclass(frozen=True)
class Head:
    """What a backup is of. `version` is None where the database was not under version control; `made` is UTC."""

    tool: str
    made: str
    family: str
    server: str
    server_version: str
    program: str
    place: str
    database: str
    charset: str
    collation: str
    repository: str
    version: int | None
    consistency: str
    """`snapshot`, `locked`, or `not of: ` and the tables that no transaction covers."""
    rows_by: str = ""
    """The program that wrote the rows, where that was another."""


@dataclass(frozen=True)
class Tail:
    """What was written: rows by table (None where they cannot be counted), and bytes of the dump before compression."""

    tables: Mapping[str, int | None]
    bytes: int

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(count or 0 for count in self.tables.values())


class Writer:
    """Writes an archive into an open file: the head at once, then the dump, then the tail.

    A thread compresses, sums and writes, none of which holds the interpreter, while the next bytes are read. Close it.
    """

    def __init__(self, file: FileIO, head: Head) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._zstd = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        self._error: BaseException | None = None
        self._waiting: Queue[bytes | memoryview | None] = Queue(_WAITING)
        self._thread = Thread(target=self._work, name="backup writer", daemon=True)
        self._unsent = 0
        self.bytes = 0
        self._put(_frame(MAGIC + json.dumps({"format": FORMAT, **asdict(head)}).encode()))
        self._thread.start()

    def write(self, dump: bytes | memoryview) -> None:
        """The next bytes of the dump, which must not change from now on. Raises what went wrong with earlier ones."""
        self.bytes += len(dump)
        self._waiting.put(dump)
        self._raise()

    def finish(self, tables: Mapping[str, int | None]) -> Tail:
        """The end of the dump; all of it is on the disk when this returns."""
        self.close()
        self._raise()
        self._put(self._zstd.flush())
        tail = Tail(dict(tables), self.bytes)
        text = json.dumps(asdict(tail)).encode()
        self._put(_FRAME.pack(_SKIPPABLE, len(text) + _LENGTH.size + _DIGEST) + text + _LENGTH.pack(len(text)))
        self._put(self._digest.digest())
        os.fsync(self._file.fileno())
        return tail

    def close(self) -> None:
        """End the thread; what was not written by then is written first."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (dump := self._waiting.get()) is not None:
            if self._error is None:  # else they are only taken, so that nobody waits for room
                try:
                    self._put(self._zstd.compress(dump))
                except BaseException as error:
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._unsent += len(data)
        if self._unsent > _SENT_AT_ONCE:
            self._unsent = 0
            with suppress(AttributeError, OSError):  # the disk begins with them now, where systems take the hint
                os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _frame(content: bytes) -> bytes:
    return _FRAME.pack(_SKIPPABLE, len(content)) + content


class Archive:
    """An archive whose every byte was found to be as written."""

    def __init__(self, path: Path, file: BinaryIO, head: Head, tail: Tail, start: int, end: int) -> None:
        self.path, self.head, self.tail = path, head, tail
        self._file, self._start, self._end = file, start, end

    def dump(self) -> Iterator[bytes]:
        """The dump in chunks, from its beginning. Raises UnfitBackup where it ends early."""
        self._file.seek(self._start)
        zstd = zstandard.ZstdDecompressor().decompressobj()
        done, left = 0, self._end - self._start
        while left and (packed := self._file.read(min(left, CHUNK // 8))):
            left -= len(packed)
            chunk = self._unpacked(zstd, packed)
            done += len(chunk)
            yield chunk
        if done != self.tail.bytes:
            raise _damaged(self.path)

    def _unpacked(self, zstd: zstandard.ZstdDecompressionObj, packed: bytes) -> bytes:
        try:
            return zstd.decompress(packed)
        except zstandard.ZstdError as error:
            raise _damaged(self.path) from error


@contextmanager
def checked(path: Path) -> Iterator[Archive]:
    """Open a backup and read all of it. Raises UnfitBackup for a byte that is missing, too many, or changed."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnfitBackup(f"{path}: {error.strerror}.", _REMEDY) from error
    with file:
        head, start = _head(path, file)
        size = os.fstat(file.fileno()).st_size
        tail, end = _tail(path, file, size, _digest_before(file, size - _DIGEST))
        yield Archive(path, file, head, tail, start, end)


def read_head(path: Path) -> Head:
    """What a file says it is; nothing behind its head is looked at. Raises UnfitBackup."""
    try:
        with path.open("rb") as file:
            return _head(path, file)[0]
    except OSError as error:
        raise UnfitBackup(f"{path}: {error.strerror}.", _REMEDY) from error


def begins_like_one(file: BinaryIO) -> bool:
    """Whether an open file begins as archives do."""
    file.seek(0)
    return file.read(_FRAME.size + len(MAGIC))[_FRAME.size :] == MAGIC


def _head(path: Path, file: BinaryIO) -> tuple[Head, int]:
    """The head, and where the dump begins."""
    if not begins_like_one(file):
        raise UnfitBackup(f"{path} is no backup of this tool.", _REMEDY)
    file.seek(0)
    kind, length = _FRAME.unpack(file.read(_FRAME.size))
    if kind != _SKIPPABLE or length > _MAX_HEAD:
        raise _damaged(path)
    content = file.read(length)
    try:
        values = json.loads(content[len(MAGIC) :])
        written = values.pop("format")
        if written == FORMAT:
            return Head(**values), _FRAME.size + length
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error
    raise UnfitBackup(f"{path} is in format {written}, which this version cannot read.", "Use the version it is of.")


def _digest_before(file: BinaryIO, end: int) -> bytes:
    digest, left = hashlib.sha256(), max(0, end)
    file.seek(0)
    while left and (data := file.read(min(left, CHUNK))):
        digest.update(data)
        left -= len(data)
    return digest.digest()


def _tail(path: Path, file: BinaryIO, size: int, digest: bytes) -> tuple[Tail, int]:
    """The tail, and where its frame begins."""
    end = size - _DIGEST - _LENGTH.size
    if end <= 0:
        raise _damaged(path)
    file.seek(end)
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    start = end - length - _FRAME.size
    if file.read() != digest or start <= 0:
        raise _damaged(path)
    file.seek(start + _FRAME.size)
    try:
        values = json.loads(file.read(length))
        return Tail({str(name): rows for name, rows in values["tables"].items()}, int(values["bytes"])), start
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UnfitBackup:
    return UnfitBackup(f"{path} is truncated or altered: its checksum is not that of its bytes.", _REMEDY)
