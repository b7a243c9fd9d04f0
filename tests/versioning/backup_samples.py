"""A database with one of everything that a backup must bring back, and all that is in a database, for comparing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from giveaminute.settings import SQLITE, DatabaseUrl, parse_url
from giveaminute.versioning.backups import Backup, Options, Progress, Restored, backup, restore
from giveaminute.versioning.backups.programs import MYSQL, dump_program
from giveaminute.versioning.database import opened
from giveaminute.versioning.repository import Repository
from tests.repositories import make_repository
from tests.servers import Server
from tests.versioning.schema_zoo import ZOO

NO_MYSQLDUMP = "no mysqldump of MySQL's own here: apt-get install mysql-client, or put one first in PATH"

AWKWARD = (
    "CREATE TABLE `a``b:c %s` (id INT NOT NULL PRIMARY KEY, `q'(x),` VARCHAR(90), raw BLOB) CHARSET utf8mb4",
    r"INSERT INTO `a``b:c %s` VALUES (1, '),(', 0x00FF0A27), (2, 'it\'s);\n\\', NULL), (3, '日本 😀', '')",
    "CREATE TABLE plain (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word TEXT, raw VARBINARY(20),"
    " at TIMESTAMP NULL, zero DATETIME NULL, exact DOUBLE, KEY (at)) AUTO_INCREMENT=70",
    r"INSERT INTO plain VALUES (1, '),(\'', 0x5C27, '2020-03-29 01:30:00', '0000-00-00', 0.1), (3, '\\', NULL, NULL,"
    r" NULL, 1e300), (7, 'INSERT INTO `plain` VALUES (1);\nUNLOCK TABLES;\n', 0x00, NULL, NULL, -0.0)",
    "CREATE TABLE nothing (id INT NOT NULL PRIMARY KEY)",
    "INSERT INTO place (id, name) VALUES (1, 'é'), (2, 'b')",
    "INSERT INTO person (id, email, place_id) VALUES (1, 'a@b', 1), (2, 'c@d', NULL)",
    "INSERT INTO computed (a) VALUES (1), (2), (3)",
    "CREATE PROCEDURE crlf ()\r\nBEGIN\r\n  -- DEFINER=`x`@`y` ;;\r\n  SELECT 'CREATE DEFINER=`a`@`b`;';\r\nEND",
    "CREATE TRIGGER plain_bi BEFORE INSERT ON plain FOR EACH ROW"
    " BEGIN IF NEW.word = 'DEFINER=;' THEN SET NEW.word = '//$$;;'; END IF; END",
    "CREATE EVENT midnight ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM plain WHERE id = 1",
)
"""Names, values and bodies that a careless reader of dumps falls over, beside the zoo."""


class Heard(Progress):
    """Remembers the notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


def fill(server: Server, name: str) -> None:
    """The zoo, the awkward ones, and a version row of `cbu` at 17. Skips where MySQL's own mysqldump is missing."""
    if server.family == MYSQL and dump_program(MYSQL).flavour != MYSQL:
        pytest.skip(NO_MYSQLDUMP)
    mode = "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = 10"
    with server.connect(name, init_command=mode) as connection, connection.cursor() as cursor:
        for statement in (*ZOO, *AWKWARD):
            cursor.execute(statement)
        cursor.execute(
            "CREATE TABLE migrate_version (repository_id VARCHAR(250) NOT NULL PRIMARY KEY, repository_path TEXT,"
            " version INT)"
        )
        cursor.execute("INSERT INTO migrate_version VALUES ('cbu', 'x', 17)")


def small_repository(folder: Path) -> Repository:
    """Scripts of `cbu`, of which there are none."""
    return Repository(make_repository(folder, {}))


def taken(url: str, tmp_path: Path, progress: Progress | None = None, **options: Any) -> Backup:
    """A backup of `url` to a file in `tmp_path`."""
    chosen = Options(**{"file": tmp_path / "b.zst", "wait": 5.0, **options})
    return backup(parse_url(url), small_repository(tmp_path / "r"), chosen, progress or Progress())


def put_back(url: str, file: Path, tmp_path: Path, progress: Progress | None = None, **options: Any) -> Restored:
    """The same file, restored."""
    repository = small_repository(tmp_path / "r")
    return restore(parse_url(url), repository, file, progress or Progress(), **{"wait": 5.0, **options})


_PROGRAMS = (
    "SELECT routine_name, routine_type, definer, sql_mode, routine_definition, database_collation"
    " FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1, 2",
    "SELECT event_name, definer, event_definition, status, starts FROM information_schema.events"
    " WHERE event_schema = DATABASE() ORDER BY 1",
    "SELECT trigger_name, definer, action_statement, sql_mode FROM information_schema.triggers"
    " WHERE trigger_schema = DATABASE() ORDER BY 1",
    "SELECT table_name, definer, security_type FROM information_schema.views"
    " WHERE table_schema = DATABASE() ORDER BY 1",
    "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
    " WHERE schema_name = DATABASE()",
)


def content(url: str | DatabaseUrl) -> dict[str, Any]:
    """All that is in a database: schema, rows, programs with their definers; not who had the lease."""
    place = parse_url(url) if isinstance(url, str) else url
    with opened(place, read_only=True) as database:
        found: dict[str, Any] = {"schema": database.dialect.read_schema(database)}
        for name in (each for each in database.tables() if each != "migrate_lease"):
            cursor = database.connection.cursor()
            quoted = (
                '"' + name.replace('"', '""') + '"' if place.family == SQLITE else "`" + name.replace("`", "``") + "`"
            )
            cursor.execute(f"SELECT * FROM {quoted}")
            found[name] = sorted(map(repr, cursor.fetchall()))
        if place.family != SQLITE:
            found["programs"] = [database.query(sql) for sql in _PROGRAMS]
        return found


def leftovers(server: Server, name: str) -> list[str]:
    """Scratch databases of this one."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        return [each for (each,) in cursor.fetchall() if each.startswith(f"{name[:40]}_scratch_")]


def needs_program(name: str, package: str) -> str:
    """Its path. Skips without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} here: apt-get install {package}")
    return path
