"""A column's or table's definition as SQL text to edit: what an edit does not touch stays to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple


class Token(NamedTuple):
    """`kind` is word (numbers too), string, name (quoted), code (an executable comment) or op."""

    kind: str
    text: str
    start: int
    end: int

    def word(self) -> str:
        """An unquoted word in upper case; empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The name that it stands for, without quotes."""
        if self.kind not in ("name", "string"):
            return self.text
        quote = self.text[-1]
        return self.text[1:-1] if quote == "]" else self.text[1:-1].replace(quote * 2, quote)


@dataclass(frozen=True)
class Grammar:
    """How a database writes definitions: its tokens, and the words that begin a clause of a column."""

    pattern: re.Pattern[str]
    starters: frozenset[str]

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text without blanks and comments."""
        return [
            Token(match.lastgroup or "op", match.group(), match.start(), match.end())
            for match in self.pattern.finditer(text)
            if match.lastgroup != "skip"
        ]


MYSQL = Grammar(
    re.compile(
        r"(?P<skip>\s+)|(?P<code>/\*M?!.*?\*/)|(?P<string>'(?:[^'\\]|\\.|'')*')|(?P<name>`(?:[^`]|``)*`)"
        r"|(?P<word>[\w$]+)|(?P<op>.)",
        re.DOTALL,
    ),
    frozenset("CHARACTER COLLATE GENERATED NOT NULL DEFAULT ON AUTO_INCREMENT COMMENT CHECK INVISIBLE".split()),
)
SQLITE = Grammar(
    re.compile(
        r"(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>'(?:[^']|'')*')"
        r"|(?P<name>\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\])|(?P<word>[\w$]+)|(?P<op>.)",
        re.DOTALL,
    ),
    frozenset("CONSTRAINT PRIMARY NOT NULL UNIQUE CHECK DEFAULT COLLATE REFERENCES GENERATED AS".split()),
)
_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


class Clause(NamedTuple):
    """A clause of a column: the word that begins it, its text, and the name that CONSTRAINT gives it."""

    kind: str
    text: str
    name: str | None = None


@dataclass(frozen=True)
class Column:
    """A column's definition: `head` is its name as written, `name` without quotes."""

    head: str
    name: str
    type: str
    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        return self.head + self.type + "".join(clause.text for clause in self.clauses)

    def clause(self, kind: str) -> str | None:
        """The text of the clause of this kind, None where there is none."""
        return next((clause.text.strip() for clause in self.clauses if clause.kind == kind), None)

    def without(self, *kinds: str) -> Column:
        """Less the clauses of these kinds."""
        return replace(self, clauses=tuple(clause for clause in self.clauses if clause.kind not in kinds))

    def put(self, kind: str, text: str | None) -> Column:
        """With this clause in place of the one of its kind; a new one comes before a CHECK; None drops it."""
        if text is None:
            return self.without(kind)
        clauses = list(self.clauses)
        kinds = [clause.kind for clause in clauses]
        new = Clause(kind, f" {text} ")
        if kind in kinds:
            clauses[kinds.index(kind)] = new
        else:
            clauses.insert(kinds.index("CHECK") if "CHECK" in kinds else len(clauses), new)
        return replace(self, clauses=tuple(clauses))


