"""What a request is told of the database: right for its moment, at no cost, and no wait for a server that hangs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from giveaminute.settings import DatabaseUrl, Settings, parse_url
from giveaminute.versioning import halfrestored, history
from giveaminute.versioning.database import opened
from giveaminute.versioning.dialects.mysql import MySQLDialect
from giveaminute.versioning.history import Outcome
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.status import Position, read_status
from giveaminute.webapp import standing as module
from giveaminute.webapp.standing import Standing, Watcher, read_standing
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import PrivateServer, Server, private_mariadb

SCRIPTS = {f"{number:03d}_Title_{number}.py": "" for number in (1, 2, 3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "scripts", SCRIPTS)


@pytest.fixture
def settings(database_url: str, folder: Path) -> Settings:
    return Settings(parse_url(database_url), "test", folder)


@pytest.fixture
def on_sqlite(tmp_path: Path, folder: Path) -> Settings:
    """At the newest version, where it does not matter which database it is."""
    made = Settings(parse_url(f"sqlite:///{tmp_path / 'x.db'}"), "test", folder)
    put(made, 3)
    return made


def put(settings: Settings, version: int, run: Outcome | None = None) -> None:
    """Bring the database's records to this version, with one run of the next migration."""
    repository = Repository(settings.repository)
    with opened(settings.url, read_only=False, wait=5) as database:
        database.dialect.prepare(database, "migrate_version")
        if history.version(database, repository) is None:
            history.put_under_control(database, repository, version)
        database.execute(f"UPDATE migrate_version SET version = {version}")
        if run is not None:
            row = history.next_row(database)
            database.execute(*history.starting(row, repository, version + 1, "Next", Direction.UPGRADE, "py1:x", run))
        database.connection.commit()


def send(settings: Settings, *statements: str) -> None:
    with opened(settings.url, read_only=False) as database:
        for statement in statements:
            database.execute(statement)
        database.connection.commit()


