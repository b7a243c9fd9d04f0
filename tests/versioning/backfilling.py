"""A migration with a backfill on a table of a test's own, run by the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from giveaminute.settings import parse_url
from giveaminute.versioning import runner
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.backfills.place import Walked
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Manner, Move, RunResult
from tests.repositories import make_repository


class Told(Progress):
    """Keeps what was told of backfills; `then` is called with each."""

    def __init__(self, then: Callable[[Walked], None] = lambda walked: None) -> None:
        self.walked: list[Walked] = []
        self.notices: list[str] = []
        self._then = then

    def backfilling(self, walked: Walked) -> None:
        self.walked.append(walked)
        self._then(walked)

    def notice(self, text: str) -> None:
        self.notices.append(text)


@dataclass
class Bench:
    """A database whose version 1 has the tables, and whose version 2 is the backfill."""

    url: str
    folder: Path
    tables: Sequence[str]
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def is_mysql(self) -> bool:
        return not self.url.startswith("sqlite")

    def script(self, body: str, down: str = "pass", head: str = "") -> None:
        """The second migration: the body of its `upgrade(op)`, what stands before that, its downgrade."""
        made = "\n".join(f"    op.execute({each!r})" for each in self.tables)
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        self.scripts = {
            "001_Tables.py": f'"""Tables."""\n\ndef upgrade(op):\n{made}\n\ndef downgrade(op):\n    pass\n',
            "002_Backfill.py": f'"""Backfill."""\n{head}\n\ndef upgrade(op):\n{lines}\n'
            f"\ndef downgrade(op):\n    {down}\n",
        }
        make_repository(self.folder, self.scripts)

    def run(self, version: int = 2, progress: Progress | None = None, pacing: Pacing | None = None) -> RunResult:
        with self.database() as database:
            direction = Direction.UPGRADE
            move = Move(direction, str(version))
            manner = Manner(wait=20, pacing=pacing or Pacing())
            return runner.run(database, Repository(self.folder), move, progress or Told(), manner)

    @contextmanager
    def database(self, *, read_only: bool = False) -> Iterator[Database]:
        with opened(parse_url(self.url), read_only=read_only, wait=10) as database:
            yield database

    def change(self, sql: str, sets: Sequence[dict[str, Any]] = ({},)) -> None:
        with self.database() as database, database.transaction():
            for each in sets:
                database.execute(sql, each)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database(read_only=True) as database:
            return database.query(sql)


def bench(url: str, tmp_path: Path, *tables: str, rows: str = "", sets: Sequence[dict[str, Any]] = ()) -> Bench:
    """The tables made, rows inserted; a script is still to be given."""
    made = Bench(url, tmp_path / "repository", tables)
    made.script("pass")
    made.run(1)
    if rows:
        made.change(rows, sets)
    return made
