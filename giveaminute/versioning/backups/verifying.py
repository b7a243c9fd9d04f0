"""Proving a backup: restored into a scratch database, it is dumped again, and must come out the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from giveaminute.errors import BackupFailed
from giveaminute.settings import SQLITE
from giveaminute.versioning.backups import archive, loading, mysql, programs, sqlite, swapping
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.dumptext import Rows, parts
from giveaminute.versioning.backups.mysql import NOT_DUMPED
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.rewriting import Definers, Part, statements
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.scratch import Scratch, scratch

_COMPARED = frozenset({Part.VIEW, Part.ROUTINE, Part.TRIGGER})
"""By their text. Tables are not: MySQL tells one and the same with more words once it was loaded."""


@dataclass
class Witness:
    """The live schema, and the server's checksums of the live tables before the dump and after it."""

    schema: Schema | None = None
    before: dict[str, int | None] = field(default_factory=dict)
    after: dict[str, int | None] = field(default_factory=dict)

    def still(self) -> dict[str, int]:
        """Those of the tables that nobody wrote to meanwhile."""
        return {
            table: sum_ for table, sum_ in self.before.items() if sum_ is not None and self.after.get(table) == sum_
        }


@contextmanager
def witnessed(database: Database, wanted: bool) -> Iterator[Witness]:
    """Look around what is done in the block; not on SQLite, whose pages are copied."""
    witness = Witness()
    if not wanted or database.url.family == SQLITE:
        yield witness
        return
    witness.schema = database.dialect.read_schema(database)
    tables = swapping.tables_of(database, database.url.database)
    witness.before = mysql.checksums(database, tables)
    yield witness
    witness.after = mysql.checksums(database, tables)


def verify(file: Path, database: Database, witness: Witness, progress: Progress) -> str:
    """Restore a file into a scratch database and compare; says what was found equal. Raises BackupFailed."""
    with archive.checked(file) as whole, scratch(database.url) as made:
        if database.url.family == SQLITE:
            _verify_sqlite(whole, Path(made.url.path), progress)
            return _words(whole, made)
        with opened(made.url, read_only=False) as copy:
            mysql.stay(copy)
            _verify_mysql(whole, copy, witness, progress)
            if made.url == replace(database.url, database=made.url.database):  # one server, one way to sum
                _compare_with_live(witness, copy, progress)
        return _words(whole, made)


def _words(whole: Archive, made: Scratch) -> str:
    return f"{len(whole.tail.tables)} tables with {whole.tail.rows:,} rows came back equal in {made.place}"


def _verify_sqlite(whole: Archive, copy: Path, progress: Progress) -> None:
    sqlite.write(copy, counted(whole.dump(), progress, "verifying", whole.tail.bytes))
    with opened(sqlite.url_of(copy), read_only=True) as database:
        sqlite.refuse_unsound(database, dict(whole.tail.tables))


def _verify_mysql(whole: Archive, copy: Database, witness: Witness, progress: Progress) -> None:
    if programs.flavour(copy) != whole.head.server:
        raise BackupFailed(
            f"A backup of {whole.head.server} cannot be verified on a private {programs.flavour(copy)}.",
            "Let this user create scratch databases on the server: GRANT CREATE, DROP ON `NAME_scratch_%`.* TO …",
        )
    loading.fill(copy, whole, mysql.definers(copy), progress, "restoring into a scratch database")
    with mysql.dumping(copy, jobs=1 if whole.head.rows_by else None) as (dump, _):
        found = Content.of(counted(dump, progress, "comparing", whole.tail.bytes))
    differing = Content.of(whole.dump()).unlike(found)
    if witness.schema is not None:
        restored = copy.dialect.read_schema(copy).without(NOT_DUMPED)
        differing += [difference.words for difference in compare(witness.schema, restored)]
    if differing:
        raise BackupFailed(
            f"The backup does not come back as it was taken: {', '.join(differing[:5])}.",
            "Take it again, and report this.",
        )


def _compare_with_live(witness: Witness, copy: Database, progress: Progress) -> None:
    still = witness.still()
    found = mysql.checksums(copy, list(still))
    unlike = [table for table, live in still.items() if found[table] != live]
    if unlike:
        progress.notice(
            f"{', '.join(unlike)}: the server's checksum of the restored table is not that of the live one, though"
            " nobody wrote to it. FLOAT columns do that, and old formats of rows and times."
        )


@dataclass
class Content:
    """What a dump holds: a digest of each table's rows, and the text of views and programs."""

    rows: dict[str, str]
    statements: list[bytes]

    @classmethod
    def of(cls, dump: Iterable[bytes]) -> Content:
        """Read a dump. Events are left out, and all definers taken for the same."""
        digests: dict[str, hashlib._Hash] = {}
        found: list[bytes] = []
        anybody = Definers(lambda account: False)
        for part in parts(dump):
            if isinstance(part, Rows):
                digests.setdefault(part.table, hashlib.sha256()).update(part.statement)
            else:
                found += statements(part.text, _COMPARED, anybody)
        return cls({table: digest.hexdigest() for table, digest in digests.items()}, sorted(found))

    def unlike(self, other: Content) -> list[str]:
        """What the two differ in: names of tables, and the beginnings of statements."""
        tables = [name for name in self.rows | other.rows if self.rows.get(name) != other.rows.get(name)]
        texts = sorted(set(self.statements) ^ set(other.statements))
        return tables + [text[:100].decode("utf-8", "replace") for text in texts]
