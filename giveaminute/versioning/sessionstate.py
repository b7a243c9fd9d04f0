"""What a statement needs of the session that it runs in, and what it leaves there, told from its tokens alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from giveaminute.versioning.sqltokens import Syntax, text_of, tokens, without_texts
from giveaminute.versioning.statementkinds import StatementKind, commits, kind
from giveaminute.versioning.touched import ObjectKind, touched, verb

TEMPORARY_TABLE = "TEMPORARY TABLE"
_MAYBE = re.compile(
    r"@|last_insert_id|found_rows|row_count|\btemp|diagnostics|insert_id|lastval|\bprevious\b|^\W*(?:prepare|execute)\b",
    re.IGNORECASE,
)
_PREPARES = re.compile(r"\W*(?:PREPARE|EXECUTE)\b", re.IGNORECASE)
_MAYBE_OF_LAST = re.compile(r"row_count|found_rows|diagnostics|warning_count|error_count", re.IGNORECASE)
_CALLED = {"LAST_INSERT_ID", "FOUND_ROWS", "ROW_COUNT", "LASTVAL"}
_OF_LAST = {"FOUND_ROWS()", "ROW_COUNT()", "GET DIAGNOSTICS", "@@WARNING_COUNT", "@@ERROR_COUNT"}
_OF_INSERTS = {"IDENTITY", "LAST_INSERT_ID", "INSERT_ID"}
_OF_WARNINGS = {"WARNING_COUNT", "ERROR_COUNT"}
_NAMED_AFTER = {"TABLE", "INTO", "EXISTS", "UPDATE", "FROM", "JOIN", "REFERENCES", "ON", "."}
"""Words before a name that is no function though a parenthesis follows it."""
_HAS_BODY = {ObjectKind.TRIGGER, ObjectKind.PROCEDURE, ObjectKind.FUNCTION, ObjectKind.EVENT}


def of_session(statement: str) -> str | None:
    """What of it only the session before it can give: a variable, LAST_INSERT_ID(), a temporary table."""
    return next(_of_session(statement), None)


def of_last(statement: str) -> str | None:
    """What of it tells of whatever statement came just before it: ROW_COUNT(), GET DIAGNOSTICS, @@warning_count."""
    if not _MAYBE_OF_LAST.search(statement):
        return None
    return next((each for each in _of_session(statement) if each.upper() in _OF_LAST), None)


def leaves_behind(what: StatementKind, statement: str) -> bool:
    """Whether the session may not be after it what it was before: variables, temporary tables, what a CALL has set."""
    if what is StatementKind.SESSION:
        return True
    if what is StatementKind.DEFINITION and not commits(statement):
        return touched(statement) != ()  # GRANT, ANALYZE and their like leave nothing
    return of_session(statement) is not None


def sets_session(statement: str) -> bool:
    """Whether it prepares and runs, of a text, what changes the session only: nothing of it is there on a resume."""
    return verb(statement) == "EXECUTE" and any(
        kind(text) is StatementKind.SESSION or of_session(text) == TEMPORARY_TABLE for text in prepared(statement)
    )


def prepared(statement: str) -> list[str]:
    """The texts in a PREPARE or an EXECUTE IMMEDIATE, as the server reads them; none in any other statement."""
    if not _PREPARES.match(statement):
        return []
    return [text_of(word) for word in tokens(statement, Syntax.MYSQL) if word[0] in "'\""]


def _of_session(statement: str) -> Iterator[str]:
    code = without_texts(statement) if _MAYBE.search(statement) else ""
    if not _MAYBE.search(code) or _is_program(statement):
        return
    found = list(tokens(code, Syntax.MYSQL))
    upper = [word.upper() for word in found]
    if upper[:1] == ["GET"] and "DIAGNOSTICS" in upper[1:3]:
        yield "GET DIAGNOSTICS"
    for text in prepared(statement):
        yield from _of_session(text)
    for place in range(len(found)):
        name = _needed(found, upper, place)
        if name is not None:
            yield name


def _needed(found: Sequence[str], upper: Sequence[str], place: int) -> str | None:
    """What of the session the word at this place names."""
    word, after, before = upper[place], upper[place + 1 : place + 3], upper[max(0, place - 1) : place]
    if word == "@" and after[:1] != ["@"] and before != ["@"] and not _is_account(upper, place):
        return "".join(found[place : place + 2])
    if word in _CALLED and after[:1] == ["("] and (word != "LAST_INSERT_ID" or after[1:] == [")"]):
        return None if before and before[0] in _NAMED_AFTER else f"{found[place]}()"
    if word in ("TEMPORARY", "TEMP") and after[:1] == ["TABLE"]:
        return TEMPORARY_TABLE
    if word in _OF_INSERTS | _OF_WARNINGS and _is_system_variable(upper, place):
        return f"@@{found[place]}"
    if word in _OF_INSERTS and upper[0] == "SET" and after[:1] in (["="], [":="]):
        return found[place]
    return "PREVIOUS VALUE" if word == "PREVIOUS" and after[:1] == ["VALUE"] else None


def _is_system_variable(upper: Sequence[str], place: int) -> bool:
    """Whether `@@`, or `@@session.`, stands before it."""
    scoped = upper[max(0, place - 2) : place][-1:] == ["."]
    end = place - 2 if scoped else place
    return list(upper[max(0, end - 2) : end]) == ["@", "@"]


def names_in(statement: str) -> set[str]:
    """Every word of it that can be a name, in lower case and without quotes."""
    found = (token for token in tokens(statement, Syntax.MYSQL) if token[0].isalnum() or token[0] in '_$`"')
    return {token.strip('`"').lower() for token in found}


def _is_program(statement: str) -> bool:
    """Whether the variables in it are those of a body that runs later."""
    objects = touched(statement) if verb(statement) in ("CREATE", "ALTER") else None
    return bool(objects) and any(each.kind in _HAS_BODY for each in objects or ())


def _is_account(upper: Sequence[str], place: int) -> bool:
    """Whether this @ stands in DEFINER = user@host, or in a GRANT."""
    return list(upper[max(0, place - 3) : place - 1]) == ["DEFINER", "="] or upper[0] in ("GRANT", "REVOKE")
