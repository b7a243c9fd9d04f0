"""What a statement needs of the session that it runs in, told from its tokens alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from giveaminute.versioning.sqltokens import TEXT, Syntax, tokens
from giveaminute.versioning.touched import ObjectKind, touched, verb

TEMPORARY_TABLE = "TEMPORARY TABLE"
_MAYBE = re.compile(r"@|last_insert_id|found_rows|row_count|temporary", re.IGNORECASE)
_COUNTS = re.compile(r"row_count|found_rows", re.IGNORECASE)
_CALLED = {"LAST_INSERT_ID", "FOUND_ROWS", "ROW_COUNT"}
_HAS_BODY = {ObjectKind.TRIGGER, ObjectKind.PROCEDURE, ObjectKind.FUNCTION, ObjectKind.EVENT}


def of_session(statement: str) -> str | None:
    """What of it only the session before it can give: a variable, LAST_INSERT_ID(), a temporary table."""
    return next(_of_session(statement), None)


def count_of_last(statement: str) -> str | None:
    """What of it counts the rows of whatever statement came before it: ROW_COUNT(), FOUND_ROWS()."""
    if not _COUNTS.search(statement):
        return None
    return next((each for each in _of_session(statement) if _COUNTS.match(each)), None)


def _of_session(statement: str) -> Iterator[str]:
    code = TEXT.sub("''", statement) if _MAYBE.search(statement) else ""
    if not _MAYBE.search(code) or _is_program(statement):  # texts first: there can be megabytes of them
        return
    found = list(tokens(code, Syntax.MYSQL))
    upper = [word.upper() for word in found]
    for place, word in enumerate(upper):
        after = upper[place + 1 : place + 3]
        if word == "@" and after[:1] != ["@"] and upper[place - 1 : place] != ["@"] and not _is_account(upper, place):
            yield "".join(found[place : place + 2])
        if word in _CALLED and after[:1] == ["("] and (word != "LAST_INSERT_ID" or after[1:] == [")"]):
            yield f"{found[place]}()"
        if word == "TEMPORARY" and after[:1] == ["TABLE"]:
            yield TEMPORARY_TABLE


def names_in(statement: str) -> set[str]:
    """Every word of it that can be a name, in lower case and without quotes."""
    found = (token for token in tokens(statement, Syntax.MYSQL) if token[0].isalnum() or token[0] in '_$`"')
    return {token.strip('`"').lower() for token in found}


def _is_program(statement: str) -> bool:
    """Whether the variables in it are those of a body that runs later."""
    objects = touched(statement) if verb(statement) in ("CREATE", "ALTER") else None
    return bool(objects) and any(each.kind in _HAS_BODY for each in objects or ())


def _is_account(upper: list[str], place: int) -> bool:
    """Whether this @ stands in DEFINER = user@host, or in a GRANT."""
    return upper[max(0, place - 3) : place - 1] == ["DEFINER", "="] or upper[0] in ("GRANT", "REVOKE")
