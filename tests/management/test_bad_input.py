"""What people and machines get wrong: the message, the exit code, and that nothing was changed or made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from giveaminute.management import call_command
from tests.conftest import FreshDatabase
from tests.management.running import SMALL, Ran, everything_in, files, run, run_forked, run_invoke
from tests.repositories import make_repository
from tests.servers import Server

URL = ("--url", "sqlite:///x.db", "--repository", "r")
PYTHON = "def upgrade(op):\n    pass\n\ndef downgrade(op):\n    pass\n"


@dataclass(frozen=True)
class Case:
    """Words after the program, its exit code, and what stderr says.

    `at`: the version that x.db is at, None where it is not there. `scripts`: on top of the small ones.
    """

    name: str
    words: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    at: int | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    row: str | None = None
    place: tuple[str, ...] = URL


def refused(ran: Ran, code: int, *says: str) -> None:
    """The command ended so, said so, gave a remedy, and neither a result nor a traceback."""
    assert ran.code == code, ran.said
    for each in (*says, "Error: ", "\n  → "):
        assert each in ran.err, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) <= 8, ran.err


VERSIONS = (
    Case("unknown version", ("upgrade", "--version", "9"), 1, ("Version 9 does not exist.", "go from 1 to 3")),
    Case("version below 0", ("upgrade", "--version", "-1"), 1, ("-1 from 0 is -1", "does not exist")),
    Case("too many up", ("upgrade", "--version", "+2"), 1, ("+2 from 2 is 4", "does not exist"), at=2),
    Case("too many down", ("downgrade", "-3", "--yes"), 1, ("-3 from 2 is -1", "does not exist"), at=2),
    Case("no number", ("upgrade", "--version", "5x"), 1, ("«5x» is no version.", "from 0 to 3, +N, -N or head")),
    Case("empty version", ("upgrade", "--version", ""), 1, ("«» is no version.", "from 0 to 3, +N, -N or head")),
    Case("other digits", ("upgrade", "--version", "٢"), 1, ("«٢» is no version.",)),
    Case("huge version", ("upgrade", "--version", "99999999999"), 1, ("«99999999999» is no version.",)),
    Case(
        "upgrade to a version below",
        ("upgrade", "--version", "1"),
        1,
        ("at version 2, above 1: upgrade only goes up", "giveaminute downgrade 1 --url sqlite:///x.db --repository r"),
        at=2,
    ),
    Case(
        "downgrade to a version above",
        ("downgrade", "3", "--yes"),
        1,
        ("at version 2, below 3: downgrade only goes down", "upgrade --version 3 --url sqlite:///x.db --repository r"),
        at=2,
    ),
    Case("version-control at no version", ("version-control", "--version", "4"), 1, ("Version 4 does not exist.",)),
    Case("version-control of nothing at 2", ("version-control", "--version", "2"), 1, ("is empty", "giveaminute upg")),
    Case(
        "version-control at another version",
        ("version-control", "--version", "1"),
        1,
        ("under version control already, at version 2", "giveaminute downgrade 1 --url"),
        at=2,
    ),
    Case("test of one and of all", ("test", "--version", "3", "--all"), 1, ("--all tries every one", "one of them")),
    Case("test of none", ("test", "--version", "0"), 1, ("no migration 0", "from 1 to 3")),
    Case("test of a word", ("test", "--version", "x"), 1, ("«x» is no version.",)),
    Case("test of two ranges", ("test", "--version", "1..2..3"), 1, ("«1..2..3» is no version to try", "N..M")),
    Case("test of a range with one end", ("test", "--version", "1.."), 1, ("«» is no version.",)),
    Case("test backwards", ("test", "--version", "3..2"), 1, ("reversed: 3 comes after 2", "Write it 2..3")),
    Case("test past head", ("test", "--version", "+2"), 1, ("+2 from 2 is 4", "does not exist"), at=2),
    Case("source of no version", ("source", "x"), 1, ("«x» is no version.", "source 5"), place=URL[2:]),
    Case("source of an unknown one", ("source", "9"), 1, ("no migration 9.", "from 1 to 3"), place=URL[2:]),
    Case("wait for no number", ("upgrade", "--wait", "abc"), 1, ("--wait «abc» is no number of seconds", "--wait 30")),
    Case("a word that is none", ("upgrade", "--last-statement", "maybe"), 1, ("neither applied nor not-applied",)),
)

SCRIPTS = (
    Case(
        "two python scripts of one number",
        ("upgrade",),
        5,
        ("Two migrations have the number 004: 004_One.py, 004_Two.py.", "next free number"),
        scripts={"004_One.py": PYTHON, "004_Two.py": PYTHON},
    ),
    Case(
        "a python and an SQL script of one number",
        ("upgrade",),
        5,
        ("Two migrations have the number 003: 003_Make_b_default_downgrade.sql", "003_Two.py"),
        scripts={"003_Two.py": PYTHON},
    ),
    Case(
        "two SQL scripts of one number",
        ("upgrade",),
        5,
        ("Two migrations have the number 003", "003_Make_c_default_upgrade.sql"),
        scripts={"003_Make_c_default_upgrade.sql": "SELECT 1;\n"},
    ),
    Case(
        "a gap",
        ("upgrade",),
        5,
        ("Migration 004 is missing: 005_Late.py follows 003.", "Bring the missing script back"),
        scripts={"005_Late.py": PYTHON},
    ),
    Case("a number 0", ("upgrade",), 5, ("000_Zero.py: migrations count from 001",), scripts={"000_Zero.py": PYTHON}),
    Case(
        "a file that is not named like one",
        ("upgrade",),
        5,
        ("fix.sql is not named like a migration", "NNN_Title.py"),
        scripts={"fix.sql": "SELECT 1;\n"},
    ),
    Case(
        "python without downgrade",
        ("upgrade",),
        5,
        ("004_Up.py has no downgrade(op).", 'irreversible = "why"'),
        scripts={"004_Up.py": "def upgrade(op):\n    pass\n"},
    ),
    Case(
        "python without upgrade",
        ("upgrade",),
        5,
        ("004_Down.py has no upgrade(op).",),
        scripts={"004_Down.py": "def downgrade(op):\n    pass\n"},
    ),
    Case(
        "SQL without its downgrade",
        ("upgrade",),
        5,
        ("003_Make_b_default_upgrade.sql: migration 003 has no downgrade for sqlite.", "003_sqlite_downgrade.sql"),
        without=("003_Make_b_default_downgrade.sql",),
    ),
    Case(
        "SQL without its downgrade, only planned",
        ("upgrade", "--plan"),
        5,
        ("migration 003 has no downgrade for sqlite.",),
        without=("003_Make_b_default_downgrade.sql",),
    ),
    Case(
        "SQL of another database only",
        ("upgrade",),
        5,
        ("migration 004 has no upgrade for sqlite.",),
        scripts={"004_mysql_upgrade.sql": "SELECT 1;\n", "004_mysql_downgrade.sql": "SELECT 1;\n"},
    ),
    Case(
        "a syntax error",
        ("upgrade",),
        5,
        ("004_Bad.py, line 2: ", "Mend r/versions/004_Bad.py", "nothing has run"),
        scripts={"004_Bad.py": "def upgrade(op):\n    pass(\n"},
        at=2,
    ),
    Case(
        "a NUL character",
        ("upgrade",),
        5,
        ("004_Bad.py, line 1: ", "null bytes"),
        scripts={"004_Bad.py": "\0" + PYTHON},
    ),
    Case(
        "a broken declaration",
        ("upgrade",),
        5,
        ("004_Bad.py, line 1: loses is not declared", "Write: loses = {"),
        scripts={"004_Bad.py": f"loses = why()\n{PYTHON}"},
    ),
    Case(
        "COMMIT in an SQL script",
        ("upgrade",),
        5,
        ("004_default_upgrade.sql, line 2, statement 2 «COMMIT»", "Take the statement out", "nothing has run"),
        scripts={"004_default_upgrade.sql": "SELECT 1;\nCOMMIT;\n", "004_default_downgrade.sql": "SELECT 1;\n"},
    ),
    Case(
        "a quote that is never closed",
        ("upgrade",),
        5,
        ("004_default_upgrade.sql, line 2: a quote ' that is never closed", "Mend r/versions/004_default_upgrade.sql"),
        scripts={"004_default_upgrade.sql": "SELECT 1;\nSELECT 'x;\n", "004_default_downgrade.sql": "SELECT 1;\n"},
    ),
    Case(
        "a downgrade that declares itself irreversible",
        ("downgrade", "1", "--yes"),
        6,
        ("002_For_ever.py cannot be taken back: the old words are gone", "go down no further than 2"),
        scripts={"002_For_ever.py": f'irreversible = "the old words are gone"\n{PYTHON}'},
        without=("002_Fill_a_default_upgrade.sql", "002_Fill_a_default_downgrade.sql"),
        at=2,
    ),
    Case("no repository", ("upgrade",), 1, ("nowhere is no migration repository",), place=("--repository", "nowhere")),
    Case("a script into none", ("script", "X"), 1, ("no folder versions/",), place=("--repository", "nowhere")),
    Case("an empty repository option", ("version",), 1, ("--repository: it is empty",), place=("--repository", "")),
)

DATABASES = (
    Case(
        "a database ahead of the code",
        ("upgrade",),
        5,
        ("at version 9, but the scripts here end at 3", "Deploy the code that has those scripts"),
        at=3,
        row="9",
    ),
    Case("going down from ahead", ("downgrade", "1", "--yes"), 5, ("scripts here end at 3",), at=3, row="9"),
    Case("a version row with NULL", ("upgrade",), 5, ("holds no version for «cbu»", "UPDATE"), at=3, row="NULL"),
    Case("a version row below 0", ("upgrade",), 5, ("holds no version for «cbu» but -3", "UPDATE"), at=3, row="-3"),
    Case("a version row with a word", ("status",), 5, ("holds no version for «cbu» but 'x'",), at=3, row="'x'"),
    Case(
        "tables but no version row",
        ("upgrade",),
        5,
        ("x.db has tables (a, b)", "version-control --version N --url sqlite:///x.db --repository r"),
        at=3,
        row="",
    ),
    Case("its version asked for", ("db-version",), 5, ("x.db has tables", "version-control --version N"), at=3, row=""),
    Case(
        "version-control where two versions are alike",
        ("version-control",),
        5,
        ("x.db has the schema that versions 1 and 2 share", "Say 1 or 2", "version-control --version 1 --url"),
        at=2,
        row="",
    ),
    Case(
        "version-control at a version that the schema is not at",
        ("version-control", "--version", "1"),
        5,
        ("x.db is not at version 1", "table b is unexpected (version 3 has it)", "that of version 3.", "--force"),
        at=3,
        row="",
    ),
    Case("force without a version", ("version-control", "--force"), 1, ("--force needs the version",), at=3, row=""),
    Case("nothing to drop", ("drop-version-control", "--yes"), 5, ("not under version control",), at=3, row=""),
    Case("the version of nothing", ("db-version",), 5, ("x.db is empty", "giveaminute upgrade --url sqlite:///x.db")),
    Case("downgrade unasked", ("downgrade", "1"), 1, ("from 2 to 1 on x.db", "Nothing was done", "add --yes"), at=2),
    Case("drop unasked", ("drop-version-control",), 1, ("x.db is at version 2", "Nothing was done"), at=2),
    Case("no dry run", ("drop-version-control", "--yes", "--dry"), 1, ("has no dry run; nothing was done",), at=2),
    Case(
        "a folder that does not exist",
        ("upgrade",),
        7,
        ("no/x.db: unable to open", "mkdir -p no"),
        place=("--url", "sqlite:///no/x.db", "--repository", "r"),
    ),
    Case(
        "a question in a folder that does not exist",
        ("status",),
        7,
        ("no/x.db: unable to open", "mkdir -p no"),
        place=("--url", "sqlite:///no/x.db", "--repository", "r"),
    ),
    Case(
        "a folder for a file",
        ("upgrade",),
        7,
        ("sqlite:///r: it is a folder", "sqlite:///FILE"),
        place=("--url", "sqlite:///r", "--repository", "r"),
    ),
    Case(
        "a file that is no database",
        ("upgrade",),
        7,
        ("x.db: file is not a database", "Name an SQLite file"),
        files={"x.db": "These are words, and enough of them to look like something.\n" * 20},
    ),
)

URLS = tuple(
    Case(name, ("status",), 1, says, place=("--repository", "r", "--url", url))
    for name, url, says in (
        ("an unknown scheme", "postgresql://u:geheim@h/d", ("«postgresql://» is no database", "mysql://USER:PASS")),
        ("no scheme", "u:geheim@h/d", ("--url: this is no database URL", "mysql://USER:PASS")),
        ("an empty URL", "", ("--url: this is no database URL",)),
        ("a URL without a database", "mysql://u:geheim@h", ("no database's name at its end",)),
        ("a URL with an empty database", "mysql://u:geheim@h/", ("no database's name at its end",)),
        ("a slash in the password", "mysql://u:gehe/im@h/d", ("unencoded / or ?", "%2F")),
        ("a question mark in the password", "mysql://u:gehe?im@h/d", ("unencoded / or ?", "%3F")),
        ("a port that is no number", "mysql://u:geheim@h:abc/d", ("host and port cannot be read", "1 to 65535")),
        ("a port too high", "mysql://u:geheim@h:99999/d", ("host and port cannot be read", "1 to 65535")),
        ("an unknown option", "mysql://u:geheim@h/d?colour=red", ("unknown option «colour»", "unix_socket")),
        ("a timeout that is none", "mysql://h/d?connect_timeout=x", ("connect_timeout is no number", "timeout=10")),
        ("a NUL in a path", "sqlite:///a%00b", ("NUL character",)),
        ("two slashes for SQLite", "sqlite://x.db", ("three slashes", "sqlite:///FILE")),
    )
)


def config(name: str, text: str | bytes, *says: str) -> Case:
    return Case(name, ("status",), 1, says, files={"c.yaml": text}, place=("--repository", "r", "--config", "c.yaml"))


CONFIGS = (
    config("malformed YAML", "database:\n  password: ge: heim\n", "c.yaml, line 2: not valid YAML", "'single quotes'"),
    config("an alias for a password", "database:\n  password: *geheim\n", "c.yaml, line 2: not valid YAML (found und"),
    config("a tag for a password", "database:\n  password: !geheim\n", "c.yaml, line 2: not valid YAML (could not"),
    config("an object of Python's", "database: !!python/name:os.system\n", "c.yaml, line 1: not valid YAML"),
    config("no database part", "mail:\n  host: x\n", "c.yaml: there is no `database:` part", "dbn, host, user"),
    config("an empty database part", "database:\n", "c.yaml: there is no `database:` part"),
    config("a list for a config", "- database\n", "c.yaml: there is no `database:` part"),
    config("an empty file", "", "c.yaml: there is no `database:` part"),
    config(
        "an unknown key", "database:\n  db: x\n  pasword: geheim\n", "unknown key in `database:`: pasword.", "Known"
    ),
    config(
        "an unknown dbn", "database:\n  dbn: oracle\n  db: x\n", "`database: dbn` names no database", "mysql or sqlite"
    ),
    config("no name", "database:\n  dbn: mysql\n", "`database: db` is missing", "db: NAME"),
    config("a bad port", "database:\n  db: x\n  port: abc\n", "c.yaml: its host and port cannot be read", "port:"),
    config("a mapping for a password", "database:\n  db: x\n  password: {geheim: 1}\n", "`database: password` is a li"),
    config("not UTF-8", b"database:\n  db: \xe9t\xe9\n", "c.yaml: not UTF-8 text", "UTF-8"),
    Case(
        "a config that is not there",
        ("status",),
        1,
        ("c.yaml: cannot be read: No such file", "--config"),
        place=("--repository", "r", "--config", "c.yaml"),
    ),
    Case(
        "a folder for a config",
        ("status",),
        1,
        ("r: cannot be read: Is a directory", "--config"),
        place=("--repository", "r", "--config", "r"),
    ),
)

TITLES = tuple(
    Case(name, ("script", *words), 1, says, place=("--repository", "r"))
    for name, words, says in (
        ("an empty title", ("",), ("The title «» makes no file name", 'script "Add a table of events"')),
        ("a blank title", ("   ",), ("makes no file name",)),
        ("a title of punctuation", ("../..",), ("The title «../..» makes no file name",)),
        ("a title of 300 characters", ("x" * 300,), (f"«{'x' * 60}…» makes no file name", "up to 100 characters")),
        ("a title of two lines", ("one\ntwo",), ("The title «one?two» makes no file name", "one line")),
        ("a title in no Latin letters", ("日本",), ("The title «日本» makes no file name", "Latin letters")),
        ("a title that ends in upgrade", ("Go and upgrade",), ("cannot end in «upgrade»",)),
        ("a script for no database", ("X", "--sql", "--database", "oracle"), ("none of mysql, sqlite, default",)),
    )
)

TABLE = (*VERSIONS, *SCRIPTS, *DATABASES, *URLS, *CONFIGS, *TITLES)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name.replace(" ", "-"))
def test_bad_input_is_refused_with_a_remedy_and_changes_nothing(case: Case, tmp_path: Path) -> None:
    scripts = {name: text for name, text in SMALL.items() if name not in case.without}
    make_repository(tmp_path / "r", {**scripts, **case.scripts})
    if case.at is not None:
        make_repository(tmp_path / "first", SMALL)
        call_command(
            "upgrade", url=f"sqlite:///{tmp_path}/x.db", repository=str(tmp_path / "first"), version=str(case.at)
        )
    if case.row is not None:
        set_version(tmp_path / "x.db", case.row)
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = files(tmp_path)
    ran = run_forked(*case.words, *case.place, cwd=tmp_path)
    refused(ran, case.code, *case.says)
    assert files(tmp_path) == before
    assert "geheim" not in ran.said and "gehe" not in ran.said


def set_version(file: Path, value: str) -> None:
    """SQL for the row's new version; empty for no row."""
    statement = f"UPDATE migrate_version SET version = {value}" if value else "DELETE FROM migrate_version"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("bogus",), "No idea what 'bogus' is!"),
        (("upgrade", "--bogus"), "No idea what '--bogus' is!"),
        (("upgrade", "--version"), "needed value and was not given one"),
        (("downgrade",), "'version'"),
        (("script",), "'title'"),
    ],
)
def test_what_invoke_itself_refuses_ends_with_1_and_no_traceback(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    for ran in (run(*words, cwd=tmp_path), run_invoke(*words, cwd=tmp_path)):
        assert ran.code == 1
        assert says in ran.err
        assert "Traceback" not in ran.said
    assert files(tmp_path) == {}


def test_invoke_refuses_with_the_same_words_and_codes(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", SMALL)
    url = f"sqlite:///{tmp_path}/x.db"
    place = ("--url", url, "--repository", str(repository))
    ran = run_invoke("upgrade", "--version", "9", *place)
    refused(ran, 1, "Version 9 does not exist.")
    ran = run_invoke("db-version", *place)
    refused(ran, 5, f"→ Bring it to the newest version: invoke upgrade --url {url} --repository {repository}\n")
    assert not (tmp_path / "x.db").exists()


def test_a_traceback_is_shown_only_when_asked_for(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    ran = run("upgrade", "--version", "9", "--traceback", *URL, cwd=tmp_path)
    assert ran.code == 1
    assert "Traceback (most recent call last)" in ran.err and "plan.py" in ran.err
    assert ran.err.rstrip().splitlines()[-2:] == [
        "Error: Version 9 does not exist.",
        "  → The scripts go from 1 to 3; 0 is before the first.",
    ]


# A migration that fails on its way

RAISES = (
    "def upgrade(op):\n"
    '    op.execute("CREATE TABLE c (id INTEGER)")\n'
    '    op.execute("INSERT INTO c (id) VALUES (1)")\n'
    '    raise ValueError("no such colour")\n\n'
    'def downgrade(op):\n    op.execute("DROP TABLE c")\n'
)
WRONG_THIRD = {
    "004_default_upgrade.sql": (
        "CREATE TABLE c (id INTEGER);\nINSERT INTO c (id) VALUES (1);\n\n-- the third:\nINSERT INTO nowhere\n"
        "  (id) VALUES (1);\nINSERT INTO c (id) VALUES (2);\n"
    ),
    "004_default_downgrade.sql": "DROP TABLE c;\n",
}
FAILING: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("raises in the middle", {"004_Bad.py": RAISES}, "004_Bad.py, line 4, after statement 2: ValueError: no such col"),
    (
        "wrong third statement",
        WRONG_THIRD,
        "004_default_upgrade.sql, line 5, statement 3 «INSERT INTO nowhere (id) VALUES (1)»: ",
    ),
)
failing = pytest.mark.parametrize(
    ("scripts", "says"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING]
)


@failing
def test_a_failed_migration_on_sqlite_leaves_nothing(scripts: Mapping[str, str], says: str, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {**SMALL, **scripts})
    ran = run_forked("upgrade", *URL, cwd=tmp_path)
    refused(ran, 6, says, "Nothing of it was kept; the version stays 3", "giveaminute upgrade --url sqlite:///x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("SELECT version FROM migrate_version").fetchall() == [(3,)]
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'c'").fetchall() == []
        outcomes = connection.execute("SELECT version, outcome FROM migrate_history ORDER BY id").fetchall()
    assert outcomes == [(1, "done"), (2, "done"), (3, "done"), (4, "failed")]


@failing
def test_a_failed_migration_on_a_server_tells_what_is_committed(
    scripts: Mapping[str, str], says: str, tmp_path: Path, server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    place = ("--url", server.url(name), "--repository", str(make_repository(tmp_path / "r", {**SMALL, **scripts})))
    ran = run_forked("upgrade", *place, cwd=tmp_path)
    refused(ran, 6, says, "Committed before it: 2 of its statements; the version stays 3")
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT version FROM migrate_version")
        assert cursor.fetchall() == ((3,),)
        cursor.execute("SELECT id FROM c")
        assert cursor.fetchall() == ((1,),)
    asked = run_forked("status", *place, cwd=tmp_path)
    assert asked.code == 0
    assert "upgrade of 004 (" in asked.err
    assert "UTC) is half done" in asked.err
    other = run_forked("downgrade", "1", "--yes", *place, cwd=tmp_path)
    refused(other, 4, "The upgrade of 004", "stopped in the middle", "Finish it first: python -m giveaminute upgrade")


def test_a_python_migration_that_commits_is_refused(tmp_path: Path) -> None:
    text = 'def upgrade(op):\n    op.execute("CREATE TABLE c (id INTEGER)")\n    op.execute("COMMIT")\n'
    make_repository(tmp_path / "r", {"001_Commit.py": f"{text}\ndef downgrade(op):\n    pass\n"})
    ran = run_forked("upgrade", *URL, cwd=tmp_path)
    refused(ran, 6, "001_Commit.py, line 3", "COMMIT", "transactions belong to the run")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'c'").fetchall() == []


# Files that may not be written


@pytest.mark.parametrize("words", [("upgrade",), ("downgrade", "1", "--yes"), ("drop-version-control", "--yes")])
def test_a_read_only_sqlite_file_is_named_and_stays(words: tuple[str, ...], tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", SMALL)
    file = tmp_path / "x.db"
    call_command("upgrade", url=f"sqlite:///{file}", repository=str(repository), version="2")
    file.chmod(0o444)
    before = files(tmp_path)
    ran = run(*words, *URL, cwd=tmp_path, obeying_modes=True)
    refused(ran, 7, "x.db: attempt to write a readonly database", "Let this user write to the file and to its folder")
    assert files(tmp_path) == before
    asked = run("status", *URL, cwd=tmp_path, obeying_modes=True)
    assert asked.code == 0
    assert "x.db is at version 2" in asked.err


def test_an_unreadable_sqlite_file_is_named(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    (tmp_path / "x.db").touch(0o000)
    ran = run("status", *URL, cwd=tmp_path, obeying_modes=True)
    refused(ran, 7, "x.db: unable to open database file", "Let this user read and write x.db and its folder")


def test_a_folder_that_may_not_be_written_to_gets_no_database(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    (tmp_path / "shut").mkdir(0o555)
    place = ("--url", "sqlite:///shut/x.db", "--repository", "r")
    ran = run("upgrade", *place, cwd=tmp_path, obeying_modes=True)
    refused(ran, 7, "shut/x.db: unable to open database file", "Let this user read and write shut/x.db and its folder")
    assert run("status", *place, cwd=tmp_path, obeying_modes=True).code == 0
    assert list((tmp_path / "shut").iterdir()) == []


def test_a_read_only_repository_gets_no_script(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", SMALL)
    (repository / "versions").chmod(0o555)
    before = files(tmp_path)
    ran = run("script", "Add a word", "--repository", "r", cwd=tmp_path, obeying_modes=True)
    refused(ran, 1, "r/versions/004_Add_a_word.py: cannot be written: Permission denied", "that you may write to it")
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../../x", "004_x.py"),
        ('a "quoted" word', "004_a_quoted_word.py"),
        ("it's back\\slash", "004_it_s_back_slash.py"),
        ('ends in """', "004_ends_in.py"),
        ("Été à Orléans", "004_Ete_a_Orleans.py"),
        ("{braces} %s", "004_braces_s.py"),
    ],
)
def test_a_strange_title_makes_a_plain_file_name_and_a_script_that_runs(title: str, name: str, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    before = files(tmp_path)
    ran = run_forked("script", title, "--repository", "r", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, f"r/versions/{name}\n", "")
    assert files(tmp_path).keys() - before.keys() == {f"r/versions/{name}"}
    result = call_command("upgrade", url=f"sqlite:///{tmp_path}/x.db", repository=str(tmp_path / "r"))
    assert result.after == 4


# Servers


def nobody_there(server: Server, name: str) -> str:
    return f"mysql://root:geheim@127.0.0.1:1/{name}"


def wrong_password(server: Server, name: str) -> str:
    return f"mysql://nobody_here:geheim@{server.host}:{server.port}/{name}"


def unknown_database(server: Server, name: str) -> str:
    return server.url("no_such_database_here")


@pytest.mark.parametrize("words", [("upgrade",), ("status",), ("version-control",), ("drop-version-control", "--yes")])
@pytest.mark.parametrize(
    ("where", "says"),
    [
        (nobody_there, ("127.0.0.1:1/", "cannot be reached", "Connection refused", "See that the server is up")),
        (wrong_password, ("nobody_here@", "the server refuses this user or password", "config.yaml")),
        (unknown_database, ("there is no database «no_such_database_here»", "CREATE DATABASE `no_such_database_here`")),
    ],
)
def test_a_server_that_cannot_be_used_is_told(
    where: Callable[[Server, str], str],
    says: tuple[str, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    mariadb_server: Server,
    fresh_database: FreshDatabase,
) -> None:
    name = fresh_database(mariadb_server)
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked(*words, "--repository", "r", "--url", where(mariadb_server, name), cwd=tmp_path)
    refused(ran, 7, *says)
    assert "geheim" not in ran.said
    assert everything_in(mariadb_server, name) == {}
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE 'no\\_such%'")
        assert cursor.fetchall() == ()


@pytest.fixture
def reader(server: Server, fresh_database: FreshDatabase) -> Iterator[tuple[Server, str, Server]]:
    """A server, a database on it, and the same server for a user who may only SELECT there."""
    name = fresh_database(server)
    user = f"r_{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'geheim'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO '{user}'@'%'")
    yield server, name, Server(host=server.host, port=server.port, user=user, password="geheim")
    drop_user(server, user)


@pytest.mark.parametrize("at", [None, 2])
def test_questions_need_only_select_and_the_rest_says_what_is_missing(
    at: int | None, tmp_path: Path, reader: tuple[Server, str, Server]
) -> None:
    server, name, user = reader
    repository = str(make_repository(tmp_path / "r", SMALL))
    if at is not None:
        call_command("upgrade", url=server.url(name), repository=repository, version=str(at))
    before = everything_in(server, name)
    place = ("--url", user.url(name), "--repository", repository)
    for words in (("status",), ("status", "--json"), ("upgrade", "--plan")):
        assert run_forked(*words, *place, cwd=tmp_path).code == 0
    asked = run_forked("db-version", *place, cwd=tmp_path)
    assert (asked.code, asked.out) == ((5, "") if at is None else (0, f"{at}\n"))
    for words in (("upgrade",), ("drop-version-control", "--yes") if at else ("version-control",)):
        ran = run_forked(*words, *place, cwd=tmp_path)
        refused(ran, 7, f"denied to user '{user.user}'", f"GRANT ALL ON `{name}`.* TO '{user.user}'@HOST")
        assert "geheim" not in ran.said
    assert everything_in(server, name) == before


def test_a_user_without_any_right_on_the_database_is_told_which(
    tmp_path: Path, mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mariadb_server)
    user = f"n_{name[-8:]}"
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%'")
    stranger = Server(host=mariadb_server.host, port=mariadb_server.port, user=user)
    make_repository(tmp_path / "r", SMALL)
    ran = run_forked("status", "--repository", "r", "--url", stranger.url(name), cwd=tmp_path)
    refused(ran, 7, "Access denied", f"GRANT ALL ON `{name}`.* TO '{user}'@HOST")
    drop_user(mariadb_server, user)


def drop_user(server: Server, user: str) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP USER '{user}'@'%'")


def test_dry_runs_nothing(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    for words in (("upgrade", "--dry", *URL), ("--dry", "upgrade", *URL), ("upgrade", *URL, "-R")):
        ran = run(*words, cwd=tmp_path)
        assert ran.code == 0
        assert [line for line in ran.out.splitlines() if line.startswith("-- =====")] == [
            "-- ===== upgrade 001: Make a =====",
            "-- ===== upgrade 002: Fill a =====",
            "-- ===== upgrade 003: Make b =====",
        ]
        assert not (tmp_path / "x.db").exists()
