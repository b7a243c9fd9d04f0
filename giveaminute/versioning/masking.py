"""What a page may show of statements and errors: no value that can come from a row. Pure.

What is known to be safe is kept; whatever is not known is left out.
"""

from __future__ import annotations

import re

from giveaminute.versioning.sqltokens import Syntax, tokens
from giveaminute.versioning.statementkinds import StatementKind, kind

MASK = "…"
WITHHELD = "its text may hold values of rows: invoke status shows it"

_NUMBER = re.compile(r"[.\d]")
_TEXT = re.compile(r"(?:[xXbBnN])?'")
_TIGHT_BEFORE = frozenset(",).;")
_TIGHT_AFTER = frozenset("(.:@")
_BEFORE_LISTS = frozenset(
    "ALL AND AS BY CHECK EXISTS FROM IN INDEX INTO JOIN KEY NOT ON OR OVER PARTITIONS REFERENCES SELECT SET TABLE THAN"
    " UNIQUE USING VALUES WHERE WITH".split()
)
"""Words with a blank behind them; other words before an open parenthesis are types and functions."""
_WITH_STATEMENT = re.compile(r"(?P<where>[^«»]*)«(?P<statement>.*)»(?P<reason>.*)", re.DOTALL)
_WITH_PLACE = re.compile(
    r"(?P<where>(?:In [\w ]+: )?[\w.-]+\.(?:py|sql)(?:, line \d+)?(?:, (?:after )?statement \d+)?): (?P<reason>.*)"
)
_IN_THE_WAY = re.compile(r"; in the way: .*", re.DOTALL)
# The server's manual, «Server Error Message Reference»: a message names what it is about by a word before the quotes.
_NAMED = re.compile(
    r"(?:\b(?:column|columns|key|index|table|tables|database|constraint|field|function|procedure|trigger|view|event|"
    r"engine|collation|character set|variable|user|name|for|in|drop|option|partition|tablespace|statement)\s*|@)$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?P<value>.*['\"])(?P<tail> for key '[\w.$-]+'| for column [`'\w.$-]+ at row \d+| at line \d+| at row \d+)",
    re.DOTALL,
)
_CONTRACTION = re.compile(r"(?<=n)'(?=t\b)")
_FREE_TEXT = frozenset({"1644", "1645", "1643"})  # SIGNAL and RESIGNAL say what a trigger's author wrote
_OF_SQLITE = re.compile(
    r"(?:(?:UNIQUE|NOT NULL|FOREIGN KEY|CHECK) constraint failed(?:: [\w., ]+)?|no such (?:table|column|index|view|"
    r"function|trigger|collation sequence): [\w.\"]+|duplicate column name: \w+|(?:table|index|view|trigger) \"?\w+\"?"
    r" already exists|database is locked|database table is locked|datatype mismatch|attempt to write a readonly"
    r" database|disk I/O error|database or disk is full|table [\w.\"]+ has no column named \w+|interrupted)"
)
_OURS = re.compile(
    r"it leaves \d+ rows that refer to nothing|the script ended the process \(exit [\d-]+\)|"
    r"(?:transactions belong to the run|the journal|it is of no use)[^'\"]*Take the statement out of the script"
)
_CLASS = re.compile(r"(?P<name>[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Terminated|Busy|Lost|Iteration)): ")


def masked_statement(statement: str, syntax: Syntax) -> str:
    """In one line, without comments (the journal keeps parameters in one) and with a mark for each text.

    Where it changes rows, for each number too. A statement that was cut off is masked to its end.
    """
    found = list(tokens(statement, syntax))
    rows = kind(statement) is StatementKind.CHANGE
    return _together([MASK if _is_value(token, syntax, rows) else token for token in found])


def _is_value(token: str, syntax: Syntax, rows: bool) -> bool:
    if _TEXT.match(token) or (token.startswith('"') and syntax is Syntax.MYSQL):
        return True
    return rows and _NUMBER.match(token) is not None and token != "."


def _together(found: list[str]) -> str:
    """Tokens with blanks where people put them."""
    text = ""
    for before, token in zip(["", *found], found, strict=False):
        called = token == "(" and before.isidentifier() and before.upper() not in _BEFORE_LISTS
        tight = not text or called or token in _TIGHT_BEFORE or before in _TIGHT_AFTER
        text += token if tight else f" {token}"
    return text


def masked_error(text: str, syntax: Syntax) -> str:
    """An error of a migration, as the history keeps it, with a mark for what may be values of rows."""
    text = _IN_THE_WAY.sub("; another connection was in the way", text)
    found = _WITH_STATEMENT.fullmatch(text)
    if found is not None:
        statement = masked_statement(found["statement"], syntax)
        before, colon, reason = found["reason"].partition(": ")
        return f"{found['where']}«{statement}»{before}{colon}{masked_reason(reason)}"
    placed = _WITH_PLACE.fullmatch(text)
    return masked_reason(text) if placed is None else f"{placed['where']}: {masked_reason(placed['reason'])}"


def masked_reason(reason: str) -> str:
    """What a server or a script said."""
    tail = "; another connection was in the way"
    if reason.endswith(tail):
        return masked_reason(reason[: -len(tail)]) + tail
    if (number := re.match(r"\((\d+)\) ", reason)) is not None:
        return _WITHHELD_OF.format(number[1]) if number[1] in _FREE_TEXT else _masked_quotes(reason)
    if not reason or _OF_SQLITE.fullmatch(reason):
        return reason
    if (ours := _OURS.match(reason)) is not None:
        return ours[0]
    if (named := _CLASS.match(reason)) is not None:
        return f"{named['name']} ({WITHHELD})"
    return f"an error ({WITHHELD})"


_WITHHELD_OF = f"({{}}) {WITHHELD}"


def _masked_quotes(text: str) -> str:
    """Up to the first quoted text that no word calls a name; what comes behind it where that has a known form."""
    text = _CONTRACTION.sub("’", text)
    for quote in re.finditer(r"['\"](?:[^'\"]*['\"])?", text):
        if _NAMED.search(text[: quote.start()]) or text[: quote.start()].endswith("'@"):
            continue
        tail = _TAIL.fullmatch(text[quote.start() :])
        return f"{text[: quote.start()]}'{MASK}'{tail['tail'] if tail else ''}"
    return text
