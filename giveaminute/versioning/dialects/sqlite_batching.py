"""Walking a table on SQLite: all batches are in the one transaction of the step, so there is nobody to give way to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from giveaminute.errors import UsageError
from giveaminute.versioning.dialects.base import Cursor, OpenDatabase
from giveaminute.versioning.dialects.batching import Batching, Load, Pause

if TYPE_CHECKING:
    from giveaminute.settings import BackfillLimits
    from giveaminute.versioning.schema import Column


class SQLiteBatching(Batching):
    """Batches keep memory small and show how far it is; commits they are none."""

    by_key = ""
    locking = ""
    many_at_once = False

    def plain(self, sql: str) -> str:
        return sql

    def parameter(self, value: Any) -> Any:
        """As SQLAlchemy keeps them there; the driver's own ways are deprecated."""
        if isinstance(value, datetime):
            return value.isoformat(" ", "microseconds")
        if isinstance(value, (date, time)):
            return value.isoformat()
        return str(value) if isinstance(value, Decimal) else value

    def unfit(self, column: Column) -> str | None:
        return None

    def changed(self, cursor: Cursor) -> int:
        return cursor.rowcount

    def rows_about(self, database: OpenDatabase, table: str) -> int:
        name = table.replace('"', '""')
        return int(database.scalar(f'SELECT COUNT(*) FROM "{name}"'))

    @contextmanager
    def gently(self, database: OpenDatabase) -> Iterator[None]:
        yield

    def load(self, database: OpenDatabase, limits: BackfillLimits) -> Load:
        return _Idle()

    def pause(self, database: OpenDatabase) -> Pause | None:
        return None

    def refuse_pause(self, database: OpenDatabase) -> None:
        raise UsageError(
            f"{database.url.name}: on SQLite a migration is one transaction, which would keep all writers out"
            " while it pauses.",
            "Let it come to its end; or stop it (Ctrl-C), which takes it back.",
        )

    def ask_pause(self, database: OpenDatabase, user: str, host: str) -> None:
        self.refuse_pause(database)

    def end_pause(self, database: OpenDatabase) -> bool:
        return False


class _Idle(Load):
    """Others wait for the write lock, and are no load."""

    def why(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing was opened."""
