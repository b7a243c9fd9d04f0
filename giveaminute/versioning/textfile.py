"""Text files written whole: beside the old one, and renamed over it, so that a reader never sees half of one."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from giveaminute.errors import UsageError


def replace(path: Path, text: str) -> None:
    """Make this the file's content, readable for all; its folder is made where it is missing. Raises UsageError."""
    try:
        path.parent.mkdir(exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}.", "Let this user write to its folder."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: nobody's leftover
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def sweep(path: Path) -> None:
    """Remove what killed runs left beside it."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
