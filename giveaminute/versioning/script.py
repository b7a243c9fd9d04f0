"""One migration file: read, proved to parse and to be whole, hashed by its meaning, and loaded when it runs."""

from __future__ import annotations

import ast
import hashlib
import sys
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from giveaminute.errors import RepositoryError
from giveaminute.versioning import elsewhere, refusals
from giveaminute.versioning.declarative import declarative
from giveaminute.versioning.refusals import shown
from giveaminute.versioning.repository import Direction, Script
from giveaminute.versioning.statements import Statement, StatementError, StatementKind, Syntax, kind, normalise, split


@dataclass(frozen=True)
class Declarations:
    """What a Python migration says about itself; empty for SQL."""

    irreversible: str | None = None
    loses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PythonMigration:
    """A parsed Python script; nothing of it has run yet. `declarative`: see the module of that name."""

    path: Path
    code: CodeType
    checksum: str
    declarations: Declarations
    declarative: frozenset[Direction] = frozenset()

    def has(self, direction: Direction) -> bool:
        """Whether it is defined; a downgrade need not be where the script is irreversible."""
        return direction.value in self.code.co_names

    def function(self, direction: Direction) -> Callable[[Any], None]:
        """Run the module's top level and return its upgrade or downgrade."""
        module = ModuleType(f"migration_{self.path.stem}")
        module.__file__ = str(self.path)
        sys.modules[module.__name__] = module  # where dataclasses and annotations look their names up
        exec(self.code, module.__dict__)
        function: Callable[[Any], None] = getattr(module, direction.value)
        return function


@dataclass(frozen=True)
class SqlMigration:
    """A parsed SQL script of one direction."""

    path: Path
    statements: tuple[Statement, ...]
    checksum: str
    declarations: Declarations = Declarations()


def read(
    script: Script, database: str, direction: Direction, syntax: Syntax, own: str = ""
) -> PythonMigration | SqlMigration:
    """Read and parse one script, both its directions proved to be there. Raises RepositoryError by file and line.

    `own`: the name of the database that SQL is for, where it may name no other; empty where names say nothing.
    """
    if script.python is not None:
        return _read_python(script.python)
    files = {each: script.file(database, each) for each in Direction}
    statements = {each: _read_sql(path, syntax, own) for each, path in files.items()}
    both = ["\0".join(normalise(each.text, syntax) for each in statements[way]) for way in Direction]
    return SqlMigration(files[direction], tuple(statements[direction]), _hash("sql1", "\1".join(both)))


