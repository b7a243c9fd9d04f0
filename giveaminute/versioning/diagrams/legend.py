"""What stands above the tables: the title, how much there is, what the marks mean, and what is no table's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from giveaminute.versioning.diagrams.cards import CHARACTER, SMALL, cells, fitted, wrapped
from giveaminute.versioning.diagrams.facts import Diagram, Mark, Note
from giveaminute.versioning.diagrams.style import look
from giveaminute.versioning.diagrams.texts import text

LEFT = 20
LINE = 24
SAMPLE = 34
"""What a drawn sample takes."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An explanation; `sample` is drawn before it."""

    sample: str
    words: str
    kind: str = ""


def legend(diagram: Diagram, described: str, width: int) -> tuple[int, list[str]]:
    """Its height, and its elements."""
    room = width - 2 * LEFT
    title = fitted(diagram.title or "Tables", int(room / 11.5))
    lines = [f'<text {look("er-text")} x="{LEFT}" y="34" font-size="18" font-weight="700">{text(title)}</text>']
    y = 36
    for words in wrapped(described, int(room / CHARACTER)):
        y += 20
        lines.append(f'<text {look("er-dim")} x="{LEFT}" y="{y}">{text(words)}</text>')
    y += 26
    for row in _rows(list(_items(diagram)), room):
        x = LEFT
        for item in row:
            lines += _drawn(item, x, y)
            x += _width(item)
        y += LINE
    for note in diagram.notes:
        lines += _note(note, y, room)
        y += LINE
    return y, lines


def _items(diagram: Diagram) -> Iterator[_Item]:
    if diagram.is_comparison:
        for mark in (Mark.ADDED, Mark.REMOVED, Mark.CHANGED, Mark.RENAMED):
            words = "renamed, by the look of it" if mark is Mark.RENAMED else mark.value
            yield _Item("mark", words, mark.value)
    if any(not link.implied for link in diagram.links):
        yield _Item("line", "foreign key")
    if any(link.implied for link in diagram.links):
        yield _Item("dashes", "reference by name only")
    if diagram.links:
        yield _Item("many", "many rows")
        yield _Item("one", "one row")
        yield _Item("none", "one or none")
    yield _Item("", "PK primary, FK foreign, UK unique key")
    yield _Item("", "? may be NULL")


def _width(item: _Item) -> int:
    return (SAMPLE if item.sample else 0) + int(SMALL * cells(item.words)) + 24


def _rows(items: Sequence[_Item], room: int) -> Iterator[list[_Item]]:
    row: list[_Item] = []
    for item in items:
        if row and sum(map(_width, row)) + _width(item) > room + 24:
            yield row
            row = []
        row.append(item)
    yield row


def _drawn(item: _Item, x: int, y: int) -> Iterator[str]:
    middle = y - 4
    if item.sample == "mark":
        mark = Mark(item.kind)
        yield f'<rect {look(f"er-{mark.value}-tint")} x="{x}" y="{y - 14}" width="26" height="19" rx="4"/>'
        yield (
            f'<text {look(f"er-{mark.value}")} x="{x + 13}" y="{y}" text-anchor="middle" font-weight="700">'
            f"{mark.sign}</text>"
        )
    elif item.sample:
        dashes = ' stroke-dasharray="4 3"' if item.sample == "dashes" else ""
        yield f'<path {look("er-line")} fill="none" stroke-width="1.5"{dashes} d="M{x} {middle}h26"/>'
        yield from _end(item.sample, x + 26, middle)
    start = x + (SAMPLE if item.sample else 0)
    yield f'<text {look("er-dim")} x="{start}" y="{y}" font-size="11">{text(item.words)}</text>'


def _end(kind: str, x: int, y: int) -> Iterator[str]:
    line = f'<path {look("er-line")} fill="none" stroke-width="1.5"'
    if kind == "many":
        yield f'{line} d="M{x} {y - 5}l-10 5l10 5"/>'
    elif kind in ("one", "none"):
        yield f'{line} d="M{x - 7} {y - 5}v10"/>'
    if kind == "none":
        yield f'<circle {look("er-open")} stroke-width="1.5" cx="{x - 13}" cy="{y}" r="3.5"/>'


def _note(note: Note, y: int, room: int) -> Iterator[str]:
    words = fitted(note.words, int((room - 20) / CHARACTER))
    full = f"<title>{text(note.words)}</title>" if words != note.words else ""
    if note.mark is not Mark.SAME:
        yield f'<text {look(f"er-{note.mark.value}")} x="{LEFT}" y="{y}" font-weight="700">{note.mark.sign}</text>'
    yield f'<text {look("er-text")} x="{LEFT + 18}" y="{y}">{full}{text(words)}</text>'
