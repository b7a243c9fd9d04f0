"""`--online` through gh-ost: how it is started, let go and cleared away after, by its manual and a stand-in for it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.online import gh_ost
from giveaminute.versioning.online.tool import obstacle
from tests.conftest import FreshDatabase
from tests.management.running import Ran, run_forked
from tests.repositories import make_repository
from tests.servers import Server

WIDER = "ALTER TABLE votes MODIFY n BIGINT"
SCRIPTS = {
    "001_Votes_default_upgrade.sql": (
        "CREATE TABLE votes (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, n INT, word VARCHAR(40));\n"
    ),
    "001_Votes_default_downgrade.sql": "DROP TABLE votes;\n",
}
STAND_IN = """#!{python}
import os, re, sys, time
import pymysql
words = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
text = open(words["conf"]).read()
found = dict(re.findall(r'(\\w+)="(.*)"', text))
db = pymysql.connect(host=words["host"], port=int(words["port"]), user=found["user"], password=found["password"],
                     database=words["database"], autocommit=True, ssl_disabled=True).cursor()
table = words["table"]
db.execute(f"CREATE TABLE _{{table}}_ghc (id INT)")
db.execute(f"CREATE TABLE _{{table}}_gho LIKE {{table}}")
db.execute(f"ALTER TABLE _{{table}}_gho {{words['alter']}}")
line = "Copy: {{0}}/100 {{0}}.0%; Applied: 0; Backlog: 0/1000; Time: 1s(total), 1s(copy); State: {{1}}; ETA: due"
print(line.format(50, "migrating"), flush=True)
db.execute(f"INSERT INTO _{{table}}_gho SELECT * FROM {{table}} {{'LIMIT 10' if {lossy} else ''}}")
flag = words["postpone-cut-over-flag-file"]
while os.path.exists(flag):
    print(line.format(100, "postponing cut-over"), flush=True)
    time.sleep(0.1)
db.execute(f"RENAME TABLE {{table}} TO _{{table}}_del, _{{table}}_gho TO {{table}}")
db.execute(f"DROP TABLE _{{table}}_del, _{{table}}_ghc")
"""


def upgraded(
    server: Server, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, lossy: bool, real: str | None = None
) -> tuple[Ran, str, list[str]]:
    """The run, the definition afterwards, and the tables. `real`: the program itself."""
    words = ("--url", server.url(name), "--repository", str(folder / "r"))
    make_repository(folder / "r", SCRIPTS)
    call_command("upgrade", url=server.url(name), repository=str(folder / "r"))
    more = {"002_W_default_upgrade.sql": f"{WIDER};\n", "002_W_default_downgrade.sql": "DELETE FROM votes;\n"}
    make_repository(folder / "r", {**SCRIPTS, **more})
    program = folder / "gh-ost"
    program.write_text(STAND_IN.format(python=sys.executable, lossy=lossy), encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(shutil, "which", lambda wanted: (real or str(program)) if wanted == "gh-ost" else None)
    monkeypatch.setattr(gh_ost, "_LOG", gh_ost._LOG if real else {})
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO votes (n, word) VALUES (%s, %s)", [(n, f"word {n}") for n in range(2000)])
        cursor.execute("ANALYZE TABLE votes")
        ran = run_forked("upgrade", *words, "--large-rows", "1000", "--online", cwd=folder)
        cursor.execute("SHOW CREATE TABLE votes")
        definition = str(cursor.fetchall()[0][1])
        cursor.execute("SHOW TABLES")
        return ran, definition, sorted(table for (table,) in cursor.fetchall() if not table.startswith("migrate_"))


def test_it_cuts_over_when_the_copy_is_the_same_and_we_say_so(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    ran, definition, tables = upgraded(mariadb_server, name, tmp_path, monkeypatch, lossy=False)
    assert ran.code == 0, ran.err
    assert "gh-ost, nobody waits" in ran.err
    assert "`n` bigint" in definition
    assert tables == ["votes"]


def test_a_copy_that_lacks_rows_is_not_taken(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gh_ost, "_TRIES", 2)
    name = fresh_database(mariadb_server)
    ran, definition, tables = upgraded(mariadb_server, name, tmp_path, monkeypatch, lossy=True)
    assert ran.code == 6
    assert "gh-ost gave up, and the table is as it was: 1,990 rows would not be the same afterwards" in ran.err
    assert "`n` int" in definition
    assert tables == ["votes"]


def test_a_server_without_the_binary_log_is_told_what_to_set(
    mariadb_server: Server, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda wanted: "/bin/true" if wanted == "gh-ost" else None)
    with opened(parse_url(mariadb_server.url(fresh_database(mariadb_server))), read_only=False) as database:
        database.send("CREATE TABLE votes (id INT NOT NULL PRIMARY KEY, n INT)")
        assert obstacle(database, WIDER) == "gh-ost reads the binary log: set log_bin = ON (OFF now)"


@pytest.mark.skipif(
    shutil.which("gh-ost") is None, reason="no gh-ost here: https://github.com/github/gh-ost/releases has it"
)
def test_the_program_itself(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@log_bin")
        if not cursor.fetchall()[0][0]:
            pytest.skip("this server has no binary log: set TEST_MYSQL_URL to one that has")
    real, name = shutil.which("gh-ost"), fresh_database(server)
    ran, definition, tables = upgraded(server, name, tmp_path, monkeypatch, lossy=False, real=real)
    assert ran.code == 0, ran.err
    assert "`n` bigint" in definition
    assert tables == ["votes"]
