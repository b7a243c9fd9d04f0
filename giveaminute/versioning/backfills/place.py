"""How far a backfill has come, as the journal keeps it and as people are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from giveaminute.versioning import answers

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Place:
    """Behind which key it goes on; None is before the first.

    `turn`: 1 for the walk over all rows, then one for each look at what came in meanwhile. `walked`: rows looked at,
    and `first` those of the first turn; `matched`: rows that matched; `changed`: those of this turn that are another
    now. `repeats`: a row that was changed still is one to change, so that a second turn would change it twice.

    Rows that matched and stayed what they were match in the next turn again: `same` in this turn, `due` of the turn
    before and not yet met, `again` those that `matched` counts twice for it.
    """

    key: Key | None = None
    turn: int = 1
    walked: int = 0
    matched: int = 0
    changed: int = 0
    repeats: bool = False
    first: int = 0
    same: int = 0
    due: int = 0
    again: int = 0

    @property
    def counted(self) -> int:
        """How many rows matched, each once."""
        return self.matched - self.again

    def on(self, key: Key, *, walked: int, matched: int, changed: int, repeats: bool) -> Place:
        """After one more batch."""
        met = min(matched, self.due)
        return replace(
            self,
            key=key,
            walked=self.walked + walked,
            matched=self.matched + matched,
            changed=self.changed + changed,
            repeats=self.repeats or repeats,
            first=self.first + (walked if self.turn == 1 else 0),
            same=self.same + matched - changed,
            due=self.due - met,
            again=self.again + met,
        )

    def next_turn(self) -> Place:
        """At the first key again."""
        return replace(self, key=None, turn=self.turn + 1, changed=0, due=self.same, same=0)

    def to_json(self) -> dict[str, Any]:
        """For the journal."""
        key = None if self.key is None else [answers.to_json(value) for value in self.key]
        return {**vars(self), "key": key}

    @classmethod
    def from_json(cls, kept: dict[str, Any] | None) -> Place:
        """What the journal kept; the beginning where it kept nothing."""
        if not kept:
            return cls()
        key = None if kept["key"] is None else tuple(answers.from_json(value) for value in kept["key"])
        return cls(**{**kept, "key": key})


@dataclass(frozen=True)
class Walked:
    """A backfill under way. `rows`: looked at by now, of about `total`; `rate`: rows a second of late, rests included.

    `seconds`: of this process; `left`: seconds to go at that rate, None where nobody can tell. `resting`: why it waits.
    """

    table: str
    rows: int
    total: int | None
    changed: int
    seconds: float
    rate: float
    left: float | None
    batch: int
    turn: int
    resting: str = ""
    ended: bool = False

    @property
    def words(self) -> str:
        """In a few words, for those who wait."""
        part = f" of about {self.total:,}" if self.total and self.total > self.rows else ""
        return f"backfill of {self.table}, {self.rows:,}{part} rows{f': {self.resting}' if self.resting else ''}"
