"""What a server keeps from a user, and so no comparison can tell missing: for a server shows less without a word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from giveaminute.versioning.schema import Schema, Table, View

TRIGGERS = "triggers"
ROUTINES = "functions and procedures"


@dataclass(frozen=True)
class Unseen:
    """`kinds`: TRIGGERS and ROUTINES where this user's rights show none; names of what shows no text."""

    kinds: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    routines: frozenset[tuple[str, str]] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        """What is left out, a line each."""
        texts = [f"view {name}" for name in sorted(self.views)]
        texts += [f"{kind.lower()} {name}" for kind, name in sorted(self.routines)]
        return (
            *(f"{kind} cannot be seen with these rights" for kind in sorted(self.kinds)),
            *(f"the text of {name} cannot be seen with these rights" for name in texts),
        )

    def left_out(self, schema: Schema) -> Schema:
        """The schema without them, whoever saw it; tables that lose nothing stay the same objects."""
        if not (self.kinds or self.views or self.routines):
            return schema
        routines = {
            key: each
            for key, each in schema.routines.items()
            if ROUTINES not in self.kinds and key not in self.routines
        }
        views = {name: self._view(each) for name, each in schema.views.items() if name not in self.views}
        tables = {name: self._table(each) for name, each in schema.tables.items()}
        return replace(schema, tables=tables, views=views, routines=routines)

    def _table(self, table: Table) -> Table:
        return replace(table, triggers=()) if TRIGGERS in self.kinds and table.triggers else table

    def _view(self, view: View) -> View:
        return replace(view, triggers=()) if TRIGGERS in self.kinds and view.triggers else view


NOTHING = Unseen()


def unseen(kinds: Collection[str], live: Schema) -> Unseen:
    """Of what a user who does not see these kinds was shown. No view and no routine is without a text."""
    return Unseen(
        frozenset(kinds),
        frozenset(name for name, each in live.views.items() if not each.definition and not each.source),
        frozenset(key for key, each in live.routines.items() if not each.body),
    )
