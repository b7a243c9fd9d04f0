"""Where defects are tried: each rehearsed alone, upon the schema of the version before it as one SQL script.

With `without_keys` that schema is as the servers of 2011 kept it: no foreign keys, and before 013 MyISAM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.filling import in_order
from giveaminute.versioning.rehearsal import rehearse
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.scratch import scratch
from tests.mutations.seeding import Defect, originals, seeded
from tests.repositories import make_repository
from tests.servers import Server

INNODB = 13
"""The migration that makes every table InnoDB."""
REFERENCE = re.compile(r",\s*CONSTRAINT \S+ FOREIGN KEY ?\([^)]*\) REFERENCES \S+ ?\([^)]*\)( ON \w+ CASCADE)*")
Edits = Iterable[tuple[str, str]]


@dataclass
class Bench:
    """A family's server and a folder. `family`: sqlite, mariadb or mysql; no database of `url` is touched."""

    family: str
    url: DatabaseUrl
    folder: Path
    server: Server | None = None
    grounds: list[Ground] = field(default_factory=list)

    def told(self, script: int, edits: Edits = (), *, without_keys: bool = False) -> list[str]:
        """What a rehearsal of this script with these edits finds, upon a database that holds rows."""
        name, original = originals()[script]
        text = seeded(original, edits)
        base = self._ground(script - 1).sql(original + text, without_keys, without_keys and script <= INNODB)
        files = {
            "001_Base_default_upgrade.sql": base,
            "001_Base_default_downgrade.sql": "",
            f"002_{name[4:]}": text,
        }
        repository = Repository(make_repository(self.folder / "tried", files))
        (verdict,) = rehearse(self.url, repository, 2, 2).verdicts
        return list(verdict.problems)

    def repository(self, defects: Iterable[Defect] = ()) -> Repository:
        """All scripts with all these defects in them."""
        texts = originals()
        for defect in defects:
            name, text = texts[defect.script]
            texts[defect.script] = (name, seeded(text, defect.edits))
        return Repository(make_repository(self.folder / "all", dict(texts.values())))

    def _ground(self, version: int) -> Ground:
        if not self.grounds:
            repository = self.repository()
            with scratch(self.url) as made, opened(made.url, read_only=False) as database:
                for number in range(repository.head):
                    runner.run(database, repository, Move(Direction.UPGRADE, str(number)), Progress())
                    self.grounds.append(_ground(database))
        return self.grounds[version]


@dataclass(frozen=True)
class Ground:
    """A version's schema, and the statements that make each of its tables and views."""

    schema: Schema
    statements: Mapping[str, tuple[str, ...]]

    def sql(self, mentioned: str, without_keys: bool, myisam: bool) -> str:
        """The tables and views that are mentioned, and what they refer to, as a script; the others only cost time."""
        wanted = {name for name in self.schema.tables if re.search(rf"\b{name}\b", mentioned)}
        while more := {key.referred_table for name in wanted for key in self.schema.tables[name].foreign_keys} - wanted:
            wanted |= more
        names = [table.name for table in in_order(self.schema) if table.name in wanted]
        names += [name for name in self.schema.views if re.search(rf"\b{name}\b", mentioned)]
        text = "".join(dict.fromkeys(piece for name in names for piece in self.statements[name]))
        text = REFERENCE.sub("", text) if without_keys else text
        return text.replace("ENGINE=InnoDB", "ENGINE=MyISAM") if myisam else text


def _ground(database: Database) -> Ground:
    schema = database.dialect.read_schema(database).without()
    alone = [(name, replace(schema, tables={name: table}, views={})) for name, table in schema.tables.items()]
    alone += [(name, replace(schema, tables={}, views={name: view})) for name, view in schema.views.items()]
    statements = {name: tuple(database.dialect.snapshot(database, only)) for name, only in alone}
    return Ground(
        schema,
        {name: tuple(each for each in all_ if not each.startswith("SET ")) for name, all_ in statements.items()},
    )
