"""How a family writes the scripts that people run by hand, and values in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giveaminute.versioning.dialects.base import DriverConnection, OpenDatabase


@dataclass(frozen=True)
class Record:
    """What one step leaves in our own tables, as a script writes it: values of `migrate_history` by column."""

    version_table: str
    repository: str
    before: int
    after: int
    number: int
    title: str
    direction: str
    checksum: str


class ScriptForm(ABC):
    """SQL as text: literals instead of parameters, and what stands around the statements of a script."""

    user: str
    """The name of the history's column `user`, as it has to be quoted."""

    client: str
    """How people run a script, with DATABASE and SCRIPT in it."""

    on_error: str
    """What becomes of the database where a statement fails, in words."""

    @abstractmethod
    def text(self, value: str | int | None) -> str:
        """A value as it is written in a script, in the session that `opening` makes."""

    @abstractmethod
    def rendered(self, connection: DriverConnection, statement: str, parameters: Any) -> str:
        """A statement as the driver would send it, its parameters written into it for the session as it is now."""

    @abstractmethod
    def session(self, database: OpenDatabase) -> tuple[str, ...]:
        """Statements that set what operations change behind a script's back: the same as now."""

    @abstractmethod
    def opening(self, live: OpenDatabase) -> tuple[str, ...]:
        """Statements that give a client's session the settings that ours has."""

    @abstractmethod
    def guard(self, version_table: str, repository: str, version: int) -> tuple[str, ...]:
        """Statements that change nothing, and fail where the version row does not say `version`."""

    @abstractmethod
    def begin(self) -> tuple[str, ...]:
        """What stands before a step."""

    @abstractmethod
    def end(self, record: Record) -> tuple[str, ...]:
        """What stands after a step: the version row, compared and set, and the row in the history."""


def insertion(record: Record, moments: Sequence[str], who: Sequence[str], form: ScriptForm, version: str) -> str:
    """The statement that adds a finished run to the history; `moments` are started, finished and seconds in SQL."""
    values = [
        form.text(record.repository),
        version,
        form.text(record.title),
        form.text(record.direction),
        form.text(record.checksum),
        *moments,
        *who,
        "'done'",
    ]
    return (
        "INSERT INTO migrate_history (repository_id, version, title, direction, checksum, started, finished, seconds,"
        f" {form.user}, host, outcome)\nVALUES ({', '.join(values)})"
    )
