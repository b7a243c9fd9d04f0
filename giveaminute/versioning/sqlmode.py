"""How a MySQL session reads quotes, which a script can change in its middle by SET sql_mode."""

from __future__ import annotations

import re
from typing import NamedTuple


class Quoting(NamedTuple):
    """The two flags of an SQL mode that matter to quotes: not NO_BACKSLASH_ESCAPES, and ANSI_QUOTES."""

    backslash: bool = True
    ansi: bool = False


class SessionQuoting:
    """The quoting rules of a session, following its SET statements as the server's status flags would.

    Followed are modes given as text or number, DEFAULT, and modes saved in a variable and set again from it,
    as dumps do around triggers. Any other expression leaves the rules as they are.
    """

    def __init__(self, initial: Quoting) -> None:
        self.now = initial
        self._initial = initial
        self._saved: dict[str, Quoting] = {}

    def follow(self, statement: str) -> None:
        if not _SET.match(statement):
            return
        for name, value in _ASSIGNMENT.findall(statement.lower()):
            if _MODE_NAME.fullmatch(value):
                self._saved[name] = self.now
            elif _MODE_NAME.fullmatch(name):
                self.now = self._quoting_of(value)

    def _quoting_of(self, mode: str) -> Quoting:
        if mode.isdecimal():
            bits = int(mode)
            return Quoting(backslash=not bits & _NO_BACKSLASH_BIT, ansi=bool(bits & _ANSI_BIT))
        if mode[0] in "'\"":
            names = {name.strip() for name in mode[1:-1].split(",")}
            return Quoting(backslash="no_backslash_escapes" not in names, ansi=bool(names & _ANSI_MODES))
        return self._initial if mode == "default" else self._saved.get(mode, self.now)


_SET = re.compile(r"(?:/\*M?!\d*\s*)?SET\b", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"((?:(?:global|session|local)\s+)?@{0,2}[\w$.]+)\s*:?=\s*('[^']*'|\"[^\"]*\"|@{0,2}[\w$.]+)")
_MODE_NAME = re.compile(r"(?:(?:session|local)\s+|@@(?:(?:session|local)\.)?)?sql_mode")
_ANSI_MODES = frozenset({"ansi_quotes", "ansi", "db2", "maxdb", "mssql", "oracle", "postgresql"})
_NO_BACKSLASH_BIT, _ANSI_BIT = 1 << 20, 1 << 2  # MODE_... in the servers' sql_class.h
