"""The shape of one group: which of its columns each card stands in, and in which order.

Decided by costs and names, never by chance, and with a limited amount of work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

Columns = tuple[tuple[str, ...], ...]
SPACE = 40
"""Between two cards of a column, while nobody knows which lines pass there."""


def stack_height(names: Sequence[str], heights: Mapping[str, int]) -> int:
    """Of these cards one below the other."""
    return sum(heights[name] + SPACE for name in names)


class Shaper:
    """Puts the cards of one group into columns, equally tall, those that refer to one another side by side."""

    def __init__(
        self,
        names: Sequence[str],
        heights: Mapping[str, int],
        neighbours: Mapping[str, Collection[str]],
        work: int,
    ) -> None:
        inside = set(names)
        self._work = work
        self._names = names
        self._heights = heights
        self._neighbours = {name: [each for each in neighbours[name] if each in inside] for name in names}
        self._pairs = [(one, other) for one in names for other in self._neighbours[one] if one < other]

    @property
    def is_linked(self) -> bool:
        """Whether any card of the group refers to another of it."""
        return bool(self._pairs)

    def columns(self, width: int) -> Columns:
        """In so many columns, none of them empty."""
        columns: list[list[str]] = [[] for _ in range(width)]
        limit = stack_height(self._names, self._heights) / width
        filled = [0] * width
        where: dict[str, int] = {}
        for name in self._order():
            near = Counter(where[each] for each in self._neighbours[name] if each in where)
            tall = self._heights[name] + SPACE
            place = min(range(width), key=lambda at: self._put_cost(at, filled[at] + tall, limit, near))
            place = place if where else width // 2
            columns[place].append(name)
            filled[place] += tall
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

    def _put_cost(self, at: int, height: int, limit: float, near: Mapping[int, int]) -> float:
        """Of a card in column `at`, which is so high then, with so many neighbours in the columns `near`."""
        apart = sum(count * self._apart(at - column) for column, count in near.items())
        return height * 0.3 + max(0.0, height - limit) * 2 + apart

    @staticmethod
    def _apart(distance: int) -> float:
        return (60.0, 0.0)[distance != 0] + 250 * max(0, abs(distance) - 1)

    def _improve(self, columns: list[list[str]]) -> None:
        """Move single cards and swap pairs as long as that makes it better."""
        cost = self._cost(columns)
        while True:
            before = cost
            for name in self._names:
                cost = self._moved(columns, name, cost) if self._work > 0 else cost
            for one, other in combinations(self._names, 2):
                if self._work <= 0:
                    return
                cost = self._swapped(columns, one, other, cost)
            if cost >= before:
                return

    def _moved(self, columns: list[list[str]], name: str, cost: float) -> float:
        home = next(column for column in columns if name in column)
        place = home.index(name)
        home.remove(name)
        best, target, at = cost, home, place
        for column in columns:
            for position in range(len(column) + 1 if self._work > 0 else 0):
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
        self._work -= len(self._names) + len(self._pairs)
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
