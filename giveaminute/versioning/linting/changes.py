"""The rules about one statement, judged when it is sent: pure."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.versioning import mentions
from giveaminute.versioning.dialects.costs import Blocks, Cost
from giveaminute.versioning.linting import rules, sizes, statements
from giveaminute.versioning.linting.facts import Observed, Seen
from giveaminute.versioning.linting.faults import Fault
from giveaminute.versioning.linting.lineage import Followed, Lineage
from giveaminute.versioning.statementkinds import StatementKind
from giveaminute.versioning.touched import ObjectKind, touched

_FOREIGN_KEY = "The foreign key is checked against every row while the table is copied and writes wait."


def of_statement(seen: Seen, observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    """What is wrong with it; `lineage` stands before it."""
    if seen.what is StatementKind.CHANGE:
        yield from _change(seen, observed, lineage)
    elif seen.what is StatementKind.DEFINITION:
        if seen.refusal is None:
            yield from _cost(seen, observed, lineage)
        yield from _refused(seen)
        yield from _emptied(seen, observed, lineage)


def _cost(seen: Seen, observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    """Who waits, and what is written anew, of a table with rows: one that was there before."""
    verb = statements.words_of(seen.text, observed.syntax).verb
    if observed.is_server and statements.is_rebuild(seen.text):
        for name in mentions.mentioned(seen.text, observed.syntax, seen.before):
            if lineage.existing(name):
                yield Fault(rules.REWRITES_TABLE, seen, f"{name} is written anew; writes go on")
    if not observed.is_server or verb not in ("ALTER", "CREATE", "DROP"):
        return
    names = [each.name for each in touched(seen.text) or () if each.kind is ObjectKind.TABLE]
    table = next((name for name in names if lineage.existing(name)), None)
    if table is None:
        return
    cost, algorithm = seen.cost, f" ({seen.cost.algorithm})" if seen.cost.algorithm else ""
    blocks = cost.blocks in (Blocks.WRITES, Blocks.EVERYTHING) and cost.algorithm != "INSTANT"
    if cost == Cost():
        if verb == "ALTER":
            words = f"what it does to {table} the server does not say: take it for a copy while writes wait"
            yield Fault(rules.BLOCKS_WRITES, seen, words)
    elif blocks:
        who = "reads and writes" if cost.blocks is Blocks.EVERYTHING else "writes"
        what = f"{table} is copied" if cost.rebuilds else f"{table} is changed"
        yield Fault(rules.BLOCKS_WRITES, seen, f"{what}{algorithm} while {who} wait", *_advice(seen, observed))
    elif cost.rebuilds:
        yield Fault(rules.REWRITES_TABLE, seen, f"{table} is written anew{algorithm}; writes go on")


def _advice(seen: Seen, observed: Observed) -> tuple[str, str]:
    """More exact words for the frequent reasons."""
    words = statements.words_of(seen.text, observed.syntax).upper
    if "FOREIGN" in words and "ADD" in words:
        return _FOREIGN_KEY, ""
    return "", ""


def _change(seen: Seen, observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    name = statements.target(seen.text, observed.syntax, [*seen.before, *observed.views])
    table = lineage.existing(name)
    if table is None:
        if name in observed.views and name not in seen.before:
            yield from _change_through(str(name), seen, observed)
        return
    verb = statements.words_of(seen.text, observed.syntax).verb
    if not seen.batched:
        yield from _unbounded(seen, observed, lineage, str(name))
    if verb == "DELETE" and not _may_go(table, observed):
        yield Fault(rules.LOSES_DATA, seen, f"rows of {name} are deleted", instead=_keep_rows(table))
    if statements.is_overwriting(seen.text, observed.syntax) and not _may_go(table, observed):
        yield Fault(
            rules.LOSES_DATA,
            seen,
            f"REPLACE deletes the row of {name} that has the same key, with the columns that it does not name",
            instead="Say what becomes of the row that is there: INSERT … ON DUPLICATE KEY UPDATE, SQLite: ON CONFLICT.",
        )


def _change_through(view: str, seen: Seen, observed: Observed) -> Iterator[Fault]:
    """A change of the rows that a view shows, whose ways down are not followed."""
    verb = statements.changes_every_row(seen.text, observed.syntax, observed.views[view])
    if verb is not None and not seen.batched:
        yield Fault(rules.UNBOUNDED_UPDATE, seen, f"{verb} of every row of the view {view}")
    if statements.words_of(seen.text, observed.syntax).verb == "DELETE" and not observed.irreversible:
        yield Fault(rules.LOSES_DATA, seen, f"rows are deleted through the view {view}")


def _unbounded(seen: Seen, observed: Observed, lineage: Lineage, name: str) -> Iterator[Fault]:
    tables = (lineage.existing(each) for each in seen.before)
    columns = {column for table in tables if table is not None for column in table.columns_before()}
    verb = statements.changes_every_row(seen.text, observed.syntax, columns)
    if verb is None:
        return
    has_where = "WHERE" in statements.words_of(seen.text, observed.syntax).upper
    but = "; its WHERE names no column that was there before" if has_where else ", without WHERE"
    batches = f'Work in batches: op.backfill("{name}", "…"), with what stands behind SET.'
    instead = batches if verb == "UPDATE" else "Delete in batches, each with its WHERE; of the whole table, drop it."
    yield Fault(rules.UNBOUNDED_UPDATE, seen, f"{verb} of every row of {name}{but}", instead=instead)


def _emptied(seen: Seen, observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    """TRUNCATE, and partitions that go."""
    if seen.refusal is not None:
        return
    truncates = statements.words_of(seen.text, observed.syntax).verb == "TRUNCATE"
    if not truncates and not statements.empties_partitions(seen.text, observed.syntax):
        return
    names = [each.name for each in touched(seen.text) or () if each.kind is ObjectKind.TABLE]
    names = names or list(seen.before)
    for name in names:
        table = lineage.existing(name)
        if table is not None and not _may_go(table, observed):
            what = f"all rows of {name} are" if truncates else f"the rows of a partition of {name} are"
            yield Fault(rules.LOSES_DATA, seen, f"{what} thrown away", instead=_keep_rows(table))


def _refused(seen: Seen) -> Iterator[Fault]:
    if seen.refusal is not None and seen.refusal[0] in sizes.REFUSALS:
        yield Fault(rules.ROW_TOO_LARGE, seen, f"the server refuses it: {seen.refusal[1]}")


def _may_go(table: Followed, observed: Observed) -> bool:
    """Whether it was declared that the rows go, or they lie somewhere else."""
    assert table.start is not None
    return observed.irreversible or table.start.name in observed.declared_lost or table.is_safe()


def _keep_rows(table: Followed) -> str:
    assert table.start is not None
    name = table.start.name
    return (
        f'Keep them first: op.keep("{name}", where, reason="…"); or say that they may go: loses = {{"{name}": "why"}}.'
    )
