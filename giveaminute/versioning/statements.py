"""Splitting SQL scripts and server dumps into statements.

For MySQL and MariaDB the rules are those of their command-line client (`read_and_execute` and `add_line` in
its mysql.cc), for SQLite those of `sqlite3_complete`. Three differences from the client are on purpose:

- a delimiter inside an executable comment `/*! ... */` does not split it (the client tears it in two);
- plain comments inside a statement stay where they are (the client may remove them, the server ignores them);
- where the client would do what no author means (run its own commands, cut a stored program at its first
  inner semicolon, send an open quote at the end of the file), `StatementError` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, NoReturn

from giveaminute.errors import RepositoryError
from giveaminute.versioning.sqlmode import Quoting, SessionQuoting
from giveaminute.versioning.sqltokens import (
    Syntax,
    end_of_match,
    escapes,
    inside_pattern,
    jump_pattern,
    normalise,
    tokens,
)
from giveaminute.versioning.statementkinds import StatementKind, kind
from giveaminute.versioning.storedprograms import MAY_HAVE_BODY, is_cut

__all__ = ["Statement", "StatementError", "StatementKind", "Syntax", "kind", "normalise", "split"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it is sent, and the line (from 1) of its first character in the script."""

    text: str
    line: int


class StatementError(RepositoryError):
    """A script that cannot be split; `line` (from 1) is where the trouble begins."""

    def __init__(self, message: str, line: int, remedy: str | None = None) -> None:
        super().__init__(f"line {line}: {message}", remedy)
        self.line = line


def split(script: str, syntax: Syntax, *, backslash_escapes: bool = True) -> list[Statement]:
    """The statements of a script in order, without empty ones.

    `backslash_escapes` is False for a MySQL session that starts in the SQL mode NO_BACKSLASH_ESCAPES; a
    `SET sql_mode` in the script itself is followed. For MySQL CR LF becomes LF, inside quotes too, as its
    client has it. A byte order mark and the sandbox line of MariaDB's dumps are dropped.

    Raises StatementError for an open quote or comment, a NUL character, a DELIMITER without its argument, a
    command of the client that no server knows, and a trigger or other stored program cut before its END.
    """
    if syntax is Syntax.SQLITE:
        return list(_SQLiteScript(script).statements())
    return list(_MySQLScript(script.replace("\r\n", "\n"), Quoting(backslash_escapes)).statements())


_BLANKS = " \t\n\v\f\r"
_BLANK = re.compile(r"[ \t\n\v\f\r]*")
_LINE_REST = re.compile(r"[^\n]*")


class _Stop(NamedTuple):
    """Where a statement ends: its text (trailing comments left off), its delimiter; and where to go on."""

    text: int
    delimiter: int
    next: int


class _Script:
    """A cursor over a script; what it does by itself is common to both syntaxes."""

    syntax: Syntax
    quotes = "'\"`"

    def __init__(self, script: str, quoting: Quoting) -> None:
        self.text = script.removeprefix("\ufeff").removeprefix("\xef\xbb\xbf")
        self.quoting = quoting
        self.delimiter = ";"
        self.position = 0
        self._counted, self._line = 0, 1
        if "\0" in self.text:
            self.fail("a NUL character", self.text.index("\0"), "Save the file as UTF-8 text.")

    def fail(self, message: str, position: int, remedy: str | None = None) -> NoReturn:
        raise StatementError(message, self.line_of(position), remedy)

    def line_of(self, position: int) -> int:
        """Counts on from the last position asked for, where it can: a script has many lines."""
        if position < self._counted:
            return self.text.count("\n", 0, position) + 1
        self._line += self.text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def statements(self) -> Iterator[Statement]:
        while self.skip_blank():
            start = self.position
            stop = self.end_of(start)
            self.position = stop.next
            yield Statement(self.text[start : stop.text].rstrip(_BLANKS), self.line_of(start))

    def skip_blank(self) -> bool:
        """Moves to the first character of the next statement; False at the end of the script."""
        while True:
            self.position = end_of_match(_BLANK, self.text, self.position)
            if self.position == len(self.text):
                return False
            past = self.past_nothing(self.position)
            if past == self.position:
                return True
            self.position = past

    def past_nothing(self, position: int) -> int:
        """The end of what stands between statements at `position`; `position` if a statement begins there."""
        if self.text.startswith(self.delimiter, position):
            return position + len(self.delimiter)
        return self.past_comment(position)

    def past_comment(self, position: int) -> int:
        """The end of the plain comment at `position`; `position` itself if there is none."""
        if self.text.startswith("/*", position):
            end = self.text.find("*/", position + 2)
            return end + 2 if end >= 0 else self.fail("a comment /* without its */", position)
        return self.line_end(position) if self.text.startswith("--", position) else position

    def past_other(self, position: int) -> int:
        """The end of what else stopped a jump at `position`."""
        return self.past_quote(position) if self.text[position] in self.quotes else position + 1

    def past_quote(self, start: int) -> int:
        quote = self.text[start]
        position = start + 1
        if escapes(quote, self.quoting):
            pattern = inside_pattern(quote)
            while (further := end_of_match(pattern, self.text, position)) != position:
                position = further
        if self.text[position : position + 1] != quote:
            self.fail(f"a quote {quote} that is never closed", start)
        return position + 1

    def jump(self, position: int, mark: str) -> int:
        """The next position, from `position` on, of what may be the mark or needs a look."""
        pattern = jump_pattern(mark, self.quoting, self.syntax)
        while (further := end_of_match(pattern, self.text, position)) != position:
            position = further
        return position

    def end_of(self, start: int) -> _Stop:
        """The end of the statement at `start`: its delimiter, or the end of the script."""
        position, width, comments = start, 0, list[tuple[int, int]]()
        while (position := self.jump(position, self.delimiter)) < len(self.text):
            if width := self.delimiter_width(position):
                break
            past = self.past_comment(position)
            if past > position:
                comments.append((position, past))
            position = past if past > position else self.past_other(position)
        return _Stop(self._before(comments, position), position, position + width)

    def _before(self, comments: list[tuple[int, int]], end: int) -> int:
        """Where the text ends when the comments right before `end` are left off."""
        for start, past in reversed(comments):
            if not self.is_blank(past, end):
                break
            end = start
        return end

    def delimiter_width(self, position: int) -> int:
        return len(self.delimiter) if self.text.startswith(self.delimiter, position) else 0

    def line_end(self, position: int) -> int:
        return end_of_match(_LINE_REST, self.text, position)

    def is_blank(self, start: int, end: int) -> bool:
        return _BLANK.fullmatch(self.text, start, end) is not None


