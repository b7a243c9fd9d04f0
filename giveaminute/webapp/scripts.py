"""The text of migrations, as the page shows it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import MigrationToolError
from giveaminute.versioning.dialects.base import Dialect
from giveaminute.versioning.repository import Direction, Repository, Script


@dataclass(frozen=True)
class File:
    """One file of a migration."""

    name: str
    text: str


@dataclass(frozen=True)
class Pending:
    """A migration to come. `sql`: what it sends, None where only running it tells; `source`: of a Python one.

    `error`: why it cannot be read, and so not be run.
    """

    version: int
    title: str
    file: str
    source: str | None
    sql: tuple[str, ...] | None
    losses: tuple[str, ...] = ()
    error: str | None = None


def files(script: Script) -> tuple[File, ...]:
    """Every file of a migration."""
    return tuple(File(path.name, _text(path)) for path in _paths(script))


def pending(repository: Repository, dialect: Dialect, versions: range) -> tuple[Pending, ...]:
    """These migrations as they would run on this family of databases."""
    return tuple(_pending(repository.scripts[number], dialect) for number in versions if number in repository.scripts)


def stamp(repository: Repository, versions: range) -> tuple[object, ...]:
    """What changes when one of these is edited: reading and splitting one of megabytes takes seconds."""
    return tuple(
        (path.name, found and (found.st_mtime_ns, found.st_size))
        for number in versions
        if number in repository.scripts
        for path in _paths(repository.scripts[number])
        for found in (_stat(path),)
    )


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _paths(script: Script) -> list[Path]:
    return [script.python] if script.python is not None else sorted(script.sql.values())


def _pending(script: Script, dialect: Dialect) -> Pending:
    from giveaminute.versioning.script import SqlMigration, read

    try:
        path = script.file(dialect.name, Direction.UPGRADE)
        migration = read(script, dialect.name, Direction.UPGRADE, dialect.syntax)
    except MigrationToolError as error:
        return Pending(script.number, script.title, "", None, None, error=error.message)
    if isinstance(migration, SqlMigration):
        sql = tuple(each.text for each in migration.statements)
        return Pending(script.number, script.title, path.name, None, sql)
    losses = tuple(f"{name}: {reason}" for name, reason in migration.declarations.loses)
    return Pending(script.number, script.title, path.name, _text(path), None, losses)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"(It cannot be read: {error.strerror}.)"
