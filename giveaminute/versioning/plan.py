"""What a run would do: a pure function of the scripts, the version the database is at, and the target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from giveaminute.errors import DatabaseAhead, UsageError
from giveaminute.versioning.repository import Direction, Script


@dataclass(frozen=True)
class Step:
    """One migration to run, and the versions before and after it."""

    script: Script
    direction: Direction
    before: int
    after: int


def target_version(text: str | None, current: int, head: int) -> int:
    """The version that `text` means: a number, `+n`, `-n`, `head`; None is head. Raises UsageError."""
    if text is None or text == "head":
        return head
    if not re.fullmatch(r"[+-]?\d{1,9}", str(text), re.ASCII):
        raise UsageError(f"«{text}» is no version.", f"Give a number from 0 to {head}, +N, -N or head.")
    number = int(text)
    target = current + number if str(text)[0] in "+-" else number
    if not 0 <= target <= head:
        shown = (
            f"{text} from {current} is {target}, and version {target}" if str(text)[0] in "+-" else f"Version {target}"
        )
        raise UsageError(f"{shown} does not exist.", f"The scripts go from 1 to {head}; 0 is before the first.")
    return target


def upgrade_steps(scripts: Mapping[int, Script], current: int, target: int) -> tuple[Step, ...]:
    """The steps up. Raises DatabaseAhead, or UsageError where the target is below."""
    refuse_ahead(scripts, current)
    if target < current:
        raise UsageError(
            f"The database is at version {current}, above {target}: upgrade only goes up.",
            f"To go down run: invoke downgrade {target}",
        )
    return tuple(
        Step(scripts[number], Direction.UPGRADE, number - 1, number) for number in range(current + 1, target + 1)
    )


def downgrade_steps(scripts: Mapping[int, Script], current: int, target: int) -> tuple[Step, ...]:
    """The steps down. Raises DatabaseAhead, or UsageError where the target is above."""
    refuse_ahead(scripts, current)
    if target > current:
        raise UsageError(
            f"The database is at version {current}, below {target}: downgrade only goes down.",
            f"To go up run: invoke upgrade --version {target}",
        )
    return tuple(
        Step(scripts[number], Direction.DOWNGRADE, number, number - 1) for number in range(current, target, -1)
    )


def refuse_ahead(scripts: Mapping[int, Script], current: int) -> None:
    """Raise DatabaseAhead where no script here has this version."""
    head = max(scripts, default=0)
    if current > head:
        raise DatabaseAhead(
            f"The database is at version {current}, but the scripts here end at {head}: it is ahead of this code.",
            "Deploy the code that has those scripts (git pull), then run it again.",
        )
