"""Python source as a few values, laid out as `ruff format` would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 120
INDENT = 4


@dataclass(frozen=True)
class Call:
    """A call, or with brackets instead of parentheses a list; `arguments` are values with their keyword, if any."""

    function: str
    arguments: tuple[tuple[str, Expression], ...]
    brackets: str = "()"

    def __str__(self) -> str:
        return f"{self.function}{self.brackets[0]}{', '.join(map(_argument, self.arguments))}{self.brackets[1]}"

    @property
    def names(self) -> set[str]:
        """The keywords of its arguments."""
        return {name for name, _ in self.arguments if name}


Expression = str | Call
"""Text as it stands, or a call that may be broken over lines."""


@dataclass(frozen=True)
class Statement:
    """A line of a function's body (a call, or a comment), under a condition where there is one."""

    code: Expression
    condition: str = ""


def call(function: str, *values: Expression, **named: Expression) -> Call:
    """A call of these arguments."""
    return Call(function, (*(("", value) for value in values), *named.items()))


def texts(values: Iterable[str]) -> Call:
    """A list of strings."""
    return Call("", tuple(("", quoted(value)) for value in values), "[]")


def quoted(text: str) -> str:
    """A string literal, in double quotes where that needs no escape."""
    if "\n" in text.strip("\n"):
        escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return f'"""{escaped} """' if escaped.endswith('"') else f'"""{escaped}"""'
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text else literal


def body(statements: Sequence[Statement]) -> list[str]:
    """The lines of a function's body; neighbours under one condition share it."""
    lines: list[str] = []
    above = ""
    for each in statements:
        if each.condition and each.condition != above:
            lines.append(f"{' ' * INDENT}if {each.condition}:")
        above = each.condition
        lines += laid_out(each.code, INDENT * (2 if each.condition else 1))
    return lines


def laid_out(code: Expression, indent: int, lead: str = "", tail: str = "") -> list[str]:
    """The lines of one statement: one, or the arguments on a line, or a line each."""
    start = " " * indent
    whole = f"{start}{lead}{code}{tail}"
    if isinstance(code, str) or (_fits(whole)):
        return [whole]
    opening, closing = f"{start}{lead}{code.function}{code.brackets[0]}", f"{start}{code.brackets[1]}{tail}"
    inside = f"{start}{' ' * INDENT}{', '.join(map(_argument, code.arguments))}"
    if _fits(inside):
        return [opening, inside, closing]
    lines = [opening]
    for name, value in code.arguments:
        lines += laid_out(value, indent + INDENT, f"{name}=" if name else "", ",")
    return [*lines, closing]


def _fits(text: str) -> bool:
    return "\n" not in text and len(text) <= WIDTH


def _argument(argument: tuple[str, Expression]) -> str:
    name, value = argument
    return f"{name}={value}" if name else str(value)
