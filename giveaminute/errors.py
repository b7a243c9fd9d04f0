"""Every error that users meet, each with a remedy and an exit code.

    MigrationToolError
    ├── UsageError                  1   the command line or a setting is wrong
    │   └── SettingsError           1   config.yaml, DATABASE_URL or --url
    ├── Busy                        3   somebody else is migrating this database
    │   └── LeaseLost               3   another run took over from this one, which had given no sign of life
    ├── HalfApplied                 4   a migration stopped in the middle; a person decides
    ├── NotAsRecorded               5   edited, missing or drifted
    │   ├── RepositoryError         5   the scripts on disk contradict one another
    │   ├── DatabaseAhead           5   the database is at a version that no script here has
    │   ├── NotUnderVersionControl  5   tables, but no version row
    │   ├── UnprovenVersion         5   tables that fit another version than the one named, none, or several
    │   └── UnfitBackup             5   a backup that is truncated, altered, or of something else
    ├── MigrationFailed             6   a script raised, or the server refused a statement
    ├── WouldBlock                  6   a change would stop the writers of a large table, and nobody said that it may
    ├── BackupFailed                6   a backup could not be written or loaded
    └── CannotConnect               7   the database cannot be reached or opened
        └── ConnectionLost          7   it was reached, and then lost

A message is one or two lines: what happened and where. The remedy is the exact thing to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's process ends with."""

    DONE = 0
    USAGE = 1
    WORK_TO_DO = 2
    BUSY = 3
    HALF_APPLIED = 4
    NOT_AS_RECORDED = 5
    FAILED = 6
    UNREACHABLE = 7


class MigrationToolError(Exception):
    """The root: a message, an optional remedy, and the exit code of its class."""

    exit_code = ExitCode.USAGE
    details: Mapping[str, object] = {}
    """More facts, for `--json`."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class UsageError(MigrationToolError):
    """The command line is wrong: an unknown version, a title that makes no file name."""


class SettingsError(UsageError):
    """A setting is missing or malformed; the message names the file or variable it came from."""


class Busy(MigrationToolError):
    """Somebody else is migrating this database, and the wait for them is over."""

    exit_code = ExitCode.BUSY


class LeaseLost(Busy):
    """Another run took over from this one, which had given no sign of life."""


class HalfApplied(MigrationToolError):
    """A migration stopped in the middle and what it left cannot be decided without a person."""

    exit_code = ExitCode.HALF_APPLIED


class NotAsRecorded(MigrationToolError):
    """What is there is not what was recorded or promised."""

    exit_code = ExitCode.NOT_AS_RECORDED


class RepositoryError(NotAsRecorded):
    """The scripts on disk contradict one another: two of one number, a gap, a missing direction."""


class DatabaseAhead(NotAsRecorded):
    """The database is at a version that no script here has."""


class NotUnderVersionControl(NotAsRecorded):
    """The database has tables but no version row."""


class UnprovenVersion(NotAsRecorded):
    """The live schema is not that of the version named, or of no one version; `details` are the facts for a program."""

    def __init__(self, message: str, remedy: str, details: Mapping[str, object]) -> None:
        super().__init__(message, remedy)
        self.details = details


class UnfitBackup(NotAsRecorded):
    """A file is no backup of ours, is not whole, or is of something else than the database at hand."""


class MigrationFailed(MigrationToolError):
    """A script raised, or the server refused one of its statements."""

    exit_code = ExitCode.FAILED


class WouldBlock(MigrationToolError):
    """A change would stop the writers of a large table, and nobody said that it may; `details` name the statements."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, remedy: str, details: Mapping[str, object]) -> None:
        super().__init__(message, remedy)
        self.details = details


class BackupFailed(MigrationToolError):
    """A backup could not be written, or not be loaded; the message says what became of the data."""

    exit_code = ExitCode.FAILED


class CannotConnect(MigrationToolError):
    """The database cannot be reached or opened."""

    exit_code = ExitCode.UNREACHABLE


class ConnectionLost(CannotConnect):
    """The server went away in the middle; it may come back."""


class Terminated(BaseException):
    """SIGTERM as an exception, so that what was made is unmade on the way out. Like KeyboardInterrupt, no error."""


def driver_error(error: BaseException) -> BaseException:
    """What the driver raised, where SQLAlchemy wrapped it; else the error itself."""
    return getattr(error, "orig", None) or error
