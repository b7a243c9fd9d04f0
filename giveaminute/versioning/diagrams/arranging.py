"""Which column each table stands in, and in which order: tables that refer to one another near each other.

The canvas has columns, each as wide as its widest card. A group takes some neighbouring ones; groups are put where
they begin highest, the largest first. All of it is decided by costs and names, never by chance, and the number of
tries does not grow with the number of tables, so that thousands take their time only in proportion.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from giveaminute.versioning.diagrams.cards import Card
from giveaminute.versioning.diagrams.facts import Diagram, Link

Columns = tuple[tuple[str, ...], ...]
SPACE = 40
"""Between two cards of a column, while nobody knows which lines pass there."""
WIDE = 380
"""What a column takes with the gutter beside it, as far as it matters here."""
ASPECT = 1.6
_TRIES = 24_000
"""How many other places are tried, for all groups together."""


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
    total = sum(height + SPACE for height in heights.values())
    count = max(1, round(math.sqrt(ASPECT * total / WIDE)))
    skyline = _Skyline(count, _neighbours(diagram.links), _TRIES // max(1, len(diagram.groups)))
    for group in diagram.groups:
        names = [box.name for box in group.boxes]
        skyline.add(group.name, names, heights, diagram.links)
    return Arrangement(tuple(skyline.panels), max([len(skyline.used), 1]))


def _neighbours(links: Sequence[Link]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.child != link.parent:
            found[link.child].add(link.parent)
            found[link.parent].add(link.child)
    return found


class _Skyline:
    """How far down each column is filled, and by what."""

    def __init__(self, count: int, neighbours: Mapping[str, set[str]], tries: int) -> None:
        self._tries = tries
        self._bottoms = [0] * count
        self._neighbours = neighbours
        self._column_of: dict[str, int] = {}
        self.panels: list[Panel] = []

    @property
    def used(self) -> list[int]:
        """The bottoms of the columns that hold something."""
        return [bottom for bottom in self._bottoms if bottom]

    def add(self, name: str, names: list[str], heights: Mapping[str, int], links: Sequence[Link]) -> None:
        """Put a group where it costs least."""
        best: tuple[float, int, int, Columns] | None = None
        inner = [each for each in links if each.child in set(names) and each.parent in set(names)]
        for width in self._widths(names, heights):
            columns = _Group(names, heights, inner, self._neighbours, self._tries).columns(width)
            tall = max(_height(column, heights) for column in columns) + SPACE
            for first in range(len(self._bottoms) - len(columns) + 1):
                for mirrored in (columns, columns[::-1]):
                    cost = self._cost(first, mirrored, tall)
                    if best is None or cost < best[0]:
                        best = (cost, first, tall, mirrored)
        assert best is not None
        self._put(Panel(name, best[1], best[3]), best[2])

    def _widths(self, names: list[str], heights: Mapping[str, int]) -> list[int]:
        total = sum(heights[name] + SPACE for name in names)
        ideal = round(math.sqrt(1.3 * total / WIDE))
        most = min(len(names), len(self._bottoms))
        return sorted({min(max(1, each), most) for each in (ideal - 1, ideal, ideal + 1)})

    def _cost(self, first: int, columns: Columns, tall: int) -> float:
        span = self._bottoms[first : first + len(columns)]
        top = max(span)
        wasted = sum(top - bottom for bottom in span)
        far = 0
        for offset, column in enumerate(columns):
            for name in column:
                for other in self._neighbours.get(name, ()):
                    if other in self._column_of:
                        far += abs(self._column_of[other] - first - offset)
        return (top + tall) * 1.0 + wasted * 0.5 + far * 20

    def _put(self, panel: Panel, tall: int) -> None:
        last = panel.first + len(panel.columns)
        bottom = max(self._bottoms[panel.first : last]) + tall + 2 * SPACE
        self._bottoms[panel.first : last] = [bottom] * (last - panel.first)
        for offset, column in enumerate(panel.columns):
            self._column_of.update(dict.fromkeys(column, panel.first + offset))
        self.panels.append(panel)


def _height(names: Sequence[str], heights: Mapping[str, int]) -> int:
    return sum(heights[name] + SPACE for name in names)


class _Group:
    """The cards of one group, to be put into columns."""

    def __init__(
        self,
        names: list[str],
        heights: Mapping[str, int],
        inner: Sequence[Link],
        neighbours: Mapping[str, set[str]],
        tries: int,
    ) -> None:
        self._tries = tries
        self._names = names
        self._heights = heights
        self._neighbours = {name: sorted(neighbours.get(name, set()) & set(names)) for name in names}
        self._pairs = sorted({(link.child, link.parent) for link in inner if link.child != link.parent})

    def columns(self, width: int) -> Columns:
        """In so many columns, none of them empty."""
        columns: list[list[str]] = [[] for _ in range(width)]
        limit = _height(self._names, self._heights) / width
        where: dict[str, int] = {}
        for name in self._order():
            near = [where[each] for each in self._neighbours[name] if each in where]
            costs = [
                (self._filled(columns[place], name, limit) + sum(self._apart(place - each) for each in near), place)
                for place in range(width)
            ]
            place = min(costs)[1] if near or where else width // 2
            columns[place].append(name)
            where[name] = place
        self._improve(columns)
        return tuple(tuple(column) for column in columns if column)

    def _order(self) -> list[str]:
        """From the one with most neighbours outward, breadth first."""
        rest = sorted(self._names, key=lambda name: (-len(self._neighbours[name]), name))
        order: dict[str, None] = {}
        for start in rest:
            queue = [start]
            for name in queue:
                if name not in order:
                    order[name] = None
                    queue += sorted(self._neighbours[name], key=lambda each: (-len(self._neighbours[each]), each))
        return list(order)

    def _filled(self, column: list[str], name: str, limit: float) -> float:
        height = _height([*column, name], self._heights)
        return height * 0.3 + max(0.0, height - limit) * 2

    @staticmethod
    def _apart(distance: int) -> float:
        return (60.0, 0.0)[distance != 0] + 250 * max(0, abs(distance) - 1)

    def _improve(self, columns: list[list[str]]) -> None:
        """Move single cards and swap pairs as long as that makes it better."""
        cost = self._cost(columns)
        while self._tries > 0:
            before = cost
            for name in self._names:
                cost = self._moved(columns, name, cost)
            for number, one in enumerate(self._names):
                for other in self._names[number + 1 :]:
                    cost = self._swapped(columns, one, other, cost)
            if cost >= before:
                return

    def _moved(self, columns: list[list[str]], name: str, cost: float) -> float:
        home = next(column for column in columns if name in column)
        place = home.index(name)
        home.remove(name)
        best, target, at = cost, home, place
        for column in columns:
            for position in range(len(column) + 1):
                column.insert(position, name)
                found = self._cost(columns)
                del column[position]
                if found < best:
                    best, target, at = found, column, position
        target.insert(at, name)
        return best

    def _swapped(self, columns: list[list[str]], one: str, other: str, cost: float) -> float:
        here, there = (next(column for column in columns if name in column) for name in (one, other))
        i, j = here.index(one), there.index(other)
        here[i], there[j] = other, one
        found = self._cost(columns)
        if found < cost:
            return found
        here[i], there[j] = one, other
        return cost

    def _cost(self, columns: list[list[str]]) -> float:
        """What is long and crooked: references, then columns of unequal height."""
        self._tries -= 1
        place: dict[str, tuple[int, float]] = {}
        ends: list[float] = []
        for number, column in enumerate(columns):
            y = 0.0
            for name in column:
                place[name] = (number, y + self._heights[name] / 2)
                y += self._heights[name] + SPACE
            ends.append(y)
        cost = 4.0 * max(ends) + (10_000 if 0 in ends else 0)
        for child, parent in self._pairs:
            (a, y), (b, z) = place[child], place[parent]
            cost += 0.4 * abs(y - z) + self._apart(a - b)
        return cost
