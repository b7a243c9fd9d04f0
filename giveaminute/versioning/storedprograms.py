"""Telling a whole trigger, procedure, function or event from one that is cut at a semicolon of its body."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAY_HAVE_BODY = re.compile(
    r"(?:/\*M?!\d*\s*)?(?:(?:CREATE|ALTER)\b(?!\s+(?:TABLE|INDEX|UNIQUE)\b)|(?:BEGIN|IF|WHILE|LOOP|REPEAT|CASE)\b)",
    re.IGNORECASE,
)
"""How a statement may begin that is looked at word by word; a dump is nearly all tables, and does not."""
_PROGRAMS = frozenset({"TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"})
_BEFORE_PROGRAM = frozenset({"CREATE", "ALTER", "OR", "REPLACE", "AGGREGATE", "DEFINER", "=", "@", "(", ")", "*/"})
_BEFORE_NAME = frozenset({".", "@", "(", ",", "=", "<", ">", "+", "-", "*"}) | frozenset(
    {"SELECT", "BY", "WHERE", "AND", "OR"}
)
_BEFORE_BODY = frozenset({"ROW", "DO", ")", ":", "DETERMINISTIC", "DATA", "SQL", "DEFINER", "INVOKER"})
_BLOCKS = frozenset({"IF", "WHILE", "LOOP", "REPEAT"})


def is_cut(words: Sequence[str]) -> bool:
    """Whether upper-case tokens are a stored program or compound statement that lacks its END.

    Inside BEGIN only BEGIN and CASE are counted: the END of every other block names it. A body that is an
    IF or a loop by itself must end with its END.
    """
    if _is_program(words):
        return _open_begins(words) > 0 or _has_open_block(words)
    if list(words[:3]) == ["BEGIN", "NOT", "ATOMIC"] or words[0] == "CASE":
        return _open_begins(words) > 0
    return words[0] in _BLOCKS and not _ends_block(words, words[0])


def _is_program(words: Sequence[str]) -> bool:
    previous = ""
    for word in words:
        account = previous in ("=", "@")
        if word in _PROGRAMS and not account:
            return True
        if not (account or word in _BEFORE_PROGRAM or word[0] in "'\"`" or word.startswith("/*")):
            return False
        previous = word
    return False


def _open_begins(words: Sequence[str]) -> int:
    depth = 0
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "CASE" and before != ".":
            depth += before != "END"
        elif before in _BEFORE_NAME:
            continue
        elif word == "BEGIN":
            depth += 1
        elif word == "END":
            depth -= after not in _BLOCKS and after != "FOR"
    return depth


def _has_open_block(words: Sequence[str]) -> bool:
    for index in range(2, len(words) - 1):
        word, before, earlier = words[index], words[index - 1], words[index - 2]
        if word == "BEGIN":
            return False
        begins_body = before in _BEFORE_BODY or earlier in ("RETURNS", "FOLLOWS", "PRECEDES", "COMMENT")
        if word in _BLOCKS and begins_body and not _is_call(words[index:]):
            return not _ends_block(words, word)
    return False


def _is_call(words: Sequence[str]) -> bool:
    """Whether an IF or REPEAT is the function of that name."""
    partner = {"IF": "THEN", "REPEAT": "UNTIL"}.get(words[0])
    return words[1] == "(" and partner is not None and partner not in words


def _ends_block(words: Sequence[str], block: str) -> bool:
    """A label or the end of an executable comment may follow END IF."""
    return ("END", block) in zip(words[-4:], words[-3:], strict=False)
