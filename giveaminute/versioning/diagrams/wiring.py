"""The lines of a diagram: trunks, branches with round corners, and the crow's feet at their ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from giveaminute.versioning.diagrams.facts import Mark
from giveaminute.versioning.diagrams.layout import Branch, Wire
from giveaminute.versioning.diagrams.routing import Net
from giveaminute.versioning.diagrams.style import look
from giveaminute.versioning.diagrams.texts import text

ROUND = 6
"""Of a corner's radius."""
FOOT = 10
"""How far a crow's foot reaches from the card."""
DASHES = ' stroke-dasharray="4 3"'


def wiring(net: Net, wires: Sequence[Wire]) -> Iterator[str]:
    """One net, with its references as its title."""
    marked = net.mark is not Mark.SAME
    kind = f"er-{net.mark.value}-line" if marked else "er-line"
    words = "; ".join(_words(link.words, net) for link in net.links)
    yield f'<g class="er-link" role="img"><title>{text(words)}</title>'
    dashes = DASHES if net.implied else ""
    wide = ' stroke-width="2.5"' if marked else ""
    for wire in wires:
        yield f'<path {look(kind)}{wide}{dashes} d="{_trunk(wire)}"/>'
        yield from (
            f'<circle {look(f"er-{net.mark.value}" if marked else "er-dot")} cx="{wire.x}" cy="{branch.y}" r="2.5"/>'
            for branch in wire.branches[1:-1]
        )
        for branch in wire.branches:
            if branch.end is not None:
                yield from _end(branch, net, kind)
    yield "</g>"


def _words(words: str, net: Net) -> str:
    kind = "by name only" if net.implied else "foreign key"
    return f"{words} ({kind}{'' if net.mark is Mark.SAME else f', {net.mark.value}'})"


def _trunk(wire: Wire) -> str:
    """From the uppermost branch down to the lowest with round corners, then the branches between."""
    first, last = wire.branches[0], wire.branches[-1]
    radius = min(ROUND, (last.y - first.y) // 2)
    pieces = [
        f"M{first.to} {first.y}H{wire.x + _sign(first, wire) * radius}Q{wire.x} {first.y} {wire.x} {first.y + radius}",
        f"V{last.y - radius}Q{wire.x} {last.y} {wire.x + _sign(last, wire) * radius} {last.y}H{last.to}",
    ]
    pieces += [f"M{wire.x} {branch.y}H{branch.to}" for branch in wire.branches[1:-1]]
    return "".join(pieces)


def _sign(branch: Branch, wire: Wire) -> int:
    return 1 if branch.to > wire.x else -1


def _end(branch: Branch, net: Net, kind: str) -> Iterator[str]:
    """A crow's foot where many rows can be, a bar where one, a ring where none."""
    assert branch.end is not None
    x, y = branch.to, branch.y
    out = 1 if branch.x > branch.to else -1
    link = branch.end.link
    wide = ' stroke-width="2"' if net.mark is not Mark.SAME else ""
    if link is not None and not link.single:
        yield f'<path {look(kind)}{wide} d="M{x} {y - 5}L{x + FOOT * out} {y}L{x} {y + 5}"/>'
        return
    yield f'<path {look(kind)}{wide} d="M{x + 7 * out} {y - 5}V{y + 5}"/>'
    if (link is None and net.optional) or link is not None:
        ring = "er-open" if net.mark is Mark.SAME else f"er-{net.mark.value}-open"
        yield f'<circle {look(ring)}{wide} cx="{x + 13 * out}" cy="{y}" r="3.5"/>'
