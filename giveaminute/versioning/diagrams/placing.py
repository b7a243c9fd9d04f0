"""How far down everything is: cards, panels, and the gaps between cards in which lines cross a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from giveaminute.versioning.diagrams.arranging import Arrangement, Panel
from giveaminute.versioning.diagrams.cards import GRID, Card

TRACK = 10
"""Between two lines that cross a column."""
TITLE = 30
"""What a panel's title takes."""

Gap = tuple[int, int, int]
"""Column, panel, and the place in it: -1 is above the panel, n before its card n; below all panels both are -1."""


@dataclass
class Stack:
    """Heights: `cards` and `gaps` by their tops, `panels` by top and bottom, `bottom` of all."""

    cards: dict[str, int] = field(default_factory=dict)
    gaps: dict[Gap, tuple[int, int]] = field(default_factory=dict)
    panels: list[tuple[int, int]] = field(default_factory=list)
    bottom: int = 0

    def track(self, gap: Gap, number: int, count: int) -> int:
        """The height of a line in a gap. Those of neighbouring columns differ, so that none runs into another's."""
        top, height = self.gaps[gap]
        odd = gap[0] % 2 * TRACK // 2
        middle = (min(height, 4 * GRID + count * TRACK) - TRACK * (count - 1)) // 2
        return top + odd + max(TRACK, (middle - odd) // TRACK * TRACK) + TRACK * number


def stacked(arrangement: Arrangement, cards: Mapping[str, Card], lines: Mapping[Gap, int]) -> Stack:
    """Put everything as high as it goes, with room for so many lines in each gap."""
    stack = Stack()
    bottoms = [0] * arrangement.count
    for number, panel in enumerate(arrangement.panels):
        _put(stack, bottoms, number, panel, cards, lines)
    stack.bottom = max([*bottoms, 0])
    for column, bottom in enumerate(bottoms):
        height = max(stack.bottom - bottom, 0) + _room(lines, (column, -1, -1), 0)
        stack.gaps[column, -1, -1] = (bottom, height)
    stack.bottom = max(a + b for a, b in stack.gaps.values()) if stack.gaps else 0
    return stack


def _put(
    stack: Stack, bottoms: list[int], number: int, panel: Panel, cards: Mapping[str, Card], lines: Mapping[Gap, int]
) -> None:
    span = range(panel.first, panel.first + len(panel.columns))
    top = max(
        bottoms[column] + _room(lines, (column, number, -1), 2 * GRID if bottoms[column] else 0) for column in span
    )
    ends = []
    for column, names in zip(span, panel.columns, strict=True):
        stack.gaps[column, number, -1] = (bottoms[column], top - bottoms[column])
        y = top + TITLE
        for place, name in enumerate(names):
            # The first gap brings the cards, below a title that is half a step off, onto the grid again.
            least = GRID // 2 if place == 0 else 2 * GRID
            room = _room(lines, (column, number, place), least, GRID // 2 if place == 0 else 0)
            stack.gaps[column, number, place] = (y, room)
            stack.cards[name] = y + room
            y += room + cards[name].height
        ends.append((column, len(names), y))
    bottom = max(y + _room(lines, (column, number, place), GRID) for column, place, y in ends)
    for column, place, y in ends:
        stack.gaps[column, number, place] = (y, bottom - y)
        bottoms[column] = bottom
    stack.panels.append((top, bottom))


def _room(lines: Mapping[Gap, int], gap: Gap, least: int, over: int = 0) -> int:
    """A height on the grid (`over` it) that the lines of this gap fit in."""
    count = lines.get(gap, 0)
    wanted = max(least, TRACK * (count + 1) + gap[0] % 2 * TRACK // 2 if count else 0)
    return -(-(wanted - over) // GRID) * GRID + over
