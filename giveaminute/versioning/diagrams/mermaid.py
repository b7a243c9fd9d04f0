"""A diagram in Mermaid's language: an `erDiagram` for version 11.5 and newer.

Older ones, from 10.5 on, take it where nothing is compared and names are in ASCII.

Mermaid draws what it is given in its own places and knows no groups: tables come group by group. It colours whole
tables and no attributes: what became of a column stands in its comment, that of a reference in its label. Its grammar
takes no name or type as it is with blanks, quotes, or signs of its own in it; such a one is written with `_` or a
similar sign, and the exact one stands in the comment. The dotted lines are references that only a name tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from giveaminute.versioning.diagrams.facts import Box, Diagram, Link, Mark, Row

_CLASSES = {
    Mark.ADDED: "fill:#dafbe1,stroke:#1a7f37,color:#0b3d1a",
    Mark.REMOVED: "fill:#ffebe9,stroke:#cf222e,color:#6e0b13",
    Mark.CHANGED: "fill:#fff8c5,stroke:#9a6700,color:#4d3300",
    Mark.RENAMED: "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
}
_SIMILAR = str.maketrans(
    {'"': "ʺ", "%": "％", "\\": "∖", "<": "‹", ">": "›", "#": "＃", ";": "；", "&": "＆", "`": "ʹ", "~": "∼"}
)
_WORD = re.compile("[^A-Za-z0-9_\u00c0-\ud7ff]")
_DIRECTION = re.compile("(direction) (?=TB|BT|LR|RL)", re.IGNORECASE)
"""Wherever that stands, even in quotes, Mermaid may take it for its own."""
_ROLE = re.compile(r"[pfu]k(?![A-Za-z0-9_])", re.IGNORECASE)


def mermaid(diagram: Diagram) -> str:
    """The text of a diagram, ending in a line's end."""
    return "".join(f"{line}\n" for line in _lines(diagram))


def markdown(diagram: Diagram) -> str:
    """The same in a Markdown file, as GitHub, GitLab and others show it."""
    heading = re.sub(r"([\\*_`\[\]])", r"\\\1", _text(diagram.title or "Tables"))
    return f"# {heading}\n\n```mermaid\n{mermaid(diagram)}```\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    names = _Names.of(diagram)
    if diagram.title:
        title = json.dumps(_text(diagram.title), ensure_ascii=False)
        yield from ("---", f"title: {title}", "---")
    yield "erDiagram"
    for group in diagram.groups:
        yield f"    %% {_text(group.name) or 'others'}"
        for box in group.boxes:
            yield from _entity(box, names)
    for link in diagram.links:
        yield _relationship(link, names)
    for mark, look in _CLASSES.items():
        if any(box.mark is mark for box in diagram.boxes):
            yield f"    classDef {mark.value} {look}"
    for note in diagram.notes:
        yield f"    %% {_text(note.words)}"


@dataclass(frozen=True)
class _Names:
    """What tables are called in the text: as they are where Mermaid takes that, and no two alike."""

    quoted: Mapping[str, str]

    @classmethod
    def of(cls, diagram: Diagram) -> _Names:
        found: dict[str, str] = {}
        for box in diagram.boxes:
            name = re.sub(r"\s", "_", _text(box.name)) or "_"
            if name in found.values():
                name = next(each for n in range(2, len(found) + 3) if (each := f"{name}_{n}") not in found.values())
            found[box.name] = name
        return cls({name: f'"{each}"' for name, each in found.items()})


def _text(text: str) -> str:
    """On one line, and without what means something to Mermaid or to the page that it is in."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return _DIRECTION.sub(r"\1_", " ".join(plain.translate(_SIMILAR).split()))


def _word(text: str) -> str:
    """As an attribute's name."""
    word = _WORD.sub("_", text) or "_"
    return f"_{word}" if word[0].isdigit() or _ROLE.match(word) else word


def _type(text: str) -> str:
    """As an attribute's type: `varchar(64)` is one, of `decimal(9,6)` and `int unsigned` the first word is."""
    found = re.match(r"[A-Za-z_][A-Za-z0-9_]*(\([0-9]+\))?", text)
    return found[0] if found and not _ROLE.match(found[0]) else _word(text.split("(")[0])


def _entity(box: Box, names: _Names) -> Iterator[str]:
    called = names.quoted[box.name]
    if box.mark is not Mark.SAME:
        formerly = f" (was {_text(box.formerly)})" if box.formerly else ""
        called += f'["{box.mark.sign} {called[1:-1]}{formerly}"]:::{box.mark.value}'
    if not box.rows:
        yield f"    {called}"
    else:
        yield f"    {called} {{"
        yield from (f"        {_attribute(row)}" for row in box.rows)
        yield "    }"
    for note in box.notes:
        yield f"    %% {_text(box.name)}: {note.mark.value}: {_text(note.words)}"


def _attribute(row: Row) -> str:
    keys = f" {', '.join(row.keys)}" if row.keys else ""
    name, type_ = _word(row.name), _type(row.type)
    said = [] if row.mark is Mark.SAME else [row.mark.value + (f" from {row.formerly}" if row.formerly else "")]
    said += row.changes
    said += [f"«{row.name}»"] if name != row.name else []
    said += [row.type] if type_ != row.type else []
    said += [row.comment] if row.comment else []
    comment = f' "{_text(" · ".join(said))}"' if said else ""
    return f"{type_} {name}{keys}{comment}"


def _relationship(link: Link, names: _Names) -> str:
    parent, child = ("|o" if link.optional else "||"), ("o|" if link.single else "o{")
    line = ".." if link.implied else "--"
    mark = "" if link.mark is Mark.SAME else f" ({link.mark.value})"
    label = _text(f"{', '.join(link.columns)}{mark}")
    return f'    {names.quoted[link.parent]} {parent}{line}{child} {names.quoted[link.child]} : "{label}"'
