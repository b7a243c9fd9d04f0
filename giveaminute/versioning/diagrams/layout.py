"""Where everything is, in points: the last step before it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from giveaminute.versioning.diagrams.arranging import Arrangement, arranged
from giveaminute.versioning.diagrams.cards import Card, card
from giveaminute.versioning.diagrams.facts import Diagram
from giveaminute.versioning.diagrams.placing import Stack, stacked
from giveaminute.versioning.diagrams.routing import Anchor, End, Line, Net, Routes, Trunk, gutters, routed, tracks

STEP = 8
"""Between two tracks of a gutter."""
SIDE = 24
"""Between a card and the first track: room for the ends of lines, and for the edge of a panel."""
OUTER = 16
"""From a panel's edge to the next card's."""


@dataclass(frozen=True, slots=True)
class Place:
    """A card's or a panel's corner and size."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Branch:
    """From a trunk at `x` to `to`: a card's edge, or in a gap towards the trunk in the next gutter. They meet
    half-way there, and `end` is None."""

    y: int
    x: int
    to: int
    end: End | None


@dataclass(frozen=True, slots=True)
class Wire:
    """A net's trunk at `x`, and its branches from the top."""

    x: int
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Layout:
    """All places. `wires` by net."""

    width: int
    height: int
    cards: Mapping[str, Place]
    panels: Sequence[tuple[str, Place]]
    nets: Sequence[tuple[Net, Sequence[Wire]]]
    faces: Mapping[str, Card]


def layout(diagram: Diagram) -> Layout:
    """Lay a diagram out, from 0 downward."""
    cards = {box.name: card(box, diagram.is_comparison) for box in diagram.boxes}
    arrangement = arranged(diagram, cards)
    routes = routed(diagram, arrangement, cards, stacked(arrangement, cards, {}))
    stack = stacked(arrangement, cards, routes.lines())
    return _Ruler(arrangement, cards, routes, stack).layout()


class _Ruler:
    """Measures what has been arranged and routed."""

    def __init__(self, arrangement: Arrangement, cards: Mapping[str, Card], routes: Routes, stack: Stack) -> None:
        self._arrangement = arrangement
        self._cards = cards
        self._routes = routes
        self._stack = stack
        self._order = {gap: {net: place for place, net in enumerate(nets)} for gap, nets in routes.gaps.items()}
        self._track: dict[tuple[int, int], int] = {}
        self._count: dict[int, int] = {}
        for gutter, trunks in gutters(routes):
            found = tracks([self._line(trunk) for trunk in trunks])
            self._track.update({(trunk.net, gutter): place for trunk, place in zip(trunks, found, strict=True)})
            self._count[gutter] = max(found) + 1
        self._lefts, self._widths, self._width = self._columns()

    def layout(self) -> Layout:
        """All of it in points."""
        nets = [(net, [self._wire(trunk) for trunk in net.trunks]) for net in self._routes.nets]
        places = {}
        panels = []
        for panel, (top, bottom) in zip(self._arrangement.panels, self._stack.panels, strict=True):
            for column, names in enumerate(panel.columns, panel.first):
                for name in names:
                    size = self._widths[column], self._cards[name].height
                    places[name] = Place(self._lefts[column], self._stack.cards[name], *size)
            last = panel.first + len(panel.columns) - 1
            left = self._lefts[panel.first] - OUTER
            right = self._lefts[last] + self._widths[last] + OUTER
            panels.append((panel.name, Place(left, top, right - left, bottom - top)))
        height = self._stack.bottom + 20
        return Layout(self._width, height, places, panels, nets, self._cards)

    def _line(self, trunk: Trunk) -> Line:
        lefts, rights = (
            tuple(self._level(anchor, trunk.net) for anchor in side) for side in (trunk.lefts, trunk.rights)
        )
        return Line(trunk, lefts, rights)

    def _level(self, anchor: Anchor, net: int) -> int:
        if isinstance(anchor, End):
            return self._stack.cards[anchor.card] + self._cards[anchor.card].level(anchor.column) + anchor.offset
        order = self._order[anchor]
        return self._stack.track(anchor, order[net], len(order))

    def _columns(self) -> tuple[list[int], list[int], int]:
        """Left edges and widths of the columns, and of all."""
        widths = [0] * self._arrangement.count
        for panel in self._arrangement.panels:
            for column, names in enumerate(panel.columns, panel.first):
                widths[column] = max([widths[column], *(self._cards[name].width for name in names)])
        lefts = []
        x = 0
        for column, width in enumerate(widths):
            x += self._gutter(column)
            lefts.append(x)
            x += width
        return lefts, widths, x + self._gutter(self._arrangement.count)

    def _gutter(self, number: int) -> int:
        count = self._count.get(number, 0)
        if number in (0, self._arrangement.count):
            return 36 + (STEP * count + 8 if count else 0)
        return max(2 * SIDE + STEP * max(count - 1, 0), 2 * OUTER + 24)

    def _x(self, net: int, gutter: int) -> int:
        """Of a net's trunk. Tracks count from the cards on their left; the first gutter's end at those on the right."""
        track = self._track[net, gutter]
        if gutter == 0:
            return self._lefts[0] - SIDE - STEP * (self._count[0] - 1 - track)
        return self._edge(gutter - 1) + SIDE + STEP * track

    def _edge(self, column: int) -> int:
        return self._lefts[column] + self._widths[column]

    def _wire(self, trunk: Trunk) -> Wire:
        x = self._x(trunk.net, trunk.gutter)
        branches = []
        for anchors, side in ((trunk.lefts, -1), (trunk.rights, 1)):
            for anchor in anchors:
                y = self._level(anchor, trunk.net)
                if isinstance(anchor, End):
                    edge = self._edge(trunk.gutter - 1) if side < 0 else self._lefts[trunk.gutter]
                    branches.append(Branch(y, x, edge, anchor))
                else:
                    beyond = self._x(trunk.net, trunk.gutter + side)
                    branches.append(Branch(y, x, (x + beyond) // 2, None))
        return Wire(x, tuple(sorted(branches, key=lambda each: (each.y, each.to))))
