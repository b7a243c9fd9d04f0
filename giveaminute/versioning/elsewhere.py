"""Which databases a statement names: `x` in `ALTER DATABASE x`, and in `x.t` where a table, view or routine stands.

Pure, by MySQL's tokens. `a.b` in an expression is a column of a table or alias, and names none. What a statement puts
together at run time (a prepared one from a variable) is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from giveaminute.versioning.sqltokens import bare, text_of, without_texts, words

CATALOGUES = frozenset(("information_schema", "performance_schema", "sys"))
"""Every database's own; to name one is a question about the server."""
_MAY_NAME = re.compile(  # 1.5 is none: what stands before the dot has more than digits in it
    r"(?:[^\W\d]|[`$\x80-\U0010ffff])[\w$\x80-\U0010ffff]*\s*\.\s*[\w`$*\x80-\U0010ffff]"
    r"|\b(?:DATABASE|SCHEMA|USE)\b",
    re.IGNORECASE,
)
_PREPARES = re.compile(r"\W*(?:PREPARE|EXECUTE)\b", re.IGNORECASE)
_NAME = re.compile(r"`(?:[^`]|``)*`|[\w$\x80-\U0010ffff]*[^\W\d][\w$\x80-\U0010ffff]*")
_OPENS = frozenset(
    "FROM JOIN STRAIGHT_JOIN INTO TABLE TABLES VIEW TRIGGER PROCEDURE FUNCTION EVENT SEQUENCE REFERENCES CALL".split()
)
_VERBS = frozenset("INSERT REPLACE UPDATE DELETE TRUNCATE RENAME".split())
_NO_VERB_AFTER = frozenset("ON KEY FOR OR BEFORE AFTER".split())
_BETWEEN = frozenset(
    "IF NOT EXISTS IGNORE LOW_PRIORITY DELAYED HIGH_PRIORITY QUICK LATERAL AS TO = TABLE INTO FROM ONLY".split()
)
_CLOSES = frozenset("WHERE SET GROUP ORDER HAVING LIMIT VALUES VALUE SELECT UNION ;".split())
_SUBQUERY = frozenset("SELECT WITH VALUES TABLE".split())
_NOT_A_DATABASE = frozenset("DEFAULT CHARACTER CHARSET COLLATE ENCRYPTION READ COMMENT (".split())


def refusal(statement: str, mine: str) -> str | None:
    """Why a statement that changes something is refused: it names another database than `mine`. None for any other."""
    others = [name for name in databases_named(statement) if name.lower() not in {mine.lower(), *CATALOGUES}]
    if not others:
        return None
    return (
        f"the statement names the database {others[0]}, and this one is {mine}: neither lock nor backup nor"
        " journal covers another. Leave the name out, it is not needed"
    )


def databases_named(statement: str) -> list[str]:
    """Their names without quotes, each once."""
    code = statement if _PREPARES.match(statement) else without_texts(statement)
    if not _MAY_NAME.search(code):  # which spares reading millions of values
        return []
    found = list(words(statement))
    scan = _Scan(found, [token.upper() for token in found])
    return list(dict.fromkeys(bare(name) for name in (*scan.heads(), *scan.qualifiers())))


@dataclass
class _Frame:
    """A pair of parentheses, or the whole: an expression or not, inside a list of tables, one expected right now."""

    is_expression: bool = False
    in_list: bool = False
    expects: bool = False


class _Scan:
    def __init__(self, words: list[str], upper: list[str]) -> None:
        self.words = words
        self.upper = [*upper, "", "", "", ""]
        self.verb = next((word for word in upper if word != "("), "")
        self.frames = [_Frame()]
        self.seen_on = self.seen_select = False

    def heads(self) -> Iterator[str]:
        """Of USE, of CREATE, ALTER and DROP DATABASE, and of a statement that is prepared from a text."""
        if self.verb == "USE":
            yield from self.words[1:2]
        for place, word in enumerate(self.upper[:4]):
            if self.verb in ("CREATE", "ALTER", "DROP") and word in ("DATABASE", "SCHEMA") and place:
                rest = [each for each in self.words[place + 1 :] if each.upper() not in ("IF", "NOT", "EXISTS")]
                yield from (each for each in rest[:1] if each.upper() not in _NOT_A_DATABASE and _NAME.fullmatch(each))
                return
        if self.verb in ("PREPARE", "EXECUTE"):
            for word in self.words:
                if word[0] in "'\"":
                    yield from databases_named(text_of(word))

    def qualifiers(self) -> Iterator[str]:
        """The first parts of names with dots that are names of databases."""
        place = 0
        while place < len(self.words):
            if _NAME.fullmatch(self.words[place]) and self.upper[place + 1] == "." and self._before(place) != ".":
                if self._is_database(place):
                    yield self.words[place]
                self.frames[-1].expects = False
                place += 3
            else:
                self._step(place)
                place += 1

    def _before(self, place: int) -> str:
        return self.upper[place - 1] if place else ""

    def _is_database(self, place: int) -> bool:
        """In the place of a table, or with a third part, or called."""
        if self.frames[-1].expects:
            return self.upper[place + 2] != "*" or self.verb in ("GRANT", "REVOKE")
        return self.upper[place + 3] in (".", "(") and self.upper[place + 2] != "*"

    def _step(self, place: int) -> None:
        word, frame = self.upper[place], self.frames[-1]
        if word == "(":
            self._open(place, frame)
        elif word == ")":
            if len(self.frames) > 1:
                self.frames.pop()
            self.frames[-1].expects = False
        elif word == ",":
            frame.expects = frame.in_list
        elif self._opens(place, frame):
            frame.in_list = frame.expects = True
        elif word in _CLOSES:
            self.seen_select |= word == "SELECT"
            frame.in_list = frame.expects = False
        elif not (frame.expects and word in _BETWEEN):
            frame.expects = False

    def _open(self, place: int, frame: _Frame) -> None:
        is_query = self.upper[place + 1] in _SUBQUERY
        listed = frame.expects and not is_query
        self.frames.append(_Frame(is_expression=not is_query and not listed, in_list=listed, expects=listed))

    def _opens(self, place: int, frame: _Frame) -> bool:
        """Whether what comes next is a table, view or routine."""
        word, before = self.upper[place], self._before(place)
        if word == "FROM" and frame.is_expression:  # EXTRACT(YEAR FROM a.b)
            return False
        if word in _OPENS:
            return True
        if word in _VERBS:
            return before not in _NO_VERB_AFTER and self.upper[place + 1] != "("
        if word == "TO":
            return self.verb in ("RENAME", "ALTER")
        if word == "LIKE":
            return self.verb == "CREATE" and not self.seen_select and (before == "(" or len(self.frames) == 1)
        if word == "ON" and self.verb in ("CREATE", "DROP", "GRANT", "REVOKE") and not self.seen_on:
            self.seen_on = True
            return self.verb in ("GRANT", "REVOKE") or not (self.seen_select or "JOIN" in self.upper[:place])
        return False
