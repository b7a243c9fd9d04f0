"""The rules by name, and what is found by them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What is looked for. `why`: what it does to a site in use; `instead`: what to write, where a finding says no more.

    `by_server`: only a MySQL or MariaDB server can tell.
    """

    name: str
    why: str
    instead: str
    by_server: bool = False


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found. `statement`: its number among those sent; `silenced`: the script's reason."""

    rule: str
    file: str
    line: int | None
    statement: int | None
    words: str
    why: str
    instead: str
    silenced: str | None = None


BLOCKS_WRITES = Rule(
    "blocks-writes",
    "While the server changes the table, every write to it waits, and the pages that wrote wait with it.",
    "Find a form that the server does in place, or run it at a quiet time; a large table: invoke upgrade --online.",
    by_server=True,
)
REWRITES_TABLE = Rule(
    "rewrites-table",
    "The server writes the whole table anew beside the old one: time, disk space, and replicas that lag behind.",
    "Put such changes of one table into one ALTER TABLE, so that it is written once; or find a form that is INSTANT.",
    by_server=True,
)
LOSES_DATA = Rule(
    "loses-data",
    "What is gone no downgrade brings back.",
    'Keep it first: op.keep(table, reason=…); or say that it may go: loses = {"table.column": "why"}.',
)
BREAKS_RUNNING_CODE = Rule(
    "breaks-running-code",
    "During a deploy the old code still runs on the new schema, and fails here.",
    "Do it in two releases: first code that no longer needs it, then the migration.",
)
MISSING_FOREIGN_KEY_INDEX = Rule(
    "missing-foreign-key-index",
    "Each change of a referred row looks for the rows that refer to it: without an index through the whole table"
    " (SQLite). MySQL and MariaDB make one unasked, whose name differs from install to install.",
    "Create it before the key: op.create_index(name, table, columns).",
)
ROW_TOO_LARGE = Rule(
    "row-too-large",
    "InnoDB has limits for a row and for a key, which no setting of ours moves.",
    "Shorten the columns, or make long texts sa.Text, which counts a few bytes only.",
)
UNBOUNDED_UPDATE = Rule(
    "unbounded-update",
    "All rows stay locked until the last one is done, replicas lag behind, and a kill rolls back for as long again.",
    "Work in batches: op.backfill(table, set).",
)
RULES = {
    rule.name: rule
    for rule in (
        BLOCKS_WRITES,
        REWRITES_TABLE,
        LOSES_DATA,
        BREAKS_RUNNING_CODE,
        MISSING_FOREIGN_KEY_INDEX,
        ROW_TOO_LARGE,
        UNBOUNDED_UPDATE,
    )
}
"""What a script can silence."""

UNKNOWN_RULE = Rule("unknown-rule", "It silences nothing.", f"The rules are {', '.join(RULES)}.")
NEEDLESS_SILENCING = Rule("needless-silencing", "It would hide what a later edit brings.", "Take it out.")
SILENCING_WITHOUT_REASON = Rule(
    "silencing-without-reason",
    "Who reads the script later cannot tell whether it still holds, so it silences nothing.",
    'Python: lint = {"rule": "why"} at the top level. SQL: a comment -- lint: rule: why',
)
