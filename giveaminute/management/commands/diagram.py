"""Draw the tables and their references as SVG or Mermaid, and with --from what changes between two versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.command import DATABASE, JSON, REPOSITORY, Option

if TYPE_CHECKING:
    from collections.abc import Callable

    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.diagrams import Diagram

FORMATS = {"svg": (".svg",), "mermaid": (".mmd", ".mermaid", ".md")}

OPTIONS = (
    Option("from_", "Colour what changes since this version: a number, head, +N or -N, or live for what is there now."),
    Option("to", "The version to draw (default: head); also live."),
    Option("file", "Where to write it: .svg, .mmd or .md (default: stdout)."),
    Option("format", "svg or mermaid (default: by the file's ending, else svg)."),
    Option("enforced", "Leave out the references that only a column's name tells.", flag=True),
    *DATABASE,
    REPOSITORY,
    JSON,
)


@dataclass(frozen=True)
class Drawing:
    """What was drawn. `file`: where it was written; None where `text` is the result.

    `tables`: their names, by what becomes of them; `changes`: every difference in words.
    """

    title: str
    format: str
    file: Path | None
    tables: dict[str, tuple[str, ...]]
    changes: tuple[str, ...]
    text: str | None


def execute(
    settings: Settings,
    console: Console,
    from_: object = None,
    to: object = None,
    file: object = None,
    format: object = None,
    enforced: bool = False,
) -> Drawing:
    """The drawing; the configured database is only asked, and only where the versions are told by it."""
    from giveaminute.versioning import textfile
    from giveaminute.versioning.diagram import drawn
    from giveaminute.versioning.repository import Repository

    path = None if file is None else _path(str(file))
    kind = _format(path, None if format is None else str(format))
    end, start = "head" if to is None else str(to), None if from_ is None else str(from_)
    diagram = drawn(settings.url, Repository(settings.repository), end, start, enforced=enforced)
    text = _renderer(kind, path)(diagram)
    if path is not None:
        textfile.replace(path, text)
    return Drawing(diagram.title, kind, path, _tables(diagram), diagram.changes, text if path is None else None)


def _path(text: str) -> Path:
    """Where to write; a link's target. Raises UsageError for what is no file, or in no folder."""
    path = Path(text)
    if not text or path.is_dir():
        raise UsageError(f"--file «{text}» names no file.", "Give a name such as schema.svg.")
    path = _target(path)
    if path.exists() and not path.is_file():
        raise UsageError(f"--file «{text}» is no regular file.", "Leave --file out to have it on stdout.")
    if not path.parent.is_dir():
        raise UsageError(f"--file «{text}»: there is no folder {path.parent}.", "Make it first; nothing was written.")
    return path


def _target(path: Path) -> Path:
    """What a link leads to, so that the link stays."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:  # RuntimeError before Python 3.13
        raise UsageError(f"--file «{path}» is a link to itself.", "Name another file.") from error


def _format(path: Path | None, format: str | None) -> str:
    if format is not None:
        if format not in FORMATS:
            raise UsageError(f"--format «{format}» is none of {', '.join(FORMATS)}.", "Give one of them.")
        return format
    if path is None:
        return "svg"
    for name, endings in FORMATS.items():
        if path.suffix.lower() in endings:
            return name
    raise UsageError(
        f"--file «{path}»: which format «{path.suffix}» is, is not known.",
        "End it in .svg, .mmd or .md, or say --format svg or --format mermaid.",
    )


def _renderer(format: str, path: Path | None) -> Callable[[Diagram], str]:
    from giveaminute.versioning.diagrams import markdown, mermaid, svg

    if format == "svg":
        return svg
    return markdown if path is not None and path.suffix.lower() == ".md" else mermaid


def _tables(diagram: Diagram) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for box in sorted(diagram.boxes, key=lambda box: box.name):
        found[box.mark.value] = (*found.get(box.mark.value, ()), box.name)
    return found


def show(result: Drawing, console: Console) -> None:
    """The text on stdout, or the file's name; on stderr how much there is."""
    console.result(str(result.file) if result.text is None else result.text.rstrip("\n"))
    counts = ", ".join(f"{len(names)} {mark}" for mark, names in result.tables.items()) or "no tables"
    count = sum(map(len, result.tables.values()))
    told = f"{count} table{'' if count == 1 else 's'}" if set(result.tables) <= {"same"} else counts
    console.say(f"{result.title}: {told}.")
