"""`op.backfill` where keys, names, counts and connections are not what one would think."""

from __future__ import annotations

from pathlib import Path

import pymysql
import pytest

from giveaminute.errors import MigrationFailed, SettingsError
from giveaminute.management import call_command
from giveaminute.settings import backfill_limits, parse_url
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.backfills.place import Place
from giveaminute.versioning.database import opened
from tests.management.running import run
from tests.versioning.backfilling import Bench, Told, bench

T = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, s VARCHAR(50))"
ROWS = [{"id": number} for number in range(1, 8)]
ONE_MORE = "def f(rows):\n    return {key: {'n': row['n'] + 1} for key, row in rows.items()}"


def numbered(url: str, tmp_path: Path) -> Bench:
    return bench(url, tmp_path, T, rows="INSERT INTO t (id) VALUES (:id)", sets=ROWS)


@pytest.mark.parametrize("keys", ["x'81ca'), (x'eef9'", "x'8790'), (x'81e0'"])
@pytest.mark.parametrize("what", ['set="n = n + 1"', 'f, columns=["n"]'])
def test_two_keys_that_are_read_as_one_end_the_walk(
    mysql_family_url: str, tmp_path: Path, keys: str, what: str
) -> None:
    """cp932 has two forms of some characters: behind the first comes the second, which looks like the first."""
    made = bench(
        mysql_family_url,
        tmp_path,
        "CREATE TABLE t (a VARCHAR(10) CHARACTER SET cp932 COLLATE cp932_bin PRIMARY KEY, n INT NOT NULL DEFAULT 0)",
    )
    made.change(f"INSERT INTO t (a) VALUES ({keys})")
    made.script(f'op.backfill("t", {what}, batch=1)', head=ONE_MORE)
    with pytest.raises(MigrationFailed, match="two rows of t have keys that both are read as"):
        made.run()
    assert made.rows("SELECT MAX(n) FROM t") == [(1,)]


