"""Whether a Python migration only says what it wants done: it asks nothing, looks at nothing, takes one way.

What such a script does is the same whenever it runs. Pure, judged by its syntax tree; in doubt it is not.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from giveaminute.versioning.repository import Direction

_DECLARING = frozenset(
    "create_table drop_table rename_table add_column create_index drop_index create_primary_key create_foreign_key"
    " create_unique_constraint create_check_constraint create_table_comment drop_table_comment".split()
)
"""What of `op` makes its statements of its arguments alone; one that does ask is found out when it is tried."""


def declarative(tree: ast.Module) -> frozenset[Direction]:
    """The directions of a script that are nothing but calls of `op` with values and SQLAlchemy's own words."""
    words: set[str] = set()
    functions: list[ast.FunctionDef] = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not _is_sqlalchemys(node):
                return frozenset()
            words |= {each.asname or each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list and _are_values(_defaults(node), ()):
            functions.append(node)
        elif not (_is_text(node) or _is_constant(node)):
            return frozenset()
    return frozenset(
        way for way in Direction if _declare([each for each in functions if each.name == way.value], words)
    )


def _is_sqlalchemys(node: ast.Import | ast.ImportFrom) -> bool:
    names = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return all(name.partition(".")[0] in ("sqlalchemy", "__future__") for name in names)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_constant(node: ast.stmt) -> bool:
    """Whether it gives plain names plain values, such as `irreversible = "why"`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(isinstance(each, ast.Name) for each in targets) and _are_values([node.value], ())


def _defaults(function: ast.FunctionDef) -> list[ast.expr]:
    """What is worked out when it is defined."""
    return [*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)]


def _declare(functions: list[ast.FunctionDef], words: Collection[str]) -> bool:
    """Whether all of one name do: the last one counts, and a reader may have missed it."""
    return functions != [] and all(_declares(each, words) for each in functions)


def _declares(function: ast.FunctionDef, words: Collection[str]) -> bool:
    if len(function.args.args) != 1:
        return False
    op = function.args.args[0].arg
    return op not in words and all(_is_text(each) or _is_call_of(op, each, words) for each in function.body)


def _is_call_of(op: str, node: ast.stmt, words: Collection[str]) -> bool:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    return function.value.id == op and function.attr in _DECLARING and _are_values(_given(node.value), words)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _are_values(nodes: Iterable[ast.expr | None], words: Collection[str]) -> bool:
    """Whether these are literals, or put together of them by what was imported."""
    for node in nodes:
        if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in words):
            continue
        if isinstance(node, (ast.List, ast.Tuple)):
            parts: list[ast.expr | None] = [*node.elts]
        elif isinstance(node, ast.Dict):
            parts = [*node.keys, *node.values]
        elif isinstance(node, ast.UnaryOp):
            parts = [node.operand]
        elif isinstance(node, ast.Attribute):
            parts = [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            parts = [node.func, *_given(node)]
        else:
            return False
        if not _are_values(parts, words):
            return False
    return True
