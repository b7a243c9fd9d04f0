"""The scripts on disk: found by listing the folder, known by their names, read only when they run.

`NNN_Title_with_underscores.py`, or in SQL a file a direction and database: `NNN_[Title_]DATABASE_upgrade.sql` and
`NNN_[Title_]DATABASE_downgrade.sql`, where DATABASE is mysql, sqlite or default.
"""

from __future__ import annotations

import configparser
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from giveaminute.errors import RepositoryError, UsageError


class Direction(Enum):
    """Which way a migration runs."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


DATABASES = ("mysql", "sqlite", "default")
_PYTHON = re.compile(r"([0-9]+)_([\w-]+)\.py")
_SQL = re.compile(r"(\d+)_(?:([\w-]+)_)?(mysql|sqlite|default)_(upgrade|downgrade)\.sql", re.ASCII)
_MAX_TITLE = 100


@dataclass(frozen=True)
class Script:
    """One migration on disk: a Python file, or SQL files by (database, direction)."""

    number: int
    title: str
    python: Path | None = None
    sql: Mapping[tuple[str, Direction], Path] = field(default_factory=dict, hash=False)

    def file(self, database: str, direction: Direction) -> Path:
        """The file that runs on this database in this direction. Raises RepositoryError where there is none."""
        if self.python is not None:
            return self.python
        found = self.sql.get((database, direction)) or self.sql.get(("default", direction))
        if found is None:
            some = next(iter(self.sql.values()))
            raise RepositoryError(
                f"{some.name}: migration {self.number:03d} has no {direction.value} for {database}.",
                f"Add {self.number:03d}_{database}_{direction.value}.sql, or one named default, beside it.",
            )
        return found


class Repository:
    """A folder with `migrate.cfg` and `versions/`. Reading it imports nothing and writes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def versions(self) -> Path:
        """Where the scripts lie."""
        return self.folder / "versions"

    @cached_property
    def _settings(self) -> configparser.SectionProxy:
        file = self.folder / "migrate.cfg"
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(file.read_text(encoding="utf-8"), str(file))
            return parser["db_settings"]
        except FileNotFoundError:
            raise UsageError(
                f"{self.folder} is no migration repository: it has no migrate.cfg.",
                "Name the folder with --repository.",
            ) from None
        except (configparser.Error, UnicodeDecodeError, KeyError):
            raise RepositoryError(
                f"{file}: not an INI file with a section [db_settings].", "Mend it; docs/operations.md shows the form."
            ) from None

    @property
    def id(self) -> str:
        """The install's key in the version table."""
        return self._setting("repository_id")

    @property
    def version_table(self) -> str:
        """The version table's name."""
        name = self._settings.get("version_table", "migrate_version")
        if not re.fullmatch(r"\w+", name, re.ASCII):
            raise RepositoryError(
                f"{self.folder / 'migrate.cfg'}: version_table «{name}» is not a plain name.",
                "Use letters, digits and _.",
            )
        return name

    def _setting(self, name: str) -> str:
        value = self._settings.get(name)
        if not value:
            raise RepositoryError(
                f"{self.folder / 'migrate.cfg'}: {name} is missing in [db_settings].", f"Add a line {name}=NAME."
            )
        return value

    @cached_property
    def scripts(self) -> Mapping[int, Script]:
        """All scripts by number, ascending from 1 without a gap. Raises RepositoryError by file name."""
        folder = self.versions
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            raise UsageError(
                f"{self.folder} is no migration repository: it has no folder versions/.",
                "Name the folder with --repository.",
            ) from None
        found = _Scripts(folder)
        for name in names:
            found.add(name)
        found.refuse_gap()
        return found

    @property
    def head(self) -> int:
        """The newest version; 0 where there is no script."""
        return max(self.scripts, default=0)

    def script(self, number: int) -> Script:
        """The script of this number. Raises UsageError where there is none."""
        if number not in self.scripts:
            raise UsageError(
                f"There is no migration {number}.", f"The scripts in {self.versions} go from 1 to {self.head}."
            )
        return self.scripts[number]

    def next_name(self, title: str) -> str:
        """`NNN_Title` for a new script. Raises UsageError for a title that makes no file name."""
        plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")  # é is e
        words = re.findall(r"[A-Za-z0-9]+", plain)
        stem = "_".join(words)
        if not stem or not title.isprintable() or len(stem) > _MAX_TITLE:
            shown = "".join(each if each.isprintable() else "?" for each in title[:60])
            raise UsageError(
                f"The title «{shown}{'…' if len(title) > 60 else ''}» makes no file name.",
                f"Give one line of up to {_MAX_TITLE} characters with Latin letters or digits in it:"
                ' invoke script "Add a table of events"',
            )
        if words[-1].lower() in ("upgrade", "downgrade"):
            raise UsageError(f"A title cannot end in «{words[-1]}»: SQL scripts end so.", "Choose another last word.")
        return f"{self.head + 1:03d}_{stem}"