_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})
_TRIGGER_WORDS = _TEMPORARY | {"EXPLAIN", "CREATE", "TRIGGER", "END"}


class _SQLiteScript(_Script):
    """SQLite: no delimiter but `;`, and a trigger lasts until `; END;` (complete.c)."""

    syntax = Syntax.SQLITE
    quotes = "'\"`["

    def __init__(self, script: str) -> None:
        super().__init__(script, Quoting(backslash=False))

    def end_of(self, start: int) -> _Stop:
        if self.text[start] == ".":
            self.fail(f"{self._first_line(start)!r} is a command of the sqlite3 shell, not SQL", start)
        stop = super().end_of(start)
        if not self._begins_trigger(start, stop.delimiter):
            return stop
        while stop.delimiter < len(self.text):
            before, stop = stop, super().end_of(stop.next)
            if [*islice(self._words(before.next, stop.delimiter), 2)] == ["END"]:
                return stop
        return self.fail("the body of this trigger has no END;", start)

    def _begins_trigger(self, start: int, end: int) -> bool:
        if self.text[start] not in "cCeE":
            return False
        words = self._words(start, end)
        first = next(words, "")
        if first == "EXPLAIN":
            first = next((word for word in words if word in _TRIGGER_WORDS), "")
        return first == "CREATE" and next((word for word in words if word not in _TEMPORARY), "") == "TRIGGER"

    def _words(self, start: int, end: int) -> Iterator[str]:
        return (token.upper() for token in tokens(self.text, self.syntax, self.quoting, start, end))

    def _first_line(self, start: int) -> str:
        return self.text[start : self.line_end(start)].strip()


_CLIENT_WORDS = frozenset(
    {"charset", "clear", "connect", "edit", "ego", "exit", "go", "nopager", "notee", "nowarning", "pager"}
    | {"print", "prompt", "query_attributes", "quit", "rehash", "resetconnection", "source"}
    | {"ssl_session_data_print", "status", "system", "tee", "warnings"}
)
_WORD = re.compile(r"[A-Za-z_]+")
_DELIMITER = re.compile(
    r"DELIMITER[ \t]+(?:'([^'\n]+)'|\"([^\"\n]+)\"|`([^`\n]+)`|([^\s'\"`]\S*))[^\n]*", re.IGNORECASE
)
_LATE_DELIMITER = re.compile(r"\n[ \t]*DELIMITER[ \t]+(?://|\$\$|;)", re.IGNORECASE)
_USE_LINE = re.compile(r"USE[ \t]+(?:`[^`\n]+`|[^\s;]+)", re.IGNORECASE)
_SANDBOX = re.compile(r"/\*M?!999999\\-[^\n]*?\*/")
_LONGEST_DELIMITER = 15  # characters: the client cuts longer ones off without a word


