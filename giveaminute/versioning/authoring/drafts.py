"""A migration script as text, and its proof: it is run in a scratch database before anybody reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Any

import sqlalchemy as sa

from giveaminute.errors import MigrationToolError
from giveaminute.versioning.authoring.conversions import conversions, has_key
from giveaminute.versioning.authoring.definitions import Source
from giveaminute.versioning.authoring.python_text import WIDTH, Statement, body, quoted
from giveaminute.versioning.authoring.statements import statements
from giveaminute.versioning.authoring.way import Way
from giveaminute.versioning.database import Database
from giveaminute.versioning.lending import lent
from giveaminute.versioning.recorder import Recorder
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.templates import plain_title


@dataclass(frozen=True)
class Draft:
    """A script to be.

    `without_form`: what could not be written, in words; `by_hand`: what running it showed it not to do. Both stand in
    it as comments too.
    """

    title: str
    about: str
    ways: Mapping[Direction, tuple[Statement, ...]]
    loses: Mapping[str, str] = field(default_factory=dict)
    without_form: tuple[str, ...] = ()
    by_hand: Mapping[Direction, tuple[str, ...]] = field(default_factory=dict)

    def text(self) -> str:
        """The script."""
        functions = [self._function(direction) for direction in Direction]
        parts = [self._docstring(), _imports("\n".join(functions)), _loses(self.loses)]
        head = "\n".join(part for part in parts if part)
        return "\n\n".join([head, *functions])

    def _docstring(self) -> str:
        about = "\n\n".join("\n".join(wrap(each, WIDTH)) for each in self.about.split("\n\n"))
        return f'"""{plain_title(self.title)}.\n\n{about}\n"""\n'

    def _function(self, direction: Direction) -> str:
        lines = body(self.ways[direction])
        for words in self.by_hand.get(direction, ()):
            lines += wrap(words, WIDTH, initial_indent="    # By hand: ", subsequent_indent="    #     ")
        if all(line.lstrip().startswith("#") for line in lines):
            lines.append("    pass")
        return "\n".join([f"def {direction.value}(op):", *lines, ""])

    @property
    def left(self) -> tuple[str, ...]:
        """All that it does not do, in words."""
        down = (f"in the downgrade: {words}" for words in self.by_hand.get(Direction.DOWNGRADE, ()))
        return (*self.without_form, *self.by_hand.get(Direction.UPGRADE, ()), *down)

    def proved(self, by_hand: Mapping[Direction, Sequence[str]]) -> Draft:
        """With what running it has shown."""
        return replace(self, by_hand={direction: tuple(words) for direction, words in by_hand.items()})


def _imports(text: str) -> str:
    lines = ["import sqlalchemy as sa"] if re.search(r"\bsa\.", text) else []
    dialects = sorted(set(re.findall(r"\b(mysql|sqlite|postgresql)\.[A-Z]", text)))
    lines += [f"from sqlalchemy.dialects import {', '.join(dialects)}"] if dialects else []
    return "".join(f"{line}\n" for line in lines)


def _loses(loses: Mapping[str, str]) -> str:
    if not loses:
        return ""
    pairs = [f"{quoted(what)}: {quoted(why)}" for what, why in loses.items()]
    line = f"loses = {{{', '.join(pairs)}}}"
    if len(line) <= WIDTH:
        return f"{line}\n"
    return "loses = {\n" + "".join(f"    {pair},\n" for pair in pairs) + "}\n"


def there_and_back(
    title: str, about: str, before: Source, after: Source, why_lost: str, *, guarded: bool = False
) -> Draft:
    """Up from `before` to `after`, and down again.

    `guarded`: where parts of it are there already they stay, and the way down leaves them too.
    """
    up = Way(before, after, guarded=guarded, noted=guarded)
    down = Way(after, before, takes_back=True, noted=guarded)
    ways = {
        Direction.UPGRADE: tuple(statements(up)),
        Direction.DOWNGRADE: tuple(statements(down)),
    }
    return Draft(title, about, ways, losses(up, why_lost), tuple(dict.fromkeys(up.without_form + down.without_form)))


def losses(way: Way, why: str) -> dict[str, str]:
    """What `loses` has to declare: tables and columns that go, and values that are converted and not kept."""
    found = {table.name: why for table in sorted(way.dropped, key=lambda table: table.name)}
    for before, after in way.pairs:
        for column in before.columns:
            new = after.column(column.name)
            if new is None and column.generated is None:
                found[f"{before.name}.{column.name}"] = why
            elif new is not None and not has_key(before) and any(conversions(column, new)):
                found[f"{before.name}.{column.name}"] = "what does not fit is converted"
    return found


def perform(database: Database, repository: Repository, text: str, direction: Direction) -> list[str]:
    """Run one direction of a script in a scratch database; why parts of it could not, a line each.

    What fails is passed over, so that all that does is told at once.
    """
    tree = ast.parse(text)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == direction.value)
    space: dict[str, Any] = {}
    exec(compile(tree, "draft", "exec"), space)
    dialect = database.dialect
    with lent(dialect, database.connection, Recorder()) as connection:
        space["op"] = dialect.operations(connection, repository.head + 1, repository.id)
        failures = [_failure(database, each, space) for each in function.body]
    database.connection.commit()
    return list(dict.fromkeys(failure for failure in failures if failure))


def _failure(database: Database, statement: ast.stmt, space: dict[str, Any]) -> str | None:
    dialect = database.dialect
    try:
        exec(compile(ast.Module([statement], []), "draft", "exec"), space)
    except MigrationToolError as error:
        return error.message
    except sa.exc.DBAPIError as error:
        return dialect.explain(error.orig) if isinstance(error.orig, dialect.driver_error) else str(error.orig)
    except (sa.exc.SQLAlchemyError, dialect.driver_error) as error:
        return str(error).splitlines()[0]
    return None
