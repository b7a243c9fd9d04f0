"""Putting a database under version control and taking it out, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.errors import CannotConnect, DatabaseAhead, NotUnderVersionControl, UnprovenVersion, UsageError
from giveaminute.management import call_command
from giveaminute.settings import DatabaseUrl, parse_url
from giveaminute.versioning import control, history
from giveaminute.versioning.control import Adoption
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.evidence import NearMiss
from giveaminute.versioning.promises import OnVersion, Promises
from giveaminute.versioning.repository import Repository
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

SCRIPTS = {
    "001": "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);",
    "002": "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY);",
    "003": "UPDATE a SET id = 1;",
    "004": "ALTER TABLE a ADD COLUMN n INT;",
}
AT = {version: [SCRIPTS[number] for number in SCRIPTS if int(number) <= version] for version in range(5)}
OWN = "CREATE TABLE own (id INTEGER NOT NULL PRIMARY KEY);"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(repository_of(tmp_path / "repository", SCRIPTS))


def repository_of(folder: Path, scripts: dict[str, str]) -> Path:
    files = {f"{number}_x_default_upgrade.sql": text for number, text in scripts.items()}
    return make_repository(folder, files | {f"{number}_x_default_downgrade.sql": "" for number in scripts})


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(parse_url(database_url), read_only=False) as found:
        yield found


def given(database: Database, statements: list[str], recorded: int | None = None) -> None:
    for statement in statements:
        database.send(statement)
    database.connection.commit()
    if recorded is not None:
        database.dialect.prepare(database, "migrate_version")
        database.send("CREATE TABLE migrate_version (repository_id VARCHAR(250) NOT NULL, version INT)")
        with database.transaction():
            database.send(f"INSERT INTO migrate_version VALUES ('cbu', {recorded})")


def adopt(database: Database, repository: Repository, wanted: str | None, *, force: bool = False) -> Adoption:
    planned = control.adoption(database, repository, wanted, force=force)
    return control.adopt(database, repository, planned)


@pytest.mark.parametrize(
    ("statements", "recorded", "wanted", "version", "changed"),
    [
        ([], None, None, 0, True),
        ([], None, "0", 0, True),
        ([], 3, "+0", 3, False),
        ([OWN], None, "0", 0, True),
        ([OWN], 3, None, 3, False),
        ([OWN], 3, "3", 3, False),
        (AT[1], None, None, 1, True),
        ([*AT[1], OWN], None, None, 1, True),
        (AT[1], None, "+1", 1, True),
        (AT[3], None, "2", 2, True),
        (AT[3], None, "3", 3, True),
        (AT[4], None, None, 4, True),
        (AT[4], None, "head", 4, True),
    ],
)
def test_what_can_be_true_is_recorded(
    database: Database,
    repository: Repository,
    statements: list[str],
    recorded: int | None,
    wanted: str | None,
    version: int,
    changed: bool,
) -> None:
    given(database, statements, recorded)
    done = adopt(database, repository, wanted)
    assert (done.database, done.version, done.changed, done.forced) == (database.url.name, version, changed, False)
    assert history.version(database, repository) == version


def test_what_speaks_for_it_is_told(database: Database, repository: Repository) -> None:
    given(database, [*AT[4], OWN, "ALTER TABLE b ADD COLUMN own INT"])
    proof = adopt(database, repository, None).proof
    assert proof is not None
    assert (proof.matches, proof.promised, proof.found, proof.differences) == ((4,), 2, 2, ())
    assert proof.near_misses[0] == NearMiss((2, 3), ("a: column n is unexpected (version 4 has it)",))
    own = ("table own is unexpected (no version knows it)", "b: column own is unexpected (no version knows it)")
    assert proof.remarks == proof.summary == own


@pytest.mark.parametrize(
    ("statements", "recorded", "wanted", "words", "remedy"),
    [
        ([], None, "3", "is empty, which is version 0 and not 3", "invoke upgrade"),
        ([OWN], 3, "4", "under version control already, at version 3", "invoke upgrade --version 4"),
        ([OWN], 3, "2", "under version control already, at version 3", "invoke downgrade 2"),
        ([OWN], None, "5", "Version 5 does not exist", "from 1 to 4"),
        ([OWN], None, "-1", "does not exist", "from 1 to 4"),
        ([OWN], None, "x", "«x» is no version", "from 0 to 4"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_made(
    database: Database,
    repository: Repository,
    statements: list[str],
    recorded: int | None,
    wanted: str | None,
    words: str,
    remedy: str,
) -> None:
    given(database, statements, recorded)
    before = database.tables()
    with pytest.raises(UsageError) as caught:
        adopt(database, repository, wanted)
    assert words in caught.value.message and remedy in str(caught.value.remedy)
    assert database.tables() == before
    assert history.version(database, repository) == recorded


@pytest.mark.parametrize(
    ("statements", "wanted", "words", "remedy", "matches"),
    [
        ([OWN], None, "has tables, but none that a migration here makes", "version-control --version 0", (0,)),
        ([OWN], "1", "is not at version 1:\n    table a is missing", "version-control --version 1 --force", (0,)),
        (AT[2], None, "the schema that versions 2 and 3 share: only the rows can differ", "Say 2 or 3", (2, 3)),
        (AT[1], "0", "is not at version 0:\n    table a is unexpected (version 1 has it)", "--version 1 (or", (1,)),
        (AT[1], "2", "is not at version 2:\n    table b is missing\n  Its schema is that of version 1.", "ol", (1,)),
        (AT[3], "4", "    a: column n is missing\n  Its schema is that of versions 2 or 3.", "4 --force", (2, 3)),
        (AT[4], "3", "    a: column n is unexpected (version 4 has it)\n", "version-control --version 4", (4,)),
        ([*AT[1], *AT[4][3:]], None, "those of no version. Nearest:\n  1 (1 difference):", "--version N --force", ()),
    ],
)
def test_what_the_schema_contradicts_or_leaves_open_is_refused_and_nothing_is_made(
    database: Database,
    repository: Repository,
    statements: list[str],
    wanted: str | None,
    words: str,
    remedy: str,
    matches: tuple[int, ...],
) -> None:
    given(database, [each for each in statements if not each.startswith("UPDATE")])
    before = database.tables()
    with pytest.raises(UnprovenVersion) as caught:
        adopt(database, repository, wanted)
    assert words in caught.value.message and remedy in str(caught.value.remedy), caught.value
    assert caught.value.details["matches"] == matches
    assert caught.value.exit_code == 5
    assert database.tables() == before


def test_force_records_it_and_says_what_differs(database: Database, repository: Repository) -> None:
    given(database, AT[1])
    done = adopt(database, repository, "4", force=True)
    assert (done.version, done.forced) == (4, True)
    assert done.proof is not None
    assert (done.proof.matches, done.proof.differences) == ((1,), ("table b is missing", "a: column n is missing"))
    assert history.version(database, repository) == 4


def test_force_of_what_is_true_is_no_force(database: Database, repository: Repository) -> None:
    given(database, AT[1])
    assert not adopt(database, repository, "1", force=True).forced


def test_where_no_version_says_anything_any_number_can_be_true(database: Database, tmp_path: Path) -> None:
    repository = Repository(repository_of(tmp_path / "r", {f"{n:03d}": "" for n in range(1, 6)}))
    given(database, [OWN])
    with pytest.raises(UnprovenVersion, match="none that a migration here makes"):
        adopt(database, repository, None)
    assert adopt(database, repository, "3").version == 3


def test_what_a_script_needs_that_no_script_makes_leaves_the_versions_above_unknown(
    database: Database, tmp_path: Path
) -> None:
    """A repository that was begun on tables that were there already."""
    scripts = {"001": SCRIPTS["001"], "002": "ALTER TABLE own ADD COLUMN n INT;", "003": SCRIPTS["002"]}
    repository = Repository(repository_of(tmp_path / "r", scripts))
    given(database, [OWN])
    assert control.adoption(database, repository, "0").proof is not None
    with pytest.raises(UnprovenVersion, match=r"what version 2 promises is not known: 002_x_default_upgrade\.sql"):
        adopt(database, repository, "2")
    done = adopt(database, repository, "2", force=True)
    assert (done.version, done.forced) == (2, True)
    assert done.proof is not None and "002_x_default_upgrade.sql" in str(done.proof.untold)


def test_where_there_is_no_place_to_build_the_versions_only_force_helps(
    database: Database, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(url: DatabaseUrl, repository: Repository, on_version: OnVersion) -> Promises:
        raise CannotConnect("No server here.", "Install one.")

    monkeypatch.setattr(control, "promises", nowhere)
    given(database, AT[1])
    with pytest.raises(CannotConnect):
        adopt(database, repository, "1")
    done = adopt(database, repository, "1", force=True)
    assert done.forced and done.proof is not None and done.proof.untold == "No server here."


def test_our_own_tables_alone_are_an_empty_database(database: Database, repository: Repository) -> None:
    database.dialect.prepare(database, "migrate_version")
    assert adopt(database, repository, None).version == 0


def test_a_version_table_of_another_name_is_ours_too(database: Database, tmp_path: Path) -> None:
    config = "[db_settings]\nrepository_id=other\nversion_table=other_version\n"
    folder = repository_of(tmp_path / "r", SCRIPTS)
    (folder / "migrate.cfg").write_text(config, encoding="utf-8")
    given(database, AT[1])
    done = adopt(database, Repository(folder), None)
    assert done.version == 1 and done.proof is not None and done.proof.remarks == ()


def test_asking_what_it_would_do_makes_nothing(database: Database, repository: Repository) -> None:
    assert control.adoption(database, repository, None).changed
    assert database.tables() == []
    given(database, AT[1])
    assert control.adoption(database, repository, None).changed
    assert database.tables() == ["a"]


def test_a_row_that_was_written_meanwhile_is_not_written_over(database: Database, repository: Repository) -> None:
    given(database, AT[1])
    planned = control.adoption(database, repository, None)
    given(database, [], 1)
    assert not control.adopt(database, repository, planned).changed
    database.execute("UPDATE migrate_version SET version = 2")
    database.connection.commit()
    with pytest.raises(UsageError, match="under version control already, at version 2"):
        control.adopt(database, repository, planned)


def test_release_takes_the_row_and_leaves_everything_else(database: Database, repository: Repository) -> None:
    given(database, AT[1])
    adopt(database, repository, "1")
    assert control.released_version(database, repository) == 1
    assert control.release(database, repository) == 1
    assert history.version(database, repository) is None
    assert "migrate_version" not in database.tables()
    assert {"a", *database.dialect.bookkeeping} == set(database.tables())
    with pytest.raises(NotUnderVersionControl, match="is not under version control"):
        control.release(database, repository)
    assert adopt(database, repository, None).version == 1


@pytest.mark.parametrize(("built", "said"), [(2, None), (8, "8"), (11, None)])
def test_an_old_install_whose_row_is_lost_comes_back_and_goes_on_to_head(
    server: Server, fresh_database: FreshDatabase, built: int, said: str | None
) -> None:
    name = fresh_database(server)
    options = {"url": server.url(name)}
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, built)
        before = old_installs.take_inventory(connection, name)
        cursor.execute("DROP TABLE migrate_version")
    done = call_command("version-control", version=said, **options)
    assert (done.version, done.forced) == (built, False)
    call_command("upgrade", **options)
    assert call_command("check", only="schema", **options).findings == ()
    with server.connect(name) as connection:
        assert old_installs.account(before, connection, name) == []


def test_the_shipped_snapshot_comes_back_by_force_and_goes_on_to_head(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    options = {"url": server.url(name)}
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build_shipped_snapshot(connection, name)
        cursor.execute("DROP TABLE migrate_version")
    with pytest.raises(UnprovenVersion, match="is not at version 7"):
        call_command("version-control", version=7, **options)
    assert call_command("version-control", version=7, force=True, **options).forced
    call_command("upgrade", **options)
    assert call_command("check", only="schema", **options).findings == ()


def test_a_version_that_no_script_has_is_told(database: Database, repository: Repository) -> None:
    given(database, AT[1], recorded=99)
    with pytest.raises(DatabaseAhead, match="at version 99, but the scripts here end at 4"):
        adopt(database, repository, None)
    assert history.version(database, repository) == 99