def _read_python(path: Path) -> PythonMigration:
    try:
        with tokenize.open(path) as file:
            source = file.read()
        _refuse_nul(source)
        tree = ast.parse(source, str(path))
        code = compile(tree, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise RepositoryError(
            f"{path.name}, line {error.lineno or 1}: {error.msg}.", f"Mend {path} and run it again; nothing has run."
        ) from error
    except (ValueError, OSError) as error:
        raise RepositoryError(
            f"{path.name}: cannot be read: {error}.", f"Mend {path} and run it again; nothing has run."
        ) from error
    declared = _declarations(tree, path)
    _refuse_unrunnable(tree, path, source)
    if "alembic" in source:  # walking each tree would be a quarter of the time that reading takes
        _refuse_alembics_op(tree, path)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for direction in Direction:
        if direction.value not in defined and not (direction is Direction.DOWNGRADE and declared.irreversible):
            raise RepositoryError(
                f"{path.name} has no {direction.value}(op).",
                f'Add `def {direction.value}(op):` to it, or declare at its top: irreversible = "why"',
            )
    return PythonMigration(path, code, _hash("py1", meaning(_what_runs(tree))), declared, declarative(tree))


def _refuse_unrunnable(tree: ast.Module, path: Path, source: str) -> None:
    """A generator or a coroutine would be made, never run, and taken for done."""
    may_yield = "yield" in source
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name not in {
            d.value for d in Direction
        }:
            continue
        if isinstance(node, ast.AsyncFunctionDef) or (may_yield and any(_yields(each) for each in node.body)):
            kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "a generator"
            raise RepositoryError(
                f"{path.name}, line {node.lineno}: {node.name} is {kind}, which would be made and never run.",
                f"Make it a plain function, without yield or await, in {path}.",
            )

        if isinstance(node, ast.FunctionDef) and not _takes_one(node.args):
            raise RepositoryError(
                f"{path.name}, line {node.lineno}: {node.name} is not called with anything but op.",
                f"Write in {path}: def {node.name}(op):",
            )


def _takes_one(arguments: ast.arguments) -> bool:
    """Whether a function can be called with one argument, by its place."""
    places = len(arguments.posonlyargs) + len(arguments.args)
    unset = any(default is None for default in arguments.kw_defaults)
    return not unset and places - len(arguments.defaults) <= 1 and (places >= 1 or arguments.vararg is not None)


def _refuse_alembics_op(tree: ast.Module, path: Path) -> None:
    """Alembic's own `op` speaks to an environment of Alembic's, and there is none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported = {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            imported = {each.name for each in node.names}
        else:
            continue
        if "alembic.op" in imported:
            raise RepositoryError(
                f"{path.name}, line {node.lineno}: alembic's own op does not work here.",
                f"Take the import out of {path}, and use the op that the function gets: def upgrade(op):",
            )


def _yields(node: ast.AST) -> bool:
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))


def _refuse_nul(source: str) -> None:
    """Before Python 3.11.4 its parser does not say where the character stands."""
    if "\0" in source:
        before = source[: source.index("\0")]
        raise SyntaxError("source code cannot contain null bytes", (None, before.count("\n") + 1, None, None))


def _declarations(tree: ast.Module, path: Path) -> Declarations:
    """`irreversible` and `loses`, read without running the script; both are plain literals."""
    found: dict[str, Any] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in ("irreversible", "loses"):
            try:
                found[target.id] = ast.literal_eval(getattr(node, "value", None) or "")
            except (ValueError, SyntaxError):
                raise _bad_declaration(path, node.lineno, target.id) from None
    irreversible, loses = found.get("irreversible"), found.get("loses", {})
    if not isinstance(irreversible, (str, type(None))) or irreversible == "":
        raise _bad_declaration(path, 1, "irreversible")
    if not isinstance(loses, dict) or not all(
        isinstance(text, str) and text for pair in loses.items() for text in pair
    ):
        raise _bad_declaration(path, 1, "loses")
    return Declarations(irreversible, tuple(loses.items()))


def _bad_declaration(path: Path, line: int, name: str) -> RepositoryError:
    forms = {"irreversible": 'irreversible = "why"', "loses": 'loses = {"table.column": "why"}'}
    return RepositoryError(f"{path.name}, line {line}: {name} is not declared in its form.", f"Write: {forms[name]}")


def _read_sql(path: Path, syntax: Syntax, own: str) -> list[Statement]:
    try:
        statements = split(path.read_bytes().decode("utf-8"), syntax)
    except StatementError as error:
        mend = f"Mend {path} and run it again; nothing has run."
        raise RepositoryError(f"{path.name}, {error.message}.", error.remedy or mend) from error
    except (UnicodeDecodeError, OSError) as error:
        raise RepositoryError(
            f"{path.name}: cannot be read: {error}.", f"Save {path} as UTF-8 and run it again; nothing has run."
        ) from error
    for number, statement in enumerate(statements, start=1):
        reason = _refusal(statement, own)
        if reason is not None:
            raise RepositoryError(
                f"{path.name}, line {statement.line}, statement {number} «{shown(statement.text)}»: {reason}.",
                f"Mend {path} and run it again; nothing has run.",
            )
    return statements


def _refusal(statement: Statement, own: str) -> str | None:
    what = kind(statement.text)
    reason = refusals.refusal(what, statement.text)
    if reason is not None:
        return f"{reason}. Take the statement out"
    return elsewhere.refusal(statement.text, own) if own and what is not StatementKind.QUERY else None


def _what_runs(tree: ast.Module) -> ast.Module:
    """Less `lint = {"rule": "why"}`, which silences the lint and does nothing: a released script may be given one.

    Where the script itself reads the name, or it is no plain literal, it is no declaration, and stays.
    """
    silencings = [node for node in tree.body if _silences(node)]
    if not silencings or any(_reads_lint(node) for node in ast.walk(tree)):
        return tree
    return ast.Module(body=[node for node in tree.body if node not in silencings], type_ignores=[])


def _reads_lint(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "lint" and not isinstance(node.ctx, ast.Store)


def _silences(node: ast.stmt) -> bool:
    """Whether a statement is `lint = …`, of literals alone."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if [getattr(each, "id", None) for each in targets] != ["lint"]:
        return False
    try:
        return isinstance(ast.literal_eval(node.value), dict)
    except ValueError:
        return False


def meaning(tree: ast.AST) -> str:
    """A syntax tree as text without what has no meaning: positions, docstrings, empty fields.

    Python's own `ast.dump` differs between releases of Python (new, empty fields); this does not.
    """
    parts: list[str] = []
    _write(tree, parts.append)
    return "".join(parts)


_WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def _write(value: object, out: Callable[[str], None]) -> None:
    if isinstance(value, ast.AST):
        out(type(value).__name__ + "(")
        for name in value._fields:
            child = getattr(value, name, None)
            if child is None or child == [] or name in _WITHOUT_MEANING:
                continue
            out(name + "=")
            _write(_meant(value, name, child) if isinstance(child, list) else child, out)
        out(")")
    elif isinstance(value, list):
        for child in value:
            _write(child, out)
            out(",")
    else:
        out(ascii(value))  # which characters repr() shows depends on the Unicode that Python knows


def _meant(owner: ast.AST, field: str, children: list[object]) -> list[object]:
    if field == "body":
        return _without_docstring(owner, children)
    if isinstance(owner, ast.JoinedStr):  # Python 3.12.0 and 3.12.1 put empty texts in
        return [part for part in children if not (isinstance(part, ast.Constant) and part.value == "")]
    return children


def _without_docstring(owner: ast.AST, body: list[object]) -> list[object]:
    documented = isinstance(owner, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return body[1:] if documented and ast.get_docstring(owner) is not None else body  # type: ignore[arg-type]


def _hash(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
