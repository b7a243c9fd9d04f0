"""What walking a table in batches asks of a database: how its SQL differs, when it is busy, who wants a pause."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giveaminute.settings import BackfillLimits
    from giveaminute.versioning.dialects.base import Cursor, OpenDatabase
    from giveaminute.versioning.schema import Column


@dataclass(frozen=True)
class Pause:
    """A pause that was asked for: by whom, and since when (UTC)."""

    user: str
    host: str
    since: str

    @property
    def words(self) -> str:
        """In one line, for people."""
        return f"paused by {self.user}@{self.host} since {self.since[:19]} UTC (to go on: invoke resume)"


class Load(ABC):
    """Looks now and then whether a server is too busy for one who can wait."""

    @abstractmethod
    def why(self) -> str:
        """What is over its limit, in words; empty where nothing is. Only asks."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it has opened to look."""


class Batching(ABC):
    """How one family does it."""

    by_key: str
    """What stands behind a table's name so that it is read by its primary key."""
    locking: str
    """What stands at the end of a SELECT whose rows are to stay as they are until the batch is committed."""
    many_at_once: bool
    """Whether one UPDATE with the values of many rows is quicker than one for each of them."""

    @abstractmethod
    def plain(self, sql: str) -> str:
        """SQL without parameters as the driver wants it together with others that has some."""

    def most_rows(self, database: OpenDatabase) -> int | None:
        """Rows of a batch at most, whatever else is said. Only asks."""
        return None

    def parameter(self, value: Any) -> Any:
        """A value of Python as the driver takes it."""
        return value

    @abstractmethod
    def unfit(self, column: Column) -> str | None:
        """Why a column of the key cannot be walked by; None where it can."""

    @abstractmethod
    def changed(self, cursor: Cursor) -> int:
        """How many rows the UPDATE just sent has made different, of those that it matched."""

    @abstractmethod
    def rows_about(self, database: OpenDatabase, table: str) -> int:
        """How many rows a table has, as near as that can be told at once. Only asks."""

    @abstractmethod
    def gently(self, database: OpenDatabase) -> AbstractContextManager[None]:
        """For the block, give way soon where a row is locked by another; what a batch has looked at stays as it is."""

    @abstractmethod
    def load(self, database: OpenDatabase, limits: BackfillLimits) -> Load:
        """Who looks whether the server is busy."""

    @abstractmethod
    def pause(self, database: OpenDatabase) -> Pause | None:
        """The pause that was asked for, None where none was. Only asks."""

    def refuse_pause(self, database: OpenDatabase) -> None:  # noqa: B027
        """Raise UsageError where a migration cannot pause."""

    @abstractmethod
    def ask_pause(self, database: OpenDatabase, user: str, host: str) -> None:
        """Ask whoever migrates this database to pause, unless somebody has already."""

    @abstractmethod
    def end_pause(self, database: OpenDatabase) -> bool:
        """Take the pause back; False where there was none."""