class _MySQLScript(_Script):
    """MySQL and MariaDB: delimiters, executable comments, backslashes, and an SQL mode that changes."""

    syntax = Syntax.MYSQL

    def __init__(self, script: str, quoting: Quoting) -> None:
        super().__init__(script, quoting)
        self._session = SessionQuoting(quoting)

    def statements(self) -> Iterator[Statement]:
        for statement in super().statements():
            yield statement
            self._session.follow(statement.text)
            self.quoting = self._session.now

    def past_nothing(self, position: int) -> int:
        word = _WORD.match(self.text, position)
        if word and word[0].lower() == "delimiter":
            return self._past_delimiter_command(position)
        if width := self.delimiter_width(position):
            return position + width
        if self.text.startswith("--", position):
            return self.line_end(position)  # before a statement no white space need follow
        return position if word else end_of_match(_SANDBOX, self.text, super().past_nothing(position))

    def past_comment(self, position: int) -> int:
        if self.text.startswith(("/*!", "/*M!"), position):
            return position
        if self.text.startswith("--", position) and self.text[position + 2 : position + 3] > " ":
            return position
        if self.text[position] == "#":
            return self.line_end(position)
        return super().past_comment(position)

    def past_other(self, position: int) -> int:
        if self.text[position] == "\\":
            return self._past_backslash(position)
        if self.text.startswith(("/*!", "/*M!"), position):
            return self._past_executable(position)
        return super().past_other(position)

    def delimiter_width(self, position: int) -> int:
        return 2 if self.text.startswith(("\\g", "\\G"), position) else super().delimiter_width(position)

    def end_of(self, start: int) -> _Stop:
        if word := _WORD.match(self.text, start):
            if word[0].lower() in _CLIENT_WORDS:
                self.fail(f"{word[0]} is a command of the mysql client, which no server knows", start)
            if word[0].lower() == "use" and (line := self._use_line(start)):
                return line
        stop = super().end_of(start)
        self._refuse_cut(start, stop)
        return stop

    def _past_delimiter_command(self, position: int) -> int:
        line_start = self.text.rfind("\n", 0, position) + 1
        if not self.is_blank(line_start, position):
            self.fail("DELIMITER is a command only at the start of a line", position)
        command = _DELIMITER.match(self.text, position)
        if not command:
            self.fail("DELIMITER without a delimiter after it", position, "Write DELIMITER // or DELIMITER ;")
        delimiter = next(group for group in command.groups() if group)
        if len(delimiter) > _LONGEST_DELIMITER or any(char in delimiter for char in "\\'\"`"):
            limits = f"more than {_LONGEST_DELIMITER} characters, or with a quote or backslash"
            self.fail(f"a delimiter of {limits}", position)
        self.delimiter = delimiter
        return command.end()

    def _past_backslash(self, position: int) -> int:
        command = self.text[position : position + 2]
        if command != "\\N":  # NULL
            self.fail(f"{command} outside quotes is a command of the mysql client, or a mistake", position)
        return position + 2

    def _past_executable(self, start: int) -> int:
        """The end of the executable comment at `start`; what is in it is code, with quotes and comments."""
        position = start + 3
        while (position := self.jump(position, "*/")) < len(self.text):
            if self.text.startswith("*/", position):
                return position + 2
            past = self.past_comment(position)
            position = past if past > position else self.past_other(position)
        return self.fail("an executable comment /*! without its */", start)

    def _use_line(self, start: int) -> _Stop | None:
        """USE needs no delimiter where it has a line to itself: the client takes the line as a command."""
        line_end = self.line_end(start)
        line = self.text[start:line_end]
        own = self.is_blank(self.text.rfind("\n", 0, start) + 1, start)
        if not own or self.delimiter in line or "\\g" in line or not (use := _USE_LINE.match(line)):
            return None
        return _Stop(start + use.end(), line_end, line_end)

    def _refuse_cut(self, start: int, stop: _Stop) -> None:
        """Raises for a DELIMITER line taken as text, and for a stored program cut at its own semicolon."""
        late = _LATE_DELIMITER.search(self.text, start, stop.text)
        if late and (self.delimiter != ";" or late[0][-1] != ";") and "DELIMITER" in self._words(start, stop):
            line = self.line_of(late.end())
            self.fail(f"not ended with {self.delimiter} before the DELIMITER of line {line}", start)
        if self.delimiter != ";" or not MAY_HAVE_BODY.match(self.text, start):
            return
        if is_cut(self._words(start, stop)):
            line = self.line_of(stop.delimiter)
            remedy = "Put a line DELIMITER // before it, // after its last END, then a line DELIMITER ;"
            self.fail(f"its body has no END before the statement ends in line {line}", start, remedy)

    def _words(self, start: int, stop: _Stop) -> list[str]:
        return [token.upper() for token in tokens(self.text, self.syntax, self.quoting, start, stop.text)]
