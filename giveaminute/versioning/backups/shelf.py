"""The folder of the backups: their names, the file under way and what killed runs left of theirs, how many are kept."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from io import FileIO
from pathlib import Path

from giveaminute.errors import BackupFailed, Busy, MigrationToolError, UnfitBackup, UsageError
from giveaminute.versioning.backups import archive
from giveaminute.versioning.backups.archive import Head, Writer

FOLDER = Path("backups")
PARTIAL = ".partial"
COPY = "-copy"
"""What follows `.partial` in the name of SQLite's uncompressed copy; SQLite itself adds to that."""

_NAMED_BY_US = re.compile(r"(?P<stem>.+)-(?:v\d+|unversioned)-\d{8}T\d{6}Z(?:-\d+)?\.(?:sql|sqlite)\.zst")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TRIES = 5


def now() -> datetime:
    """UTC."""
    return datetime.now(timezone.utc)


def default_path(folder: Path, database: str, version: int | None, ending: str, label: str = "") -> Path:
    """`<folder>/<database>-v<version>-<UTC time>.<ending>.zst`, a name that is free."""
    at = "unversioned" if version is None else f"v{version}"
    name = f"{_stem(database)}-{at}-{now():%Y%m%dT%H%M%SZ}{label}"
    path, number = folder / f"{name}.{ending}.zst", 2
    while path.exists() or partial(path).exists():
        path, number = folder / f"{name}-{number}.{ending}.zst", number + 1
    return path


def _stem(database: str) -> str:
    return re.sub(r"[^\w.-]", "_", database).lstrip(".-") or "database"


def partial(path: Path) -> Path:
    """What a backup is called until it is complete."""
    return path.with_name(path.name + PARTIAL)


class Unfinished:
    """A backup on its way: `partial` holds what is written, and is locked for as long as this process lives."""

    def __init__(self, path: Path, file: FileIO, head: Head) -> None:
        self.path = path
        self.partial = partial(path)
        self.head = head
        self.writer = Writer(file, head)

    @property
    def copy(self) -> Path:
        """Where SQLite's copy may lie meanwhile."""
        return self.partial.with_name(self.partial.name + COPY)

    def close(self) -> None:
        """Write no more to it."""
        self.writer.close()

    def publish(self) -> None:
        """Give it its name, in one step, over an older backup of that name."""
        os.replace(self.partial, self.path)
        _sync_folder(self.path.parent)


@contextmanager
def unfinished(path: Path, head: Head) -> Iterator[Unfinished]:
    """A new file beside `path`; unless it is published, nothing of it is left behind.

    Raises UsageError where `path` is something else than a backup, Busy where another run writes it, and
    BackupFailed where the disk is full.
    """
    refuse_to_overwrite(path)
    with _disk_errors(path):
        _make_folder(path.parent)
        sweep(path.parent, head)
        with (
            _made(partial(path)) as file,
            closing(Unfinished(path, file, head)) as new,
        ):
            yield new


def refuse_to_overwrite(path: Path) -> None:
    """Raises UsageError for a path at which there is something else than a backup."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is there and is no file.", "Name another with --file.")
    if path.exists():
        try:
            archive.read_head(path)
        except UnfitBackup as error:
            raise UsageError(f"{path} is there and is no backup of this tool.", "Name another with --file.") from error


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)


@contextmanager
def _made(path: Path) -> Iterator[FileIO]:
    """A new file of mode 0600 from its first moment, gone at the end. Raises Busy where another process holds it."""
    signals = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # one between the two would leave the file behind
    try:
        file = _locked(path)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield file
        finally:
            _remove(path)
            file.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _locked(path: Path) -> FileIO:
    for _ in range(_TRIES):
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        file = open(number, "r+b", buffering=0)  # noqa: SIM115
        if not _lock(file):
            file.close()
            raise Busy(f"{path} is being written by another run.", "Wait for it, or name another with --file.")
        if _is_at(file, path):  # else somebody swept it between the two
            os.fchmod(number, 0o600)
            file.truncate()
            return file
        file.close()
    raise Busy(f"{path} is removed again and again.", "See what else works in that folder.")


def _lock(file: FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except OSError:
        return False


def sweep(folder: Path, head: Head) -> list[Path]:
    """Remove what killed runs left of backups of this database in a folder, and nothing else; returns what it was."""
    swept: list[Path] = []
    for path in sorted(folder.glob(f"*{PARTIAL}")):
        with suppress(OSError):  # another user's, or another run sweeps it just now
            number = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(number, "r+b", buffering=0) as file:
                if _lock(file) and _is_at(file, path) and _is_left_of(file, path, head):
                    _remove(path)
                    swept.append(path)
    return swept


def _is_left_of(file: FileIO, path: Path, head: Head) -> bool:
    if os.fstat(file.fileno()).st_size:
        other = _head_of(path)
        return other is not None and _same(other, head)
    named = _NAMED_BY_US.fullmatch(path.name.removesuffix(PARTIAL))  # killed before its head was written
    return named is not None and named["stem"] == _stem(head.database)


def _remove(path: Path) -> None:
    for each in (*path.parent.glob(f"{glob.escape(path.name)}{COPY}*"), path):  # the lock's file goes last
        each.unlink(missing_ok=True)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error(error, path) from error


def disk_error(error: OSError, path: Path) -> MigrationToolError:
    """An error of the disk while a backup was written, as one of ours."""
    if error.errno in _FULL:
        return BackupFailed(
            f"{path}: no space is left there ({error.strerror}). Nothing of it was left behind; older backups are as"
            " they were.",
            "Make room, take fewer with --keep, or name a file on another disk with --file.",
        )
    return BackupFailed(f"{error.filename or path}: {error.strerror}.", "Name a file that you may write with --file.")


def retire(newest: Path, head: Head, keep: int) -> tuple[Path, ...]:
    """Remove all but the `keep` newest backups beside `newest` that this tool made and named for the same database."""
    alike = [
        (other.made, path)
        for path in sorted(newest.parent.iterdir())
        if _NAMED_BY_US.fullmatch(path.name) and (other := _head_of(path)) is not None and _same(other, head)
    ]
    old = [path for _, path in sorted(alike, reverse=True)[keep:] if path != newest]
    for path in old:
        path.unlink(missing_ok=True)
    return tuple(old)


def _head_of(path: Path) -> Head | None:
    try:
        return archive.read_head(path)
    except UnfitBackup:
        return None


def _same(one: Head, other: Head) -> bool:
    return (one.family, one.place, one.database, one.repository) == (
        other.family,
        other.place,
        other.database,
        other.repository,
    )


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