def tables(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every table with its rows."""
    with opened(settings.url, read_only=True) as database:
        return {name: database.query(f"SELECT * FROM {name}") for name in database.tables()}


def watcher(settings: Settings, every: float = 0.0) -> Watcher:
    """One that asks each time, unless told."""
    return Watcher(settings, every=every, patience=5)


@pytest.mark.parametrize(
    ("version", "position", "words"),
    [
        (3, Position.CURRENT, "is at version 3, the newest."),
        (1, Position.BEHIND, "is at version 1; 2 pending up to 3."),
        (4, Position.AHEAD, "is at version 4, ahead of the scripts here, which end at 3."),
    ],
)
def test_the_version_row_is_enough(settings: Settings, version: int, position: Position, words: str) -> None:
    put(settings, version)
    found = watcher(settings).standing()
    assert (found.position, found.version, found.head) == (position, version, 3)
    assert found.words == f"{settings.url.name} {words}"
    assert found.current is (version == 3)


def test_an_empty_database_is_behind(settings: Settings) -> None:
    found = watcher(settings).standing()
    assert (found.position, found.version, found.command) == (Position.BEHIND, None, "invoke upgrade")


def test_tables_without_a_version_row_are_uncontrolled_and_stay_as_they_are(settings: Settings) -> None:
    send(settings, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (7)")
    found = watcher(settings).standing()
    assert (found.position, found.version) == (Position.UNCONTROLLED, None)
    assert tables(settings) == {"t": [(7,)]}


@pytest.mark.parametrize("outcome", [Outcome.RUNNING, Outcome.STOPPED])
def test_a_migration_that_stopped_in_its_middle_is_half_applied(settings: Settings, outcome: Outcome) -> None:
    put(settings, 2, outcome)
    found = watcher(settings).standing()
    assert (found.position, found.version, found.command) == (Position.HALF_APPLIED, 2, "invoke upgrade")


def test_a_restore_that_was_killed_is_half_applied(mysql_family_url: str, folder: Path) -> None:
    settings = Settings(parse_url(mysql_family_url), "test", folder)
    put(settings, 3)
    with opened(settings.url, read_only=False) as database:
        halfrestored.begin(database, "x.zst", None)
    found = watcher(settings).standing()
    assert (found.position, found.command) == (Position.HALF_APPLIED, "invoke restore x.zst --replace")


def test_who_migrates_is_told_and_when_it_is_over(mysql_family_url: str, folder: Path) -> None:
    settings = Settings(parse_url(mysql_family_url), "test", folder)
    put(settings, 2, Outcome.RUNNING)
    watching = watcher(settings)
    with (
        opened(settings.url, read_only=False) as database,
        database.leased(5, "upgrade to 3", lambda holder: None),
    ):
        during = watching.standing()
    after = watching.standing()
    assert during.position is Position.MIGRATING and "upgrade to 3" in during.words
    assert after.position is Position.HALF_APPLIED


def _by_status(url: DatabaseUrl, repository: Repository) -> bool:
    with opened(url, read_only=True) as database:
        return read_status(database, repository).unfinished is None


@pytest.mark.parametrize("is_current", [lambda *of: read_standing(*of).current, _by_status])
def test_a_run_that_ends_while_it_is_asked_is_no_half_applied_one(
    mysql_family_url: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_current: Callable[[DatabaseUrl, Repository], bool],
) -> None:
    settings = Settings(parse_url(mysql_family_url), "test", folder)
    put(settings, 2, Outcome.RUNNING)

    def gone(*_: object) -> None:
        send(settings, "UPDATE migrate_history SET outcome = 'done'", "UPDATE migrate_version SET version = 3")

    monkeypatch.setattr(MySQLDialect, "holder", gone)
    assert is_current(settings.url, Repository(folder))


def test_it_says_what_status_says(settings: Settings) -> None:
    put(settings, 1, Outcome.STOPPED)
    with opened(settings.url, read_only=True) as database:
        told = read_status(database, Repository(settings.repository))
    found = watcher(settings).standing()
    assert (found.words, found.command) == (told.summary, told.next_command)


def test_words_for_a_log_hold_no_value_of_a_row(settings: Settings) -> None:
    put(settings, 1, Outcome.STOPPED)
    error = "002_Next.py, statement 1 «INSERT INTO t VALUES (''Bob'')»: (1062) Duplicate entry ''Bob'' for key ''name''"
    send(settings, f"UPDATE migrate_history SET error = '{error}' WHERE outcome = 'stopped'")
    with opened(settings.url, read_only=True) as database:
        assert "Bob" in read_status(database, Repository(settings.repository)).summary
    words = watcher(settings).standing().words
    assert "Bob" not in words and "(1062) Duplicate entry '…' for key 'name'" in words


def test_asking_changes_nothing(settings: Settings) -> None:
    put(settings, 2, Outcome.RUNNING)
    before = tables(settings)
    watching = watcher(settings)
    for _ in range(5):
        watching.standing()
    assert tables(settings) == before


def test_records_that_are_not_ours_are_unknown(settings: Settings) -> None:
    send(settings, "CREATE TABLE migrate_version (a INT)")
    found = watcher(settings).standing()
    assert found.position is Position.UNKNOWN and "migrate_version" in found.words


def test_scripts_that_contradict_one_another_are_unknown_until_they_are_whole(on_sqlite: Settings) -> None:
    watching = Watcher(on_sqlite, every=60)
    assert watching.standing().current
    second = on_sqlite.repository / "versions" / "002_Title_2.py"
    second.unlink()
    wait_for_a_look()
    assert watching.standing().position is Position.UNKNOWN
    second.touch()
    wait_for_a_look()
    assert watching.standing().current


def wait_for_a_look() -> None:
    time.sleep(1.2 * module.LOOK)


def test_a_new_script_is_seen_at_once(settings: Settings) -> None:
    put(settings, 3)
    watching = Watcher(settings, every=60, patience=5)
    assert watching.standing().current
    (settings.repository / "versions" / "004_Next.py").touch()
    wait_for_a_look()
    found = watching.standing()
    assert (found.position, found.version, found.head) == (Position.BEHIND, 3, 4)
    put(settings, 4)
    assert watching.standing() == found, "the scripts are the same, and it was asked just now"


def test_a_file_that_does_not_exist_yet_is_an_empty_database(tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "x.db"
    found = watcher(Settings(parse_url(f"sqlite:///{file}"), "test", folder)).standing()
    assert found.position is Position.BEHIND and not file.exists()


def test_a_file_that_another_locks_for_long_is_unreachable_and_comes_back(on_sqlite: Settings) -> None:
    watching = Watcher(on_sqlite, every=0, patience=5, silence=0.1)
    assert watching.standing().current
    with opened(on_sqlite.url, read_only=False) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        locked = watching.standing()
        writer.connection.rollback()
    assert locked.position is Position.UNREACHABLE and "locked" in locked.words
    assert (locked.version, locked.head) == (3, 3), "the version that was seen last"
    assert watching.standing().current


class Hanging:
    """A database that answers when it is let, and counts who asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.let = threading.Event()
        self.let.set()
        monkeypatch.setattr(module, "read_standing", self.read)

    def read(self, *_: object, **__: object) -> Standing:
        self.asked += 1
        self.let.wait(10)
        return Standing(Position.CURRENT, self.asked, 3, "")


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    made = Hanging(monkeypatch)
    yield made
    made.let.set()


def together(count: int, call: Callable[[], object]) -> list[float]:
    """Call it in that many threads at once; the seconds that each took."""
    took: list[float] = []

    def one() -> None:
        begun = time.monotonic()
        call()
        took.append(time.monotonic() - begun)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def test_many_threads_ask_once_in_a_while(on_sqlite: Settings, hanging: Hanging) -> None:
    watching = Watcher(on_sqlite, every=0.3)
    until = time.monotonic() + 1.0

    def ask() -> None:
        while time.monotonic() < until:
            watching.standing()
            time.sleep(0.001)

    together(8, ask)
    assert 2 <= hanging.asked <= 5


def test_a_first_answer_that_does_not_come_is_waited_for_once(on_sqlite: Settings, hanging: Hanging) -> None:
    hanging.let.clear()
    watching = Watcher(on_sqlite, every=0.1, patience=1)
    first = together(5, watching.standing)
    later = together(5, watching.standing)
    assert 0.9 < max(first) < 3 and max(later) < 0.5
    assert (hanging.asked, watching.standing().position) == (1, Position.UNREACHABLE)
    hanging.let.set()
    deadline = time.monotonic() + 5
    while not watching.standing().current:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_while_a_question_hangs_the_last_answer_is_given_at_once(on_sqlite: Settings, hanging: Hanging) -> None:
    watching = Watcher(on_sqlite, every=0.2, patience=0.5)
    assert watching.standing().version == 1
    hanging.let.clear()
    time.sleep(0.25)
    assert max(together(5, watching.standing)) < 2 and watching.standing().version == 1
    time.sleep(0.25)
    watching.standing()
    assert hanging.asked == 2, "and nobody asks again meanwhile"


def test_an_old_answer_is_not_given_when_a_new_one_can_be_had(on_sqlite: Settings, hanging: Hanging) -> None:
    watching = Watcher(on_sqlite, every=0.05, patience=5)
    assert watching.standing().version == 1
    time.sleep(0.15)
    assert watching.standing().version == 2


def test_a_new_script_counts_at_once_also_where_the_database_hangs(on_sqlite: Settings, hanging: Hanging) -> None:
    watching = Watcher(on_sqlite, every=60, patience=0.1)
    hanging.asked = 2
    assert watching.standing().current
    hanging.let.clear()
    (on_sqlite.repository / "versions" / "004_Next.py").touch()
    wait_for_a_look()
    found = watching.standing()
    assert (found.position, found.version, found.head) == (Position.BEHIND, 3, 4)


def test_a_question_from_before_the_scripts_changed_is_asked_again(on_sqlite: Settings, hanging: Hanging) -> None:
    hanging.let.clear()
    watching = Watcher(on_sqlite, every=60, patience=5)
    before = threading.Thread(target=watching.standing)
    before.start()
    deadline = time.monotonic() + 5
    while not hanging.asked and time.monotonic() < deadline:
        time.sleep(0.01)
    (on_sqlite.repository / "versions" / "004_Next.py").touch()
    threading.Timer(0.2, hanging.let.set).start()
    assert watching.standing().version == 2
    before.join()


def test_a_process_that_was_forked_in_the_middle_of_a_question_asks_itself(
    on_sqlite: Settings, hanging: Hanging
) -> None:
    watching = Watcher(on_sqlite, every=0.1, patience=0.2)
    hanging.let.clear()
    watching.standing()
    assert hanging.asked == 1
    hanging.let = threading.Event()
    hanging.let.set()
    child = os.fork()
    if child == 0:
        os._exit(0 if watching.standing().current and hanging.asked == 2 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PrivateServer]:
    with private_mariadb(tmp_path / "server") as server:
        yield server


def test_a_server_that_stops_hangs_and_comes_back(own_server: PrivateServer, folder: Path) -> None:
    with own_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE site")
    settings = Settings(parse_url(own_server.url("site")), "test", folder)
    put(settings, 3)
    watching = Watcher(settings, every=0.05, patience=0.2, silence=2)
    assert watching.standing().current

    def becomes(position: Position) -> float:
        """The longest time that a question took until that was the answer."""
        longest, deadline, found = 0.0, time.monotonic() + 10, None
        while found is not position:
            assert time.monotonic() < deadline, f"it is {found}"
            begun = time.monotonic()
            found = watching.standing().position
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.01)
        return longest

    assert own_server.pid is not None
    os.kill(own_server.pid, signal.SIGSTOP)  # it accepts connections, and says nothing
    try:
        assert becomes(Position.UNREACHABLE) < 1.5
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
    assert becomes(Position.CURRENT) < 1.5
    own_server.stop()
    assert becomes(Position.UNREACHABLE) < 1.5
    assert watching.standing().version == 3
    own_server.start()
    assert becomes(Position.CURRENT) < 1.5