@dataclass(frozen=True)
class Constraint:
    """A constraint of a table; `kind` is PRIMARY, UNIQUE, CHECK or FOREIGN, `columns` are in lower case."""

    text: str
    kind: str
    name: str | None
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """A CREATE TABLE: what stands before the parenthesis, the items in it, and what follows."""

    head: str
    items: tuple[Column | Constraint, ...]
    tail: str

    def __str__(self) -> str:
        return f"{self.head}{','.join(map(str, self.items))}{self.tail}"

    @property
    def columns(self) -> list[Column]:
        """The columns in their order."""
        return [item for item in self.items if isinstance(item, Column)]

    @property
    def constraints(self) -> list[Constraint]:
        """The table's own constraints, not those of its columns."""
        return [item for item in self.items if isinstance(item, Constraint)]

    def column(self, name: str) -> Column | None:
        """The column of this name in any case, or None."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def with_items(self, columns: Iterable[Column], constraints: Iterable[Constraint]) -> Table:
        """The same table of these items."""
        return replace(self, items=(*columns, *constraints))


def sqlite_table(sql: str) -> Table:
    """A CREATE TABLE as SQLite keeps it."""
    head, texts, tail = split_list(sql, SQLITE)
    items: list[Column | Constraint] = []
    for text in texts:
        if SQLITE.tokens(text)[0].word() in _CONSTRAINTS:
            items += _constraints(text)
        else:
            items.append(column(text, SQLITE))
    return Table(head, tuple(items), tail)


def split_list(sql: str, grammar: Grammar) -> tuple[str, list[str], str]:
    """The text up to the first parenthesis and with it, the items between the commas, and the rest from `)` on."""
    tokens = grammar.tokens(sql)
    opening = next(place for place, token in enumerate(tokens) if token.text == "(")
    items: list[str] = []
    start = tokens[opening].end
    depth = 0
    for token in tokens[opening:]:
        depth += _step(token)
        if depth == 0 or (depth == 1 and token.text == ","):
            items.append(sql[start : token.start])
            start = token.end
        if depth == 0:
            return sql[: tokens[opening].end], items, sql[token.start :]
    raise ValueError(f"parentheses are left open: {sql}")


def _step(token: Token) -> int:
    return (token.text == "(") - (token.text == ")") if token.kind == "op" else 0


def column(text: str, grammar: Grammar) -> Column:
    """One column's definition."""
    tokens = grammar.tokens(text)
    starts = _clause_starts(tokens, grammar)
    bounds = [tokens[place].start for place, _, _ in starts] + [len(text)]
    end_of_name = tokens[1].start if len(tokens) > 1 else len(text)
    return Column(
        head=text[:end_of_name],
        name=tokens[0].name,
        type=text[end_of_name : bounds[0]] if len(tokens) > 1 else "",
        clauses=tuple(
            Clause(kind, text[bounds[number] : bounds[number + 1]], name)
            for number, (_, kind, name) in enumerate(starts)
        ),
    )


def _clause_starts(tokens: Sequence[Token], grammar: Grammar) -> list[tuple[int, str, str | None]]:
    """Where each clause of a column begins, its kind, and its name."""
    starts: list[tuple[int, str, str | None]] = []
    depth = 0
    for place, token in enumerate(tokens):
        depth += _step(token)
        if place == 0 or depth or not _begins(tokens, place, grammar, starts):
            continue
        before = tokens[place - 2].word() if place > 2 else ""
        if before == "CONSTRAINT":
            starts[-1] = (place - 2, token.word(), tokens[place - 1].name)
        else:
            starts.append((place, token.word() or "CODE", None))
    return starts


def _begins(
    tokens: Sequence[Token], place: int, grammar: Grammar, starts: Sequence[tuple[int, str, str | None]]
) -> bool:
    """Whether a token outside parentheses begins a clause, and is not a word within one."""
    token, before = tokens[place], tokens[place - 1].word()
    after = tokens[place + 1].word() if place + 1 < len(tokens) else ""
    is_value = bool(starts) and starts[-1][:2] == (place - 1, "DEFAULT")
    if token.kind == "code":
        return True
    if token.word() not in grammar.starters or is_value or before == "CONSTRAINT":
        return False
    if before == "SET" and token.word() in ("NULL", "DEFAULT"):  # ON DELETE SET NULL
        return False
    within = (("NOT", "NULL"), ("ALWAYS", "AS"))
    return (before, token.word()) not in within and (token.word(), after) != ("NOT", "DEFERRABLE")


def _constraints(text: str) -> list[Constraint]:
    """The constraints of one item: SQLite wants no comma between them."""
    tokens = SQLITE.tokens(text)
    starts: list[int] = []
    depth = 0
    for place, token in enumerate(tokens):
        depth += _step(token)
        named = place > 1 and tokens[place - 2].word() == "CONSTRAINT"
        if depth == 0 and token.word() in _CONSTRAINTS and not named:
            starts.append(place)
    bounds = [0, *(tokens[place].start for place in starts[1:]), len(text)]
    return [constraint(text[bounds[n] : bounds[n + 1]]) for n in range(len(starts))]


def constraint(text: str) -> Constraint:
    """One constraint of a table."""
    tokens = SQLITE.tokens(text)
    name = tokens[1].name if tokens[0].word() == "CONSTRAINT" else None
    kind = tokens[2 if name is not None else 0].word()
    _, inside, _ = split_list(text, SQLITE)
    columns = () if kind == "CHECK" else tuple(SQLITE.tokens(part)[0].name.lower() for part in inside)
    return Constraint(text, kind, name, columns)
