"""A finding before it is known which file it is in, and whether it is silenced."""

from __future__ import annotations

from dataclasses import dataclass

from giveaminute.versioning.linting.facts import Seen
from giveaminute.versioning.linting.rules import Rule


@dataclass(frozen=True)
class Fault:
    """What a rule found at a statement; `why` and `instead` where there is more to say than the rule does."""

    rule: Rule
    seen: Seen | None
    words: str
    why: str = ""
    instead: str = ""
