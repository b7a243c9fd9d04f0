"""Tables as cards: which lines each has, and how large it is. Lengths are pixels at the SVG's natural size.

Everything stands on a grid of 20: rows of neighbouring columns are level, and lines that leave a card are never at the
height of those that pass by. Text is monospaced, a character at most 0.61 of its size wide in any usual font.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from giveaminute.versioning.diagrams.facts import Box, Mark, Row

GRID = 20
HEAD = 30
FOOT = 10
PAD = 12
MARK = 16
KEY = 24
CHARACTER = 7.35
"""Of 12 pixels."""
SMALL = 6.7
"""Of 11 pixels."""
LARGE = 8.0
"""Of 13 pixels, bold."""
LEAST, MOST = 170, 430
MOST_NAME, MOST_TYPE, MOST_DETAIL = 30, 22, 46
"""Characters; what is longer is cut, and whole in the title."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a card: `kind` is row (a column), detail (more of what is above) or note (about the table).

    `title`: what was cut, or is not said otherwise.
    """

    kind: str
    text: str
    type: str = ""
    key: str = ""
    mark: Mark = Mark.SAME
    title: str = ""
    lines: int = 1
    """With the details that belong to it."""


@dataclass(frozen=True)
class Card:
    """A table with its lines; `line_of` says on which one each column is."""

    box: Box
    lines: tuple[Line, ...]
    line_of: Mapping[str, int]
    width: int
    is_marked: bool
    """Whether there is room for marks before the lines."""

    @property
    def name(self) -> str:
        return self.box.name

    @property
    def height(self) -> int:
        """A multiple of GRID."""
        return HEAD + GRID * len(self.lines) + FOOT if self.lines else 2 * GRID

    def level(self, column: str) -> int:
        """How far below the card's top the middle of this column's row is; of the head where it has none."""
        line = self.line_of.get(column)
        return HEAD // 2 if line is None else HEAD + GRID * line + GRID // 2

    @property
    def indent(self) -> int:
        """Where names begin."""
        return PAD + (MARK if self.is_marked else 0) + KEY


def card(box: Box, is_marked: bool) -> Card:
    """A table's card. `is_marked`: it is one of a comparison."""
    lines: list[Line] = []
    line_of: dict[str, int] = {}
    for row in box.rows:
        line_of[row.name] = len(lines)
        lines += _row(row)
    for note in box.notes:
        words = list(wrapped(note.words, MOST_DETAIL))
        lines.append(
            Line("note", words[0], mark=note.mark, title=note.words if len(words) > 2 else "", lines=len(words[:2]))
        )
        lines += [Line("detail", each) for each in words[1:2]]
    return Card(box, tuple(lines), line_of, _width(box, lines, is_marked), is_marked)


def _row(row: Row) -> Iterator[Line]:
    name = fitted(row.name, MOST_NAME)
    type_ = fitted(row.type, min(MOST_TYPE, MOST_DETAIL - cells(name)))
    told = [row.name if name != row.name else "", row.type if type_ != row.type else "", row.comment]
    details = ([f"was {row.formerly}"] if row.formerly else []) + list(row.changes)
    shown = list(joined([part for each in details for part in _parts(each)], MOST_DETAIL))
    cut = [each for each in details if any(cells(part) > MOST_DETAIL for part in _parts(each))]
    title = " · ".join(each for each in (*told, *cut) if each)
    yield Line(
        "row", name, f"{type_}{'?' if row.nullable else ''}", "".join(row.keys[:1]), row.mark, title, 1 + len(shown)
    )
    for each in shown:
        yield Line("detail", each)


def _parts(change: str) -> list[str]:
    """On two lines what is too long for one."""
    was, arrow, now = change.partition(" → ")
    return [was, f"→ {now}"] if arrow and cells(change) > MOST_DETAIL else [change]


def _width(box: Box, lines: list[Line], is_marked: bool) -> int:
    indent = PAD + (MARK if is_marked else 0) + KEY
    said = 16 + SMALL * cells(box.mark.value) + MARK if box.mark is not Mark.SAME else 46 if box.is_view else 0
    widths = [2 * PAD + LARGE * cells(head(box)) + said]
    for line in lines:
        if line.kind == "row":
            widths.append(indent + CHARACTER * cells(line.text) + 18 + CHARACTER * cells(line.type) + PAD)
        else:
            left = indent if line.kind == "detail" else PAD + MARK
            widths.append(left + SMALL * cells(line.text) + PAD)
    return min(max(LEAST, -(-int(max(widths)) // 10) * 10), MOST)


def head(box: Box) -> str:
    """What stands at the top of its card."""
    return fitted(box.name, 40)


def cells(text: str) -> int:
    """How many characters wide a text is: those of East Asia are two, combining ones none."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def fitted(text: str, most: int) -> str:
    """Cut to so many cells."""
    if cells(text) <= most:
        return text
    while cells(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def joined(pieces: list[str], most: int) -> Iterator[str]:
    """The pieces in as few lines as they take, in their order."""
    line = ""
    for piece in pieces:
        piece = fitted(piece, most)
        if line and cells(line) + 2 + cells(piece) > most:
            yield line
            line = ""
        line = f"{line}, {piece}" if line else piece
    if line:
        yield line


def wrapped(text: str, most: int) -> Iterator[str]:
    """The words in lines."""
    line = ""
    for word in text.split() or [""]:
        word = fitted(word, most)
        if line and cells(line) + 1 + cells(word) > most:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line
