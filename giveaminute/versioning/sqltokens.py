"""Reading SQL: the tokens of a statement, and the jumps that take a splitter through a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

from giveaminute.versioning.sqlmode import Quoting


class Syntax(Enum):
    """Whose rules a script is written in."""

    MYSQL = "mysql"
    SQLITE = "sqlite"


_MUCH = 65_536
"""Characters from which on it pays to take texts out of a statement before it is searched."""
_TEXT = re.compile(
    r"""'(?:[^'\\]|\\.)*'|(?P<kept>"(?:[^"\\]|\\.)*"|`[^`]*`|/\*.*?\*/|(?:--(?=\s)|\#)[^\n]*)""", re.DOTALL
)
_USUAL = Quoting()


def without_texts(statement: str) -> str:
    """A statement to be searched for words: a long one without its quoted texts, of which there can be megabytes."""
    if len(statement) < _MUCH:
        return statement
    return _TEXT.sub(lambda found: found["kept"] or "''", statement)


def normalise(statement: str, syntax: Syntax, *, backslash_escapes: bool = True) -> str:
    """The tokens of a statement joined by single blanks, for checksums.

    Plain comments and the layout outside quotes are gone; quoted text, executable comments and optimizer
    hints are kept, and so is the case of words.
    """
    return " ".join(tokens(statement, syntax, Quoting(backslash_escapes)))


def tokens(
    text: str, syntax: Syntax, quoting: Quoting = _USUAL, start: int = 0, end: int | None = None
) -> Iterator[str]:
    """The tokens of text[start:end] that mean something, as they are written, without plain comments.

    The opening `/*!50003` and the `*/` of an executable comment are tokens of their own. An open quote takes
    the rest of the text.
    """
    end = len(text) if end is None else end
    outside, inside = _pattern(syntax, quoting, False), _pattern(syntax, quoting, True)
    pattern, depth = outside, 0  # of executable comments that are open
    while start < end and (match := pattern.match(text, start, end)):
        start = match.end()
        if (token := match["token"]) is None:
            continue
        if syntax is Syntax.MYSQL and token.startswith("/*"):
            pattern, depth = inside, depth + 1
        elif token == "*/" and depth:
            depth -= 1
            pattern = inside if depth else outside
        yield token


def comments(text: str, syntax: Syntax) -> Iterator[tuple[int, str]]:
    """The plain comments of a script, each with where it begins; no executable ones, and none in a quoted text."""
    start, depth = 0, 0
    while start < len(text) and (match := _pattern(syntax, _USUAL, depth > 0).match(text, start)):
        token = match["token"]
        if token is None and not match.group().isspace():
            yield match.start(), match.group()
        elif syntax is Syntax.MYSQL and token is not None and token.startswith("/*"):
            depth += 1
        elif token == "*/":
            depth -= 1
        start = match.end()


def words(statement: str) -> Iterator[str]:
    """The tokens of a MySQL statement, those inside executable comments too, without the marks of the comments."""
    return (token for token in tokens(statement, Syntax.MYSQL) if not token.startswith("/*") and token != "*/")


def text_of(token: str) -> str:
    """What a quoted text says to MySQL, but for escapes that stand for something else than themselves."""
    return re.sub(r"\\(.)", r"\1", token[1:-1].replace(token[0] * 2, token[0]))


def bare(token: str) -> str:
    """A name without its quotes; any other token as it is."""
    if len(token) > 1 and token[0] == token[-1] and token[0] in '`"':
        return token[1:-1].replace(token[0] * 2, token[0])
    return token


@lru_cache
def _pattern(syntax: Syntax, quoting: Quoting, inside: bool) -> re.Pattern[str]:
    """One token or one stretch of what is ignored; `inside` an executable comment or hint `*/` is a token."""
    mysql = syntax is Syntax.MYSQL
    single, double = (mysql and escapes(quote, quoting) for quote in "'\"")
    ignored = [
        r"[ \t\n\v\f\r]+",
        r"(?:--(?=[\x00-\x20]|\Z)|\#)[^\n]*" if mysql else r"--[^\n]*",
        rf"/\*{'(?!M?!|[+])' if mysql else ''}(?:[^*]|\*(?!/))*(?:\*/|\Z)",
    ]
    code = [
        r"/\*(?:M?!\d*|[+])" if mysql else r"\[[^\]]*(?:\]|\Z)",
        *([r"\*/"] if inside else []),
        r"(?:[xXbBnN](?='))?" + _quoted("'", single),
        _quoted('"', double),
        _quoted("`", False),
        r"\d+(?:\.\d*)?[eE][+-]?\d+|\d+\.\d*|\.\d+",
        r"[\w$\x80-\U0010ffff]+",
        r"<=>|<>|<=|>=|!=|==|<<|>>|\|\||&&|:=|->>|->|\\\S",
        r".",
    ]
    return re.compile(f"(?:{'|'.join(ignored)})|(?P<token>{'|'.join(code)})", re.DOTALL)


def _quoted(quote: str, escaped: bool) -> str:
    """Quoted text, with its quote doubled or escaped inside; adjacent strings stay two tokens."""
    if escaped:
        return rf"{quote}[^{quote}\\]*(?:(?:\\.|{quote}{quote})[^{quote}\\]*)*(?:{quote}|\\?\Z)"
    return rf"{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*(?:{quote}|\Z)"


_TURNS = 500  # at most, of a repeated group: the regex engine keeps memory for each


@lru_cache
def jump_pattern(mark: str, quoting: Quoting, syntax: Syntax) -> re.Pattern[str]:
    """Matches up to what may be the mark, a comment, a backslash, an open or a much escaped quote."""
    sqlite = syntax is Syntax.SQLITE
    stops = re.escape("'\"`-/" + ("[" if sqlite else "#\\") + mark[0])
    lone = [f"{char}(?!{after})" for char, after in (("-", "-"), ("/", r"\*")) if char != mark[0]]
    quoted = [_short(quote, escapes(quote, quoting)) for quote in "'\"`"]
    brackets = [r"\[[^\]]*\]"] if sqlite else []
    return re.compile(f"(?:{'|'.join([f'[^{stops}]+', *quoted, *brackets, *lone])}){{0,{_TURNS}}}", re.DOTALL)


@lru_cache
def inside_pattern(quote: str) -> re.Pattern[str]:
    """Matches a part of a quoted text with backslashes."""
    return re.compile(rf"(?:[^{quote}\\]+|\\.){{0,{_TURNS}}}", re.DOTALL)


def _short(quote: str, escaped: bool) -> str:
    """Quoted text; a doubled quote is seen as the end of one and the start of the next."""
    if escaped:
        return rf"{quote}[^{quote}\\]*(?:\\.[^{quote}\\]*){{0,{_TURNS}}}{quote}"
    return f"{quote}[^{quote}]*{quote}"


def escapes(quote: str, quoting: Quoting) -> bool:
    return quoting.backslash and (quote == "'" or (quote == '"' and not quoting.ansi))


def end_of_match(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where the pattern's match at `position` ends; `position` if there is none."""
    match = pattern.match(text, position)
    return match.end() if match else position
