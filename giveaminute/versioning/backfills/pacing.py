"""How a run makes its backfills: what it was told, and nothing that costs an import."""

from __future__ import annotations

from dataclasses import dataclass, field

from giveaminute.settings import BackfillLimits


@dataclass
class Switch:
    """What a signal wants: True a pause, False to go on. Set by its handler, obeyed before the next batch."""

    wants: bool | None = None


@dataclass(frozen=True)
class Pacing:
    """`limits`: when to rest, None where nobody else is there to give way to; `most`: rows of a batch at most.

    `whole`: as one statement, for whoever stands between and wants to see it; a function's UPDATEs, row by row.
    """

    limits: BackfillLimits | None = None
    most: int | None = None
    whole: bool = False
    switch: Switch = field(default_factory=Switch)
