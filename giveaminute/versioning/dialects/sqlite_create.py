"""What only the text of a CREATE statement says on SQLite: checks, collations, names, expressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from giveaminute.versioning.dialects.sql_text import Token, sqlite_tokens, tidied
from giveaminute.versioning.schema import Check

_TABLE_CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign")
_OPEN, _CLOSE, _COMMA = Token("op", "("), Token("op", ")"), Token("op", ",")


@dataclass(slots=True)
class ColumnText:
    """What a column's definition says beyond its type, nullability and default."""

    collation: str | None = None
    generated: str | None = None
    auto_increment: bool = False


@dataclass(slots=True)
class TableText:
    """What a CREATE TABLE says; names are in lower case where they are keys.

    `references` has, for each (columns, referred table), the name and whether it is INITIALLY DEFERRED.
    """

    columns: dict[str, ColumnText] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    uniques: dict[tuple[str, ...], str] = field(default_factory=dict)
    references: dict[tuple[tuple[str, ...], str], tuple[str | None, bool]] = field(default_factory=dict)
    options: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IndexText:
    """The parts of a CREATE INDEX as written, and the condition of a partial one."""

    parts: tuple[str, ...]
    where: str | None


@dataclass(frozen=True, slots=True)
class TriggerText:
    """When a trigger fires (`UPDATE OF a, b` is an event) and what it does, its WHEN included."""

    timing: str
    event: str
    body: str


def table_text(sql: str) -> TableText:
    """Read a CREATE TABLE; of a virtual table only what it uses."""
    tokens = sqlite_tokens(sql)
    text = TableText()
    if len(tokens) > 1 and tokens[1].is_word("virtual"):
        using = next(place for place, token in enumerate(tokens) if token.is_word("using"))
        text.options.append(("using", tidied(tokens[using + 1 :])))
        return text
    start = tokens.index(_OPEN)
    end = _closing(tokens, start)
    for item in _split(tokens[start + 1 : end]):
        if item[0].is_word(*_TABLE_CONSTRAINTS):
            _read_constraints(item, None, text)
        else:
            is_counted = any(token.is_word("autoincrement") for token in item)
            text.columns[item[0].text.lower()] = ColumnText(auto_increment=is_counted)
            _read_constraints(item[1:], item[0].text, text)
    for option in _split(tokens[end + 1 :]):
        text.options.append((" ".join(token.text.lower() for token in option), "yes"))
    return text


def index_text(sql: str) -> IndexText:
    """Read a CREATE INDEX."""
    tokens = sqlite_tokens(sql)
    start = tokens.index(_OPEN)
    end = _closing(tokens, start)
    parts = tuple(tidied(_without_order(part)) for part in _split(tokens[start + 1 : end]))
    return IndexText(parts, tidied(tokens[end + 2 :]) if len(tokens) > end + 1 else None)


def trigger_text(sql: str) -> TriggerText:
    """Read a CREATE TRIGGER."""
    tokens = sqlite_tokens(sql)
    name = _place(tokens, "trigger") + 1
    name += 3 if tokens[name].is_word("if") else 0
    name += 2 if tokens[name + 1].text == "." else 0
    on = _place(tokens, "on", name + 1)
    moment = [token.text.upper() for token in tokens[name + 1 : on]]
    timing = " ".join(moment[:2]) if moment[0] == "INSTEAD" else moment[0]
    timing = timing if timing in ("BEFORE", "AFTER", "INSTEAD OF") else ""
    event = tidied(tokens[name + 1 + len(timing.split()) : on])
    body = tokens[on + 2 :]
    if body[:1] and body[0].is_word("for"):
        body = body[3:]
    first, *columns = event.split(" ", 2)
    event = " ".join([first.upper(), *(f"OF {names}" for names in columns[1:])])
    return TriggerText(timing or "BEFORE", event, tidied(body))


def view_text(sql: str) -> str:
    """A view's columns, where it names them, and its query."""
    tokens = sqlite_tokens(sql)
    name = _place(tokens, "view") + 1
    name += 3 if tokens[name].is_word("if") else 0
    name += 2 if tokens[name + 1].text == "." else 0
    columns = tokens[name + 1 : _place(tokens, "as", name + 1)]
    query = tidied(tokens[_place(tokens, "as", name + 1) + 1 :])
    return f"{tidied(columns)} {query}" if columns else query


def _place(tokens: Sequence[Token], word: str, start: int = 0) -> int:
    return next(place for place in range(start, len(tokens)) if tokens[place].is_word(word))


def _closing(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for place in range(start, len(tokens)):
        depth += (tokens[place] == _OPEN) - (tokens[place] == _CLOSE)
        if depth == 0:
            return place
    return len(tokens)


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens between the commas that stand in no parentheses."""
    item: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token == _OPEN) - (token == _CLOSE)
        if token == _COMMA and depth == 0:
            yield item
            item = []
        else:
            item.append(token)
    if item:
        yield item


def _without_order(part: list[Token]) -> list[Token]:
    return part[:-1] if part[-1].is_word("asc", "desc") else part


def _read_constraints(tokens: list[Token], column: str | None, text: TableText) -> None:
    """Read a column's constraints, or with `column` None one of the table's."""
    name: str | None = None
    columns: tuple[str, ...] = (column.lower(),) if column else ()
    place = 0
    while place < len(tokens):
        word = tokens[place].text.lower() if tokens[place].kind == "word" else ""
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        end = _closing(tokens, place + 1) if after == _OPEN else place
        inside = tokens[place + 2 : end]
        if word == "constraint" and after is not None:
            name, place = after.text, place + 2
            continue
        if word == "check":
            text.checks.append(Check(name, tidied(inside)))
        elif word == "default" and after != _OPEN:
            end = place + 1  # a word there, or a sign, is a value
        elif word == "references" and after is not None:
            place = _read_reference(tokens, place, columns, name, text)
            continue
        elif word in ("unique", "key") and after == _OPEN:
            columns = tuple(part[0].text.lower() for part in _split(inside))
        if word == "unique" and name:
            text.uniques[columns] = name
        if column and after is not None:
            _read_column(word, after, inside, text.columns[columns[0]])
        if word not in ("not", "primary", "foreign") and (column is not None or word != "key"):
            name = None  # it was this constraint's
        place = end + 1


def _read_column(word: str, after: Token, inside: list[Token], text: ColumnText) -> None:
    if word == "collate":
        text.collation = after.text.upper()
    elif word == "as" and after == _OPEN:
        text.generated = tidied(inside)


def _read_reference(
    tokens: list[Token], place: int, columns: tuple[str, ...], name: str | None, text: TableText
) -> int:
    """Note a REFERENCES clause; returns the place after its table and columns."""
    table = tokens[place + 1].text.lower()
    words = [token.text.lower() for token in tokens[place:]]
    stop = next((n for n, word in enumerate(words) if n and word in ("constraint", "references")), len(words))
    deferred = any(words[n : n + 2] == ["initially", "deferred"] for n in range(stop))
    text.references[columns, table] = (name, deferred)
    place += 2
    return _closing(tokens, place) + 1 if tokens[place : place + 1] == [_OPEN] else place
