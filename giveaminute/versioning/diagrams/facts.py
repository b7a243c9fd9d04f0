"""What a diagram shows, before anybody has said where: frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Mark(str, Enum):
    """What became of a thing between the two schemas; everything is SAME where there is only one."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"

    @property
    def sign(self) -> str:
        """The mark as one character, since colour alone says nothing to many; none for SAME."""
        return _SIGNS[self]


_SIGNS = {Mark.SAME: "", Mark.ADDED: "+", Mark.REMOVED: "−", Mark.CHANGED: "~", Mark.RENAMED: "→"}


@dataclass(frozen=True, slots=True)
class Row:
    """A column of a table. `keys` are of PK, FK and UK; `changes` what is different, as `was → is`.

    `formerly` is its old name where it is RENAMED.
    """

    name: str
    type: str
    nullable: bool = True
    keys: tuple[str, ...] = ()
    comment: str = ""
    mark: Mark = Mark.SAME
    formerly: str | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something else that became different, in words: an index, a reference, a check, the engine."""

    mark: Mark
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    """A table, or a view (which has no rows). `rows` of both schemas, those that are gone where they were.

    The rows of a table that is itself ADDED or REMOVED are SAME.
    """

    name: str
    rows: tuple[Row, ...] = ()
    is_view: bool = False
    comment: str = ""
    mark: Mark = Mark.SAME
    formerly: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from the columns of `child` to those of `parent`.

    `implied`: only the column's name says so, the database knows nothing of it. `optional`: a row of the child may
    refer to none. `single`: at most one row of the child refers to one of the parent.
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    name: str | None = None
    implied: bool = False
    optional: bool = False
    single: bool = False
    mark: Mark = Mark.SAME

    @property
    def words(self) -> str:
        """`project_need.project_id → project.project_id`."""
        return f"{self.child}.{', '.join(self.columns)} → {self.parent}.{', '.join(self.parent_columns)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Tables that stand together; the last group, of those that go with no other, has no name."""

    name: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """All there is to see. `changes`: every difference in words, as `check` tells them; `notes`: what is no table's."""

    title: str
    groups: tuple[Group, ...]
    links: tuple[Link, ...] = ()
    is_comparison: bool = False
    notes: tuple[Note, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def boxes(self) -> Iterator[Box]:
        """Every table and view, group by group."""
        for group in self.groups:
            yield from group.boxes
