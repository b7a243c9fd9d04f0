"""A diagram as SVG: a file, or a part of a page. No script, no reference to anything outside, no `style` attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from giveaminute.versioning.diagrams.cards import GRID, HEAD, KEY, MARK, PAD, Card, Line, head
from giveaminute.versioning.diagrams.facts import Box, Diagram, Group, Mark
from giveaminute.versioning.diagrams.layout import Layout, Place, layout
from giveaminute.versioning.diagrams.legend import legend
from giveaminute.versioning.diagrams.style import STYLE, look
from giveaminute.versioning.diagrams.texts import attribute, text
from giveaminute.versioning.diagrams.wiring import wiring

MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
LEAST_WIDTH = 680


def svg(diagram: Diagram, *, standalone: bool = True) -> str:
    """The drawing, ending in a line's end. `standalone`: a file with its own colours, light and dark.

    Without it, it is to be put into a page as it is; the page brings `STYLE`, or it is drawn in light colours.
    """
    return "".join(f"{line}\n" for line in _lines(diagram, standalone))


def _lines(diagram: Diagram, standalone: bool) -> Iterator[str]:
    laid = layout(diagram)
    width = max(laid.width, LEAST_WIDTH)
    top, lines = legend(diagram, _described(diagram), width)
    height = top + laid.height
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    yield (
        f'<svg{namespace} class="er" role="graphics-document" aria-roledescription="diagram" width="{width}"'
        f' height="{height}" viewBox="0 0 {width} {height}" font-family="{MONO}" font-size="12">'
    )
    yield f"<title>{text(diagram.title or 'Tables')}</title>"
    yield f"<desc>{text(_described(diagram))}</desc>"
    if standalone:
        yield f"<style>\n{STYLE}</style>"
    yield f'<rect {look("er-page")} width="{width}" height="{height}"/>'
    yield from lines
    yield f'<g transform="translate(0 {top})">'
    yield from (f'<rect {look("er-panel")} {_rect(place)} rx="10"/>' for _, place in laid.panels)
    yield '<g fill="none" stroke-width="1.5">'
    for net, wires in laid.nets:
        yield from wiring(net, wires)
    yield "</g>"
    for group, (_, place) in zip(diagram.groups, laid.panels, strict=True):
        yield from _group(group, place, laid)
    yield "</g>"
    yield "</svg>"


def _described(diagram: Diagram) -> str:
    """How much there is, and how much of it is marked how."""
    boxes = list(diagram.boxes)
    views = sum(box.is_view for box in boxes)
    implied = sum(link.implied for link in diagram.links)
    counts = [
        _counted(len(boxes) - views, "table"),
        _counted(views, "view") if views else "",
        _counted(len(diagram.links) - implied, "foreign key"),
        f"{_counted(implied, 'reference')} by name only" if implied else "",
    ]
    told = ", ".join(each for each in counts if each)
    if not diagram.is_comparison:
        return f"{told}."
    marks = Counter(box.mark for box in boxes)
    changed = ", ".join(f"{marks[mark]} {mark.value}" for mark in Mark if mark is not Mark.SAME and marks[mark])
    return f"{told}; {changed or 'none changed'}."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rect(place: Place) -> str:
    return f'x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}"'


def _group(group: Group, place: Place, laid: Layout) -> Iterator[str]:
    name = group.name or ("others" if len(laid.panels) > 1 else "tables")
    label = f"{name}, {_counted(len(group.boxes), 'table')}"
    yield f'<g class="er-group" role="group" aria-label={attribute(label)}>'
    yield (
        f'<text {look("er-dim")} x="{place.x + 16}" y="{place.y + 22}" font-size="13" font-weight="600">'
        f"{text(name)}</text>"
    )
    for box in group.boxes:
        yield from _card(laid.faces[box.name], laid.cards[box.name])
    yield "</g>"


def _card(card: Card, place: Place) -> Iterator[str]:
    """One table, drawn from its own corner."""
    box = card.box
    frame = "er-card" if box.mark is Mark.SAME else f"er-{box.mark.value}-frame"
    dashes = ' stroke-dasharray="5 4"' if box.is_view else ""
    stroke = "1" if box.mark is Mark.SAME else "2"
    yield (
        f'<g class="er-table" role="group" aria-label={attribute(_label(box))}'
        f' transform="translate({place.x} {place.y})">'
    )
    if box.comment or head(box) != box.name:
        yield f"<title>{text(': '.join(each for each in (box.name, box.comment) if each))}</title>"
    yield f'<rect {look(frame)} width="{place.width}" height="{place.height}" rx="6" stroke-width="{stroke}"{dashes}/>'
    yield from _head(card, place)
    for number, line in enumerate(card.lines):
        yield from _line(card, line, HEAD + GRID * number, place.width)
    yield "</g>"


def _label(box: Box) -> str:
    formerly = f" from {box.formerly}" if box.formerly else ""
    mark = "" if box.mark is Mark.SAME else f", {box.mark.value}{formerly}"
    return f"{'view' if box.is_view else 'table'} {box.name}{mark}"


def _head(card: Card, place: Place) -> Iterator[str]:
    box = card.box
    bottom = HEAD if card.lines else place.height
    tint = "er-head" if box.mark is Mark.SAME else f"er-{box.mark.value}-tint"
    low = place.width - 7
    corners = f"M1 {bottom}V7a6 6 0 0 1 6-6H{low}a6 6 0 0 1 6 6V{bottom}z"
    if not card.lines:
        corners = f"M1 7a6 6 0 0 1 6-6H{low}a6 6 0 0 1 6 6V{bottom - 7}a6 6 0 0 1-6 6H7a6 6 0 0 1-6-6z"
    yield f'<path {look(tint)} d="{corners}"/>'
    x, y = PAD, bottom // 2 + 5
    if box.mark is not Mark.SAME:
        bold = f'y="{y}" font-size="14" font-weight="700"'
        yield f'<text {look(f"er-{box.mark.value}")} x="{x}" {bold}>{box.mark.sign}</text>'
        x += MARK
    yield f'<text {look("er-text")} x="{x}" y="{y}" font-size="13" font-weight="700">{text(head(box))}</text>'
    said = box.mark.value if box.mark is not Mark.SAME else "view" if box.is_view else ""
    if said:
        kind = "er-dim" if box.mark is Mark.SAME else f"er-{box.mark.value}"
        yield f'<text {look(kind)} x="{place.width - PAD}" y="{y}" font-size="11" text-anchor="end">{said}</text>'


def _line(card: Card, line: Line, y: int, width: int) -> Iterator[str]:
    marked = line.mark is not Mark.SAME
    base = y + 14
    yield "<g>" if not line.title else f"<g><title>{text(line.title)}</title>"
    if marked:
        high = GRID * line.lines
        yield f'<rect {look(f"er-{line.mark.value}-tint")} x="1.5" y="{y}" width="{width - 3}" height="{high}"/>'
        yield f'<text {look(f"er-{line.mark.value}")} x="{PAD}" y="{base}" font-weight="700">{line.mark.sign}</text>'
    if line.kind == "row":
        yield from _row(card, line, base, width)
    else:
        x = card.indent if line.kind == "detail" else PAD + MARK
        yield f'<text {look("er-dim")} x="{x}" y="{base}" font-size="11">{text(line.text)}</text>'
    yield "</g>"


def _row(card: Card, line: Line, base: int, width: int) -> Iterator[str]:
    struck = ' text-decoration="line-through"' if line.mark is Mark.REMOVED else ""
    bold = ' font-weight="700"' if line.key == "PK" else ""
    if line.key:
        yield f'<text {look("er-dim")} x="{card.indent - KEY}" y="{base}" font-size="10">{line.key}</text>'
    yield f'<text {look("er-text")} x="{card.indent}" y="{base}"{bold}{struck}>{text(line.text)}</text>'
    yield f'<text {look("er-dim")} x="{width - PAD}" y="{base}" text-anchor="end">{text(line.type)}</text>'
