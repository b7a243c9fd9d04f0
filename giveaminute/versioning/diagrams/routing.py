"""The way of each reference from card to card: along the gutters between columns, across a column between two cards.

References to the same columns of the same table, of one kind, share a net: a trunk in each gutter, with a branch to
every card. No line runs over a card or over another net's line; lines cross only at right angles. First it is found out
which gaps a net goes through (`routed`), then, when all heights are known, which track each has in a gutter (`tracks`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from giveaminute.versioning.diagrams.arranging import Arrangement
from giveaminute.versioning.diagrams.cards import Card
from giveaminute.versioning.diagrams.facts import Diagram, Link, Mark
from giveaminute.versioning.diagrams.placing import Gap, Stack

LEVEL = 3
"""How far below the middle of its row a line leaves to the left, and above it to the right."""
SPREAD = 5
"""Between the lines of several nets at one row."""
_CROWD = 12
"""What a line more in a gap counts for, in pixels of detour."""
_MOST_SORTED = 120
"""Trunks of one gutter that are put in the order with fewest crossings; of more only the longest are."""

Family = tuple[str, tuple[str, ...], bool, bool, Mark]


@dataclass(frozen=True)
class End:
    """Where a net leaves a card: at the row of `column`, `offset` from its middle. `link` is None at the parent."""

    card: str
    column: str
    offset: int
    link: Link | None


Anchor = End | Gap
"""What a trunk has a branch to."""


@dataclass
class Trunk:
    """A net's line in one gutter; gutter n is left of column n. `lefts` and `rights` are reached on those sides."""

    net: int
    gutter: int
    lefts: list[Anchor] = field(default_factory=list)
    rights: list[Anchor] = field(default_factory=list)


@dataclass
class Net:
    """The references that share lines."""

    parent: str
    columns: tuple[str, ...]
    implied: bool
    optional: bool
    mark: Mark
    links: list[Link]
    trunks: list[Trunk] = field(default_factory=list)


@dataclass
class Routes:
    """All nets, and which of them go through each gap, from the top."""

    nets: list[Net]
    gaps: dict[Gap, list[int]]

    def lines(self) -> dict[Gap, int]:
        """How many go through each gap."""
        return {gap: len(nets) for gap, nets in self.gaps.items()}


def routed(diagram: Diagram, arrangement: Arrangement, cards: Mapping[str, Card], rough: Stack) -> Routes:
    """The way of every net, by heights that are about right."""
    column_of = {
        name: panel.first + offset
        for panel in arrangement.panels
        for offset, names in enumerate(panel.columns)
        for name in names
    }
    router = _Router(column_of, cards, rough)
    for family, links in sorted(_families(diagram.links).items(), key=lambda each: each[0]):
        router.add(family, links)
    for nets in router.gaps.values():
        nets.sort(key=lambda number: (rough.cards[router.nets[number].parent], number))
    return Routes(router.nets, router.gaps)


def _families(links: Iterable[Link]) -> Mapping[Family, list[Link]]:
    found: dict[Family, list[Link]] = defaultdict(list)
    for link in links:
        if (link.child, link.columns) != (link.parent, link.parent_columns):
            optional = link.optional and not link.implied  # a name promises nothing
            found[link.parent, link.parent_columns, link.implied, optional, link.mark].append(link)
    return found