@pytest.fixture
def reader(server: Server, fresh_database: FreshDatabase) -> Iterator[tuple[str, str]]:
    """A database and the URL of somebody who may see one table of it that is not ours."""
    name = fresh_database(server)
    user = f"r{name[-8:]}"  # one that begins with 5e3 is a number to the server
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE people (a INT)")
        cursor.execute(f"CREATE USER {user} IDENTIFIED BY 'sesame'")
        cursor.execute(f"GRANT SELECT ON `{name}`.people TO {user}")
        yield name, f"mysql://{user}:sesame@{server.host}:{server.port}/{name}"
        cursor.execute(f"DROP USER {user}")


def test_to_read_is_all_that_it_needs(reader: tuple[str, str], server: Server, folder: Path) -> None:
    name, url = reader
    put(Settings(parse_url(server.url(name)), "test", folder), 3)
    settings = Settings(parse_url(url), "test", folder)
    assert watcher(settings).standing().position is Position.UNKNOWN, "it answers, so it is not out of reach"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO {settings.url.user}")
    assert watcher(settings).standing().current


def test_no_password_is_in_the_words(folder: Path) -> None:
    url = parse_url("mysql://root:sesame@127.0.0.1:1/x")
    found = read_standing(url, Repository(folder))
    assert found.position is Position.UNREACHABLE and "127.0.0.1" in found.words
    assert "sesame" not in repr(found)
