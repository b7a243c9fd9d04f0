"""What of a dump's statements is sent where, and whose the views and programs become.

Nothing here looks into data: only statements between the tables' rows are read, by the rules of the splitter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain, takewhile

from giveaminute.versioning.sqltokens import Syntax, tokens
from giveaminute.versioning.statements import split

Account = tuple[str, str]
"""User and host; a role of MariaDB's has no host."""


class Part(Enum):
    """What a statement of a dump is about."""

    SETTING = "setting"
    DATABASE = "database"
    TABLE = "table"
    VIEW = "view"
    ROUTINE = "routine"
    TRIGGER = "trigger"
    EVENT = "event"


PROGRAMS = frozenset({Part.SETTING, Part.DATABASE, Part.VIEW, Part.ROUTINE, Part.TRIGGER, Part.EVENT})
"""What stays behind when tables are moved to another database."""
EVERYTHING = frozenset(Part)

_OBJECTS = {
    "DATABASE": Part.DATABASE,
    "SCHEMA": Part.DATABASE,
    "TABLE": Part.TABLE,
    "SEQUENCE": Part.TABLE,
    "VIEW": Part.VIEW,
    "PROCEDURE": Part.ROUTINE,
    "FUNCTION": Part.ROUTINE,
    "PACKAGE": Part.ROUTINE,
    "LIBRARY": Part.ROUTINE,
    "TRIGGER": Part.TRIGGER,
    "EVENT": Part.EVENT,
}
_DELIMITERS = (b";", b";;", b"$$", b"//", b"~~")
# A character that no byte becomes in latin-1: it stands between CR and LF, which the splitter would make one.
_JOINT = "\ue000"


@dataclass
class Definers:
    """Which accounts may stay the definers of what is restored; `changed` counts those that could not."""

    may_stay: Callable[[Account], bool]
    changed: int = 0

    def settle(self, statement: str) -> str:
        """The statement, its definer replaced by the user who restores where it may not stay."""
        head = list(_head(statement))
        words = [token.upper() for token, _ in head]
        if "DEFINER" not in words:
            return statement
        at = words.index("DEFINER") + 2
        if at >= len(head) or words[at - 1] != "=":
            return statement
        last = at + 2 if words[at + 1 : at + 2] == ["@"] else at
        account = (_plain(head[at][0]), _plain(head[last][0]) if last > at else "")
        if self.may_stay(account):
            return statement
        self.changed += 1
        start, end = head[at][1], head[last][1] + len(head[last][0])
        return f"{statement[:start]}CURRENT_USER{statement[end:]}"


def part(statement: str) -> Part:
    """What a statement of a dump is about."""
    words = [token.upper() for token, _ in _head(statement)]
    if words[:1] == ["SET"]:
        return Part.SETTING
    return next((_OBJECTS[word] for word in words if word in _OBJECTS), Part.TABLE)


def rewritten(text: bytes, wanted: frozenset[Part], definers: Definers) -> bytes:
    """The wanted ones of these statements, each with a delimiter that it does not hold."""
    return b"".join(_sent(statement) for statement in statements(text, wanted, definers))


def opening(text: bytes) -> bytes:
    """The settings that a dump begins with, under which its rows are loaded."""
    anything = Definers(lambda account: True)
    first = takewhile(lambda pair: pair[0] is Part.SETTING, _classified(text))
    return b"".join(_sent(_encoded(statement, kind, anything)) for kind, statement in first)


def divided(text: bytes) -> tuple[bytes, bytes]:
    """A dump without rows, in two: what comes before the rows (settings, tables), and what comes after them."""
    anything = Definers(lambda account: True)
    found = [(kind, _sent(_encoded(statement, kind, anything))) for kind, statement in _classified(text)]
    last = max((at for at, (kind, _) in enumerate(found) if kind is not Part.SETTING), default=-1)
    before = [sent for kind, sent in found[: last + 1] if kind in (Part.SETTING, Part.TABLE)]
    return b"".join(before), b"".join(sent for kind, sent in found if kind is not Part.TABLE)


def statements(text: bytes, wanted: frozenset[Part], definers: Definers) -> Iterator[bytes]:
    """The wanted ones of these statements, with their definers settled and of no particular database.

    Bytes that are no ASCII go through as they are. Raises StatementError for what cannot be split.
    """
    for kind, statement in _classified(text):
        if kind in wanted:
            yield _encoded(statement, kind, definers)


def _classified(text: bytes) -> Iterator[tuple[Part, str]]:
    script = text.decode("latin-1").replace("\r\n", f"\r{_JOINT}\n")
    return ((part(statement.text), statement.text) for statement in split(script, Syntax.MYSQL))


def _encoded(statement: str, kind: Part, definers: Definers) -> bytes:
    return _adapted(statement, kind, definers).replace(_JOINT, "").encode("latin-1")


def _adapted(statement: str, kind: Part, definers: Definers) -> str:
    if kind is Part.DATABASE:
        return _of_this_database(statement)
    return definers.settle(statement) if kind in (Part.VIEW, Part.ROUTINE, Part.TRIGGER, Part.EVENT) else statement


def _of_this_database(statement: str) -> str:
    """`ALTER DATABASE name …` without the name: it is that of the database that was backed up."""
    head = list(_head(statement))
    at = next(index for index, (token, _) in enumerate(head) if token.upper() in ("DATABASE", "SCHEMA"))
    start, (name, end) = head[at][1] + len(head[at][0]), head[at + 1]
    return statement[:start] + statement[end + len(name) :]


def _sent(statement: bytes) -> bytes:
    delimiter = next(each for each in chain(_DELIMITERS, _endless()) if each not in statement)
    if delimiter == b";":
        return statement + b";\n"
    return b"DELIMITER %b\n%b\n%b\nDELIMITER ;\n" % (delimiter, statement, delimiter)


def _endless() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        yield b"$end%d$" % number


def _head(statement: str) -> Iterator[tuple[str, int]]:
    """Tokens and where they stand, up to the object's kind and one more; servers write no comments there."""
    position, left = 0, -1
    for token in tokens(statement, Syntax.MYSQL):
        position = statement.index(token, position)
        if token.startswith("/*") or token == "*/":
            position += len(token)
            continue
        yield token, position
        position += len(token)
        left -= 1
        if left == 0:
            return
        if left < 0 and (token.upper() in _OBJECTS or token.upper() == "SET"):
            left = 1


def _plain(name: str) -> str:
    quote = name[:1]
    return name[1:-1].replace(quote * 2, quote) if quote in ("`", "'", '"') else name
