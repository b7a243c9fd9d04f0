"""From one schema, or from two of them, to the facts of a diagram."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.versioning.compare import Kind, compare
from giveaminute.versioning.diagrams.boxes import WORDING, boxes
from giveaminute.versioning.diagrams.facts import Diagram, Mark, Note
from giveaminute.versioning.diagrams.groups import groups
from giveaminute.versioning.diagrams.links import links
from giveaminute.versioning.diagrams.renames import Renames, renames, with_new_names
from giveaminute.versioning.schema import Schema


def diagram(after: Schema, before: Schema | None = None, *, title: str = "", implied: bool = True) -> Diagram:
    """What `after` is; with `before`, what became of it. Without `implied` only the references that are enforced."""
    found = Renames() if before is None else renames(before, after)
    old = None if before is None else with_new_names(before, found)
    drawn = list(boxes(after, old, found))
    references = [link for link in links(after, old) if implied or not link.implied]
    return Diagram(
        title,
        groups(drawn, references),
        tuple(references),
        before is not None,
        tuple(_notes(old, after)),
        tuple(_changes(old, after, found)),
    )


def _notes(before: Schema | None, after: Schema) -> Iterator[Note]:
    """What no table or view shows: routines, and the database's defaults."""
    differences = compare(before, after, WORDING) if before is not None else []
    told = {each.name for each in differences if each.kind is Kind.DATABASE}
    for each in differences:
        is_twice = each.name == "default charset" and "default collation" in told  # which implies its charset
        if each.kind is Kind.ROUTINE or (each.kind is Kind.DATABASE and not is_twice):
            mark = Mark.CHANGED
            if each.words.endswith(f" {WORDING.extra}"):
                mark = Mark.ADDED
            elif each.words.endswith(f" {WORDING.missing}"):
                mark = Mark.REMOVED
            yield Note(mark, each.words)


def _changes(before: Schema | None, after: Schema, found: Renames) -> Iterator[str]:
    if before is None:
        return
    for old, new in sorted(found.tables.items()):
        yield f"table {old} is renamed {new}"
    for table, names in sorted(found.columns.items()):
        for old, new in names.items():
            yield f"{table}: column {old} is renamed {new}"
    yield from (each.words for each in compare(before, after, WORDING))