class _Router:
    """Finds the ways, one net after the other."""

    def __init__(self, column_of: Mapping[str, int], cards: Mapping[str, Card], rough: Stack) -> None:
        self._column_of = column_of
        self._cards = cards
        self._rough = rough
        self._taken: dict[tuple[str, str, bool], int] = defaultdict(int)
        self._gaps_of: dict[int, list[Gap]] = defaultdict(list)
        for gap in sorted(rough.gaps):
            self._gaps_of[gap[0]].append(gap)
        self.nets: list[Net] = []
        self.gaps: dict[Gap, list[int]] = defaultdict(list)

    def add(self, family: Family, links: Sequence[Link]) -> None:
        """A net to each side of the parent that has children there."""
        parent, columns, implied, optional, mark = family
        home = self._column_of[parent]
        left = [link for link in links if self._column_of[link.child] < home]
        right = [link for link in links if self._column_of[link.child] > home]
        level = [link for link in links if self._column_of[link.child] == home]
        if left and not right:
            left += level
        else:
            right += level
        for side, chosen in ((-1, left), (1, right)):
            if chosen:
                net = Net(parent, columns, implied, optional, mark, chosen)
                self.nets.append(net)
                self._lay(len(self.nets) - 1, net, home, side)

    def _lay(self, number: int, net: Net, home: int, side: int) -> None:
        """The trunks from the parent's column outward, to `side`."""
        children: dict[int, list[Link]] = defaultdict(list)
        for link in net.links:
            children[self._column_of[link.child]].append(link)
        farthest = max(children, key=lambda column: abs(column - home))
        near: list[Anchor] = [self._end(net.parent, net.columns[0], side > 0, None)]
        near += [self._end(link.child, link.columns[0], side > 0, link) for link in children.get(home, ())]
        column = home
        while True:
            column += side
            far: list[Anchor] = [
                self._end(link.child, link.columns[0], side < 0, link) for link in children.get(column, ())
            ]
            is_last = (farthest - column) * side <= 0
            if not is_last:
                beyond = [link for at, some in children.items() if (at - column) * side > 0 for link in some]
                gap = self._gap(column, beyond, [*near, *far])
                self.gaps[gap].append(number)
                far.append(gap)
            lefts, rights = (near, far) if side > 0 else (far, near)
            net.trunks.append(Trunk(number, column if side > 0 else column + 1, lefts, rights))
            if is_last:
                return
            near = [gap]

    def _end(self, card: str, column: str, is_right: bool, link: Link | None) -> End:
        """Where to leave a card; the second net at one row does so a little lower, the third higher."""
        taken = self._taken[card, column, is_right]
        self._taken[card, column, is_right] += 1
        step = (taken + 1) // 2 * (1 if taken % 2 else -1)
        offset = (-LEVEL if is_right else LEVEL) + SPREAD * step
        return End(card, column, max(-9, min(9, offset)), link)

    def _gap(self, column: int, beyond: Sequence[Link], anchors: Sequence[Anchor]) -> Gap:
        """The gap that makes the way to those beyond shortest, and is not crowded."""
        wanted = sorted(self._height(End(link.child, link.columns[0], 0, link)) for link in beyond)
        middle = wanted[len(wanted) // 2]
        here = [self._height(anchor) for anchor in anchors]
        low, high = min(here), max(here)

        def cost(gap: Gap) -> float:
            y = self._height(gap)
            return max(low - y, y - high, 0) + 0.6 * abs(y - middle) + _CROWD * len(self.gaps.get(gap, ()))

        return min(self._gaps_of[column], key=lambda gap: (cost(gap), gap))

    def _height(self, anchor: Anchor) -> int:
        if isinstance(anchor, End):
            return self._rough.cards[anchor.card] + self._cards[anchor.card].level(anchor.column)
        top, height = self._rough.gaps[anchor]
        return top + height // 2


@dataclass(frozen=True)
class Line:
    """A trunk with its heights: of the branches to each side."""

    trunk: Trunk
    lefts: tuple[int, ...]
    rights: tuple[int, ...]

    @cached_property
    def span(self) -> tuple[int, int]:
        """From its upper end to its lower one."""
        return min((*self.lefts, *self.rights)), max((*self.lefts, *self.rights))


def tracks(lines: Sequence[Line]) -> list[int]:
    """The track of each trunk in one gutter, from the left; two that would touch have different ones."""
    order = sorted(range(len(lines)), key=lambda each: (lines[each].span[0] - lines[each].span[1], each))
    placed: list[int] = []
    for number in order[:_MOST_SORTED]:
        placed.insert(_place(lines, placed, number), number)
    placed += order[_MOST_SORTED:]
    found = [0] * len(lines)
    for at, number in enumerate(placed):
        before = (found[each] + 1 for each in placed[:at] if _touch(lines[each], lines[number]))
        found[number] = max(before, default=0)
    return found


def _place(lines: Sequence[Line], placed: Sequence[int], number: int) -> int:
    """Where among those placed a trunk crosses fewest."""
    mine = lines[number]
    cost = sum(_crossings(mine, lines[each]) for each in placed)
    best, place = cost, 0
    for at, each in enumerate(placed, 1):
        cost += _crossings(lines[each], mine) - _crossings(mine, lines[each])
        if cost < best:
            best, place = cost, at
    return place


def _crossings(left: Line, right: Line) -> int:
    """How often two trunks cross, the one left of the other."""
    (a, b), (c, d) = left.span, right.span
    if b < c or d < a:
        return 0
    return sum(c <= y <= d for y in left.rights) + sum(a <= y <= b for y in right.lefts)


def _touch(one: Line, other: Line) -> bool:
    (a, b), (c, d) = one.span, other.span
    return a - 8 <= d and c - 8 <= b


def gutters(routes: Routes) -> Iterator[tuple[int, list[Trunk]]]:
    """The trunks of each gutter that has any."""
    found: dict[int, list[Trunk]] = defaultdict(list)
    for net in routes.nets:
        for trunk in net.trunks:
            found[trunk.gutter].append(trunk)
    yield from sorted(found.items())