def test_a_function_is_not_given_two_rows_under_one_key(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(
        mysql_family_url,
        tmp_path,
        "CREATE TABLE t (a VARCHAR(10) CHARACTER SET cp932 COLLATE cp932_bin PRIMARY KEY, n INT NOT NULL DEFAULT 0)",
    )
    made.change("INSERT INTO t (a) VALUES (x'81ca'), (x'eef9'), (x'fc4b')")
    made.script('op.backfill("t", f, columns=["n"])', head=ONE_MORE)
    with pytest.raises(MigrationFailed, match="two rows of t have keys that both are read as"):
        made.run()
    assert made.rows("SELECT SUM(n) FROM t") == [(0,)]


def test_an_update_that_finds_other_rows_than_those_of_the_keys_is_taken_back(tmp_path: Path) -> None:
    made = bench(
        f"sqlite:///{tmp_path / 'x.db'}",
        tmp_path,
        "CREATE TABLE t (a TEXT COLLATE NOCASE NOT NULL, n TEXT, PRIMARY KEY (a COLLATE BINARY))",
        rows="INSERT INTO t (a) VALUES (:a)",
        sets=[{"a": key} for key in "aAbB"],
    )
    made.script(
        'op.backfill("t", f, columns=["n"])',
        head="def f(rows):\n    return {key: {'n': 'of ' + key} for key in rows if key == 'a'}",
    )
    with pytest.raises(MigrationFailed, match="1 rows of t were to be changed, and the database found 2"):
        made.run()
    assert made.rows("SELECT a FROM t WHERE n IS NOT NULL") == []


def test_the_server_is_asked_in_the_language_that_its_counts_are_read_in(mysql_family_url: str) -> None:
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        assert database.scalar("SELECT @@SESSION.lc_messages") == "en_US"


@pytest.mark.parametrize("body", ['f, columns=["n"]', 'set="n = n"'])
def test_a_row_that_matches_again_is_counted_once(database_url: str, tmp_path: Path, body: str) -> None:
    made = numbered(database_url, tmp_path)
    made.script(
        f'op.notice(str(op.backfill("t", {body}, where="s IS NULL", batch=2)))', head="def f(rows):\n    return {}"
    )
    told = Told()
    made.run(2, told)
    assert told.notices == ["7"]
    assert (told.walked[-1].rows, told.walked[-1].changed, told.walked[-1].ended) == (7, 7, True)


def test_who_comes_in_between_is_counted_and_who_stays_is_not_twice() -> None:
    first = Place().on((3,), walked=3, matched=3, changed=1, repeats=False)
    again = first.next_turn().on((1,), walked=2, matched=1, changed=0, repeats=False)
    done = again.on((9,), walked=2, matched=2, changed=1, repeats=False)  # one that stayed, one that came in
    assert (first.counted, again.counted, done.counted, done.first) == (3, 3, 4, 3)
    assert Place.from_json(done.to_json()) == done
    assert Place.from_json({"key": None, "turn": 1, "walked": 2, "matched": 2, "changed": 2, "repeats": False})


def test_a_parameter_does_not_take_the_place_of_a_bound(database_url: str, tmp_path: Path) -> None:
    made = numbered(database_url, tmp_path)
    made.script('op.backfill("t", set="n = :backfill_to_0", parameters={"backfill_to_0": 7})')
    with pytest.raises(MigrationFailed, match=":backfill_to_0 has a name of its own"):
        made.run()
    assert made.rows("SELECT MAX(n) FROM t") == [(0,)]


def test_a_column_that_is_no_name_is_told(database_url: str, tmp_path: Path) -> None:
    made = numbered(database_url, tmp_path)
    made.script('op.backfill("t", f, columns=["n"])', head="def f(rows):\n    return {key: {5: 'x'} for key in rows}")
    with pytest.raises(MigrationFailed, match="t has no column 5; it has: id, n, s"):
        made.run()


@pytest.mark.parametrize("value", ["['x']", "('x', 'y')", "{1}"])
def test_a_list_is_no_value(database_url: str, tmp_path: Path, value: str) -> None:
    made = numbered(database_url, tmp_path)
    made.script(
        'op.backfill("t", f, columns=["n"])', head=f"def f(rows):\n    return {{key: {{'s': {value}}} for key in rows}}"
    )
    with pytest.raises(MigrationFailed, match="for s: one value is wanted"):
        made.run()
    assert made.rows("SELECT id FROM t WHERE s IS NOT NULL") == []


def test_a_dry_run_without_rows_does_not_say_that_nothing_changes(mysql_family_url: str, tmp_path: Path) -> None:
    made = numbered(mysql_family_url, tmp_path)
    made.script('op.backfill("t", f, columns=["n"])', head=ONE_MORE)
    said = run("upgrade", "--dry-run", "--url", mysql_family_url, "--repository", str(made.folder), cwd=tmp_path)
    assert said.code == 0 and "CAUTION" in said.out
    assert "No statement on the copy, which has no rows." in said.out and "nothing to change" not in said.out


def test_a_connection_that_owes_an_answer_is_closed(mysql_family_url: str) -> None:
    """As a signal leaves it that comes between the driver's sending and its reading."""
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.close_if_out_of_step(KeyboardInterrupt())
        assert database.scalar("SELECT 1") == 1
        connection = database.connection
        connection._execute_command(3, "SELECT 2")  # type: ignore[attr-defined]
        database.close_if_out_of_step(KeyboardInterrupt())
        with pytest.raises(pymysql.err.InterfaceError):
            database.scalar("SELECT 1")


def test_a_pause_that_outlived_its_run_is_taken_back_and_what_to_run_is_said(
    mysql_family_url: str, tmp_path: Path
) -> None:
    made = numbered(mysql_family_url, tmp_path)
    with made.database() as database, database.transaction():
        database.dialect.batching.ask_pause(database, "me", "here")
    said = run("resume", "--url", mysql_family_url, cwd=tmp_path)
    assert said.code == 0 and "the pause is taken back, and nobody is migrating it." in said.err
    assert "To go on: " in said.err
    assert call_command("resume", url=mysql_family_url).changed is False


@pytest.mark.parametrize("text", ["db2 db3:3307", "db2,db3:3307", "db2, db3:3307"])
def test_replicas_are_named_with_blanks_or_commas_between(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(f'backfill: {{replicas: "{text}"}}\n')
    assert backfill_limits(tmp_path / "config.yaml").replicas == ("db2", "db3:3307")
    assert backfill_limits(None, f"threads_running=3,replicas={text}").replicas == ("db2", "db3:3307")


@pytest.mark.parametrize("text", ["db2:abc", "db2:99999", "a b:c", "db 2:"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"`replicas` «.*» is no host"):
        backfill_limits(None, f"replicas={text}")


def test_whoever_resumes_one_from_before_goes_on(mysql_family_url: str, tmp_path: Path) -> None:
    """A journal of before these counts has none of them."""
    made = numbered(mysql_family_url, tmp_path)
    made.script('op.backfill("t", set="n = n + 1")\nop.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(MigrationFailed, match="nowhere"):
        made.run(2, pacing=Pacing(most=2))
    made.script('op.backfill("t", set="n = n + 1")')
    made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 7)]
