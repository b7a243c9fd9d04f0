"""Where each table stands: tables that refer to one another near each other, groups together, no corner left empty.

The canvas has columns, each as wide as its widest card. A group takes some neighbouring ones, in the shape (`shaping`)
and at the place that cost least; the largest group comes first. Some numbers of columns are tried, and the fullest
canvas is taken. All of it is decided by costs and names, never by chance, and what is spent on trying does not
grow with the number of tables, so that thousands take their time only in proportion.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from giveaminute.versioning.diagrams.cards import Card
from giveaminute.versioning.diagrams.facts import Diagram, Link
from giveaminute.versioning.diagrams.shaping import SPACE, Columns, Shaper, stack_height

WIDE = 400
"""What a column takes with the gutter beside it, as far as it matters here."""
ASPECT = 1.5
"""Width to height that is aimed at."""
MOST_UNLINKED = 12
"""Columns of a group that has no lines in it."""
_WORK = 400_000
"""Cards that are looked at while other places are tried, for one shape of all groups together."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A group on the canvas: its first column, and the names of its cards in each."""

    name: str
    first: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The panels, upper ones before those below them, on so many columns."""

    panels: tuple[Panel, ...]
    count: int


def arranged(diagram: Diagram, cards: Mapping[str, Card]) -> Arrangement:
    """Every card in its place."""
    heights = {name: card.height for name, card in cards.items()}
    neighbours = _neighbours(diagram.links, heights)
    work = _WORK // max(1, len(diagram.groups))
    groups = [
        _Shapes(group.name, [box.name for box in group.boxes], heights, neighbours, work) for group in diagram.groups
    ]
    total = stack_height(list(heights), heights)
    ideal = max(1, round(math.sqrt(ASPECT * total / WIDE)))
    skylines = [_Skyline(count, neighbours) for count in range(max(1, ideal - 1), ideal + 3)]
    for skyline in skylines:
        for group in groups:
            skyline.add(group)
    best = min(skylines, key=lambda each: each.cost)
    return Arrangement(tuple(best.panels), max(best.count, 1))


def _neighbours(links: Sequence[Link], names: Mapping[str, int]) -> Mapping[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.child != link.parent:
            found[link.child].add(link.parent)
            found[link.parent].add(link.child)
    return {name: sorted(found[name]) for name in names}


@dataclass
class _Shapes:
    """A group, and the shapes that it was given so far, by width."""

    name: str
    names: Sequence[str]
    heights: Mapping[str, int]
    neighbours: Mapping[str, Sequence[str]]
    work: int
    _found: dict[int, tuple[Columns, int]] = field(default_factory=dict)

    def shape(self, width: int) -> tuple[Columns, int]:
        """In so many columns, and how tall it is then."""
        if width not in self._found:
            columns = Shaper(self.names, self.heights, self.neighbours, self.work).columns(width)
            self._found[width] = columns, max(stack_height(column, self.heights) for column in columns) + SPACE
        return self._found[width]

    def widths(self, count: int) -> list[int]:
        """Those to try: near a square, and any where no lines are to be kept short."""
        most = min(len(self.names), count)
        if not Shaper(self.names, self.heights, self.neighbours, 0).is_linked:
            return list(range(1, min(most, MOST_UNLINKED) + 1))
        ideal = round(math.sqrt(1.3 * stack_height(self.names, self.heights) / WIDE))
        return sorted({min(max(1, each), most) for each in (ideal - 1, ideal, ideal + 1)})


class _Skyline:
    """How far down each of so many columns is filled, and by what."""

    def __init__(self, count: int, neighbours: Mapping[str, Sequence[str]]) -> None:
        self._bottoms = [0] * count
        self._neighbours = neighbours
        self._column_of: dict[str, int] = {}
        self.panels: list[Panel] = []

    @property
    def count(self) -> int:
        """Columns that are used, up to the last one."""
        return max((panel.first + len(panel.columns) for panel in self.panels), default=0)

    @property
    def cost(self) -> float:
        """The canvas, and more the further it is from the shape aimed at."""
        width, height = self.count * WIDE, max(self._bottoms)
        ratio = max(width, 1) / max(height, 1) / ASPECT
        return width * height * math.sqrt(max(ratio, 1 / ratio))

    def add(self, group: _Shapes) -> None:
        """Put a group where it costs least."""
        best: tuple[float, int, Columns, int] | None = None
        for width in group.widths(len(self._bottoms)):
            columns, tall = group.shape(width)
            for first in range(len(self._bottoms) - len(columns) + 1):
                for mirrored in (columns, columns[::-1]):
                    cost = self._cost(first, mirrored, tall)
                    if best is None or cost < best[0]:
                        best = (cost, first, mirrored, tall)
        assert best is not None
        self._put(Panel(group.name, best[1], best[2]), best[3])

    def _cost(self, first: int, columns: Columns, tall: int) -> float:
        span = self._bottoms[first : first + len(columns)]
        wasted = sum(max(span) - bottom for bottom in span)
        return max(span) + tall + wasted * 0.5 + self._far(first, columns) * 20

    def _far(self, first: int, columns: Columns) -> int:
        """Over how many columns lines go from here to what has been placed."""
        return sum(
            abs(self._column_of[other] - first - offset)
            for offset, column in enumerate(columns)
            for name in column
            for other in self._neighbours[name]
            if other in self._column_of
        )

    def _put(self, panel: Panel, tall: int) -> None:
        last = panel.first + len(panel.columns)
        bottom = max(self._bottoms[panel.first : last]) + tall + 2 * SPACE
        self._bottoms[panel.first : last] = [bottom] * (last - panel.first)
        for offset, column in enumerate(panel.columns):
            self._column_of.update(dict.fromkeys(column, panel.first + offset))
        self.panels.append(panel)