class _Scripts(Mapping[int, Script]):
    """Scripts by number, found in the order of their file names, told in that of their numbers.

    One in Python is its file's name until somebody asks for it: of thousands in a folder few are ever asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[int, Script | str] = {}

    def add(self, name: str) -> None:
        """One more file. Raises RepositoryError for one that is named wrongly, or goes with no other of its number."""
        python = _PYTHON.fullmatch(name)
        if python is not None and int(python[1]) not in self._found:
            self._found[int(python[1])] = name
            return
        script = _recognise(self._folder, name)
        if script is not None:
            known = self[script.number] if script.number in self._found else None
            self._found[script.number] = script if known is None else _together(known, script)

    def refuse_gap(self) -> None:
        """Raise RepositoryError where one is missing from 1 to the last."""
        self._found = {number: self._found[number] for number in sorted(self._found)}
        for expected, number in enumerate(self._found, start=1):
            if number != expected:
                _refuse_gap(self[number], expected)

    def __getitem__(self, number: int) -> Script:
        found = self._found[number]
        if isinstance(found, str):
            made = _recognise(self._folder, found)
            assert made is not None
            self._found[number] = found = made
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _recognise(folder: Path, name: str) -> Script | None:
    if python := _PYTHON.fullmatch(name):
        return Script(int(python[1]), python[2].replace("_", " "), folder / name)
    if sql := _SQL.fullmatch(name):
        key = (sql[3], Direction(sql[4]))
        return Script(int(sql[1]), (sql[2] or "").replace("_", " "), None, {key: folder / name})
    if name.endswith((".py", ".sql")) and name != "__init__.py" and not name.startswith("."):
        raise RepositoryError(
            f"{name} is not named like a migration, and would be skipped in silence.",
            "Name it NNN_Title.py or NNN_[Title_]DATABASE_upgrade.sql (DATABASE: mysql, sqlite or default),"
            " or move it out of versions/.",
        )
    return None


def _together(first: Script, second: Script) -> Script:
    clash = set(first.sql) & set(second.sql)
    if first.python or second.python or clash or (first.title and second.title and first.title != second.title):
        files = sorted(
            {path.name for script in (first, second) for path in (script.python, *script.sql.values()) if path}
        )
        raise RepositoryError(
            f"Two migrations have the number {first.number:03d}: {', '.join(files)}.",
            "Give the one that is not released yet the next free number, and run it again.",
        )
    return Script(first.number, first.title or second.title, None, {**first.sql, **second.sql})


def _refuse_gap(script: Script, expected: int) -> NoReturn:
    name = (script.python or next(iter(script.sql.values()))).name
    raise RepositoryError(
        f"Migration {expected:03d} is missing: {name} follows {expected - 1:03d}."
        if script.number
        else f"{name}: migrations count from 001.",
        "Bring the missing script back (git log --diff-filter=D), or rename the later ones.",
    )
