"""SQL as a database hands it back, made comparable: tokens, one spelling of them, no redundant parentheses.

The results are for comparing. They read well and mostly run, but names in a tidied trigger body have lost
their quotes, so a writer of SQL takes the source instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_COMMON = r"""
    |(?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d][\w$]*|@@?[\w.$]*)
    |(?P<op><=>|->>|<>|<=|>=|!=|==|:=|\|\||&&|<<|>>|->|\S)
"""
_MYSQL = re.compile(
    r"""(?P<skip>\s+|--(?=\s|$)[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/)
    |(?P<hex>[xX]'[0-9a-fA-F]*')
    |(?P<bits>[bB]'[01]*')
    |(?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<name>`(?:[^`]|``)*`)"""
    + _COMMON,
    re.VERBOSE | re.DOTALL,
)
_SQLITE = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<hex>[xX]'[0-9a-fA-F]*')
    |(?P<literal>'(?:[^']|'')*')
    |(?P<name>`(?:[^`]|``)*`|"(?:[^"]|"")*"|\[[^\]]*\])"""
    + _COMMON,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_PLAIN = re.compile(r"[^\W\d][\w$]*\Z")


class Token(NamedTuple):
    """`kind` is string, literal, name (quoted), word, number, bits or op.

    The text of a string and of a name is without quotes and escapes; a literal is SQLite's string, in its
    quotes.
    """

    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether this is an unquoted word and one of these (lower case)."""
        return self.kind == "word" and self.text.lower() in words


#: The minus before an operand, where somebody has told it from the one between two.
MINUS = Token("op", "unary -")


def mysql_tokens(sql: str) -> list[Token]:
    """The tokens of MySQL's or MariaDB's SQL without comments (executable ones stay)."""
    return [
        _mysql_token(match.lastgroup or "op", match.group())
        for match in _MYSQL.finditer(sql)
        if match.lastgroup != "skip"
    ]


def sqlite_tokens(sql: str) -> list[Token]:
    """The tokens of SQLite's SQL without comments."""
    return [
        _sqlite_token(match.lastgroup or "op", match.group())
        for match in _SQLITE.finditer(sql)
        if match.lastgroup != "skip"
    ]


def _mysql_token(kind: str, text: str) -> Token:
    if kind == "string":
        quote = text[0]
        return Token("string", unescape(text[1:-1].replace(quote * 2, quote)))
    if kind == "hex":
        return Token("number", "0x" + text[2:-1].lower())
    return Token(kind, text[1:-1].replace("``", "`")) if kind == "name" else Token(kind, text)


def _sqlite_token(kind: str, text: str) -> Token:
    if kind == "name":
        quote = text[0]
        return Token(kind, text[1:-1].replace(quote * 2, quote) if quote != "[" else text[1:-1])
    return Token("number", text.lower()) if kind == "hex" else Token(kind, text)


def unescape(text: str) -> str:
    r"""The text without MySQL's backslash escapes; `\%` and `\_` keep theirs, as the server does it."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0] if match[1] in "%_" else match[1]), text)


def quoted(text: str) -> str:
    r"""The text as MySQL's string literal: `'it''s'`, with `\\`, `\n` and `\0`."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "'" + escaped.replace("\n", "\\n").replace("\0", "\\0") + "'"


def tidied(tokens: Sequence[Token]) -> str:
    """A body in one line and one spelling: single quotes, plain names without quotes, no last `;`."""
    end = len(tokens)
    while end and tokens[end - 1] == Token("op", ";"):
        end -= 1
    return rendered([Token("word", t.text) if t.kind == "name" and _PLAIN.match(t.text) else t for t in tokens[:end]])


def rendered(tokens: Sequence[Token]) -> str:
    """The tokens as one line of SQL."""
    parts: list[str] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and _spaced(before, token):
            parts.append(" ")
        parts.append(_spelled(token))
    return "".join(parts)


def _spelled(token: Token) -> str:
    if token.kind == "string":
        return quoted(token.text)
    if token.kind == "name":
        return "`" + token.text.replace("`", "``") + "`"
    return "-" if token == MINUS else token.text


def _spaced(before: Token, token: Token) -> bool:
    if token.kind == "op" and token.text in (",", ")", ";", "."):
        return False
    if before == MINUS or (before.kind == "op" and before.text in ("(", ".")):
        return False
    is_call = token == Token("op", "(") and before.kind in ("word", "name")
    return not is_call or before.text.lower() in _SPACED_WORDS


_SPACED_WORDS = frozenset(
    """and or xor not in like between is div mod regexp rlike on where having from join select when then else
    by as values set if while until return references key index check using union all distinct""".split()
)
