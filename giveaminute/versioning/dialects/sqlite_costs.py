"""What a statement costs on SQLite: all of a step is one write transaction, and writers wait until it ends."""

from __future__ import annotations

from collections.abc import Mapping

from giveaminute.versioning.dialects.base import Cursor, OpenDatabase
from giveaminute.versioning.dialects.costs import Blocks, Cost, Costs, Size
from giveaminute.versioning.sqltokens import Syntax, tokens


class SQLiteCosts(Costs):
    """A rebuild is several statements here, of which the copy of the rows is one; the server has no say."""

    def send(self, cursor: Cursor, statement: str) -> Cost:
        cursor.execute(statement)
        words = [word.upper() for word in tokens(statement, Syntax.SQLITE)]
        # DROP COLUMN rewrites every row; the other forms of ALTER TABLE only the schema («ALTER TABLE» in its manual).
        rebuilds = words[:2] == ["ALTER", "TABLE"] and "DROP" in words
        return Cost(rebuilds=rebuilds, blocks=Blocks.WRITES)

    def of_change(self, database: OpenDatabase, table: str | None) -> Cost:
        return Cost(rebuilds=bool(table and table.startswith("migrate_rebuilt_")) or None, blocks=Blocks.WRITES)

    def server(self, database: OpenDatabase) -> str:
        return f"SQLite {database.scalar('SELECT sqlite_version()')}"

    def sizes(self, database: OpenDatabase) -> Mapping[str, Size]:
        return {}
