"""What a defect is, and how it is seeded into the text of a migration or of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from giveaminute.settings import DEFAULT_REPOSITORY
from tests.mutations.zoo import SCRIPTS as ZOO

OURS = Path(DEFAULT_REPOSITORY)
MARIADB = "mariadb"
MYSQL = "mysql"
SQLITE = "sqlite"
FAMILIES = (SQLITE, MARIADB, MYSQL)


@dataclass(frozen=True)
class Defect:
    """`edits`: (text that is there once, what stands there instead). `words`: a pattern that what is told must match.

    `nothing_on`: families on which the defect changes nothing, each with the reason; no alarm must be raised there.
    `words_on`: what a family tells in other words. `without_keys`: seeded where no foreign key is enforced, as in the
    installs of 2011 (MyISAM).
    """

    name: str
    script: int
    edits: tuple[tuple[str, str], ...]
    words: str
    nothing_on: Mapping[str, str] = field(default_factory=dict, hash=False)
    words_on: Mapping[str, str] = field(default_factory=dict, hash=False)
    without_keys: bool = False

    def __str__(self) -> str:
        return f"{self.script:03d} {self.name}"

    def pattern(self, family: str) -> str | None:
        """What must be told on this family; None where the defect means nothing there."""
        return None if family in self.nothing_on else self.words_on.get(family, self.words)


def originals() -> dict[int, tuple[str, str]]:
    """Name and text of each script: ours, then those with what ours lack (triggers, views, checks, moves)."""
    paths = sorted((OURS / "versions").glob("*.py"))
    texts = {int(path.name[:3]): (path.name, path.read_text(encoding="utf-8")) for path in paths}
    return {**texts, **{int(name[:3]): (name, text) for name, text in ZOO.items()}}


def seeded(text: str, edits: Iterable[tuple[str, str]]) -> str:
    """The text with the edits made; fails where one finds nothing, more than one place, or changes nothing."""
    for find, put in edits:
        assert text.count(find) == 1, f"{text.count(find)} places for {find!r}"
        assert find != put
        text = text.replace(find, put)
    return text
