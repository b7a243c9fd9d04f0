"""Parts of a schema in a few words each, for the sentences of a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from giveaminute.versioning.schema import Check, Column, ForeignKey, Index, IndexPart, Routine


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def generated(column: Column) -> str | None:
    """A generated column's expression and whether it is stored; None for others."""
    return f"({column.generated}) {'STORED' if column.stored else 'VIRTUAL'}" if column.generated is not None else None


def comment_text(comment: str) -> str:
    """A comment in guillemets; empty for none."""
    return f"«{comment}»" if comment else ""


def parts_text(parts: Sequence[IndexPart]) -> str:
    """The columns of an index or key in parentheses; empty for none."""
    return f"({', '.join(str(part) for part in parts)})" if parts else ""


def index_text(index: Index) -> str:
    """`UNIQUE (a, b(20) DESC)`."""
    kind = "" if index.kind == "btree" else index.kind.upper()
    words = [
        "UNIQUE" if index.unique else "",
        kind,
        parts_text(index.parts),
        f"WHERE {index.where}" if index.where else "",
    ]
    words += ["INVISIBLE" if index.invisible else "", comment_text(index.comment)]
    return " ".join(word for word in words if word)


def foreign_key_text(key: ForeignKey) -> str:
    """`project_id → project.id ON DELETE CASCADE`."""
    target = ", ".join(f"{key.referred_table}.{column}" for column in key.referred_columns)
    rules = [("ON DELETE", key.on_delete), ("ON UPDATE", key.on_update)]
    actions = "".join(f" {when} {action}" for when, action in rules if action != "NO ACTION")
    return f"{', '.join(key.columns)} → {target}{actions}{' INITIALLY DEFERRED' if key.deferred else ''}"


def check_text(check: Check) -> str:
    """The expression, and whether it is enforced."""
    return check.expression if check.enforced else f"{check.expression} NOT ENFORCED"


def determinism(routine: Routine) -> str:
    """As in CREATE FUNCTION."""
    return "DETERMINISTIC" if routine.deterministic else "NOT DETERMINISTIC"
