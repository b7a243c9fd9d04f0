"""What a script silences, by rule and with a reason: `lint = {"rule": "why"}` in Python, `-- lint: rule: why` in SQL.

Read from the file and not from what runs: a declaration that is wrong is reported, and never stops an upgrade.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from giveaminute.versioning.sqltokens import Syntax, comments

_FORM = re.compile(r"lint\s*:\s*(?P<rule>[\w-]*)\s*(?::\s*(?P<why>.*))?\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Silencing:
    """One rule that is silenced, and where. `reason` is empty where none is given, `rule` where it has no form."""

    rule: str
    reason: str
    line: int


def silencings(path: Path, syntax: Syntax) -> tuple[Silencing, ...]:
    """What the script silences, in its order."""
    if path.suffix != ".py":
        return tuple(_of_sql(path.read_text(encoding="utf-8"), syntax))
    with tokenize.open(path) as file:
        return tuple(_of_python(ast.parse(file.read())))


def _of_python(tree: ast.Module) -> Iterator[Silencing]:
    for node in tree.body:
        if not _is_declaration(node):
            continue
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Dict):
            yield Silencing("", "", node.lineno)
            continue
        for name, reason in zip(value.keys, value.values, strict=True):
            yield Silencing(_text(name), _text(reason), (name or node).lineno)


def _is_declaration(node: ast.stmt) -> bool:
    """Whether a statement of a module is its `lint = …`."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return isinstance(node, (ast.Assign, ast.AnnAssign)) and any(
        isinstance(target, ast.Name) and target.id == "lint" for target in targets
    )


def _text(node: ast.expr | None) -> str:
    try:
        value = ast.literal_eval(node) if node is not None else ""
    except ValueError:
        return ""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _of_sql(text: str, syntax: Syntax) -> Iterator[Silencing]:
    for start, comment in comments(text, syntax):
        words = comment.removeprefix("/*").removesuffix("*/").lstrip("-#").strip()
        found = _FORM.match(words)
        if found:
            reason = " ".join((found["why"] or "").split())
            yield Silencing(found["rule"], reason, text.count("\n", 0, start) + 1)
