"""A sample holds real rows exactly as they are, spread over the table, with what they refer to; nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import CannotConnect, HalfApplied, NotUnderVersionControl, UsageError
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning import history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.keypoints import between
from giveaminute.versioning.rehearsal import Rehearsal, rehearse
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.sampling import Sample, take
from giveaminute.versioning.schema import ForeignKey, Schema, Table
from giveaminute.versioning.scratch import scratch
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.management.running import everything_in
from tests.repositories import make_repository
from tests.servers import Server

LONG = 9_000_000
"""Bytes of quotes, which an INSERT doubles: more than the servers' max_allowed_packet of 16 MiB."""
EVERY_TYPE = (
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
    "CREATE TABLE old (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(50) CHARACTER SET latin1,"
    " letters CHAR(9) CHARACTER SET cp1251, wide VARCHAR(20) CHARACTER SET utf16, body TEXT CHARACTER SET latin1,"
    " made TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00', at DATETIME, day DATE,"
    " e ENUM('a', 'b') CHARACTER SET latin1) ENGINE=MyISAM DEFAULT CHARSET=latin1",
    "INSERT INTO old VALUES (0, 'zéro ÿ€ ', 'мир', 'é日🎈', 'x\\0y\\\\z''', 0, '0000-00-00', '2012-02-31', 'none')",
    "INSERT INTO old VALUES (7, '', NULL, '', NULL, '1970-01-01 12:00:01', '9999-12-31 23:59:59', '0000-00-00', 'b')",
    "INSERT INTO old VALUES (9, x'8100ff', 'a', 'b', 'c', '2038-01-18 03:14:07', '2012-00-00', '1000-01-01', 'a')",
    "CREATE TABLE numbers (a BIGINT UNSIGNED NOT NULL, b TINYINT(1), c DECIMAL(65,30), d FLOAT, e DOUBLE, f BIT(64),"
    " g BIT(3),"
    " h SET('x','y','z'), i YEAR, j TIME(6), k DATETIME(6), l FLOAT(7,3), m INT(5) ZEROFILL, n REAL,"
    " PRIMARY KEY (a)) ENGINE=InnoDB",
    "INSERT INTO numbers VALUES (18446744073709551615, -128,"
    " '99999999999999999999999999999999999.999999999999999999999999999999',"
    " 1.17549435e-38, 1.7976931348623157e308, b'1111111111111111111111111111111111111111111111111111111111111111',"
    " b'101',"
    " 'x,z', 1901, '-838:59:59', '2012-02-29 11:22:33.654321', 1234.567, 7, 0.1)",
    "INSERT INTO numbers VALUES (0, 127, '-0.000000000000000000000000000001', 16777217, 5e-324, b'0', b'0', '', 0,"
    " '12:00:00.000001', '1000-01-01', -0.001, 0, 123456789.123456789), (1, NULL, NULL, 3.4028234e38, NULL, NULL, NULL,"
    " NULL, 2155, NULL, NULL, NULL, NULL, -0.0), (2, 0, 0, 0.1, 0.30000000000000004, 1, 1, 'y', 2000,"
    " 0, 0, 0.1, 99999, 1e-300)",
    "CREATE TABLE things (k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, j JSON,"
    " b LONGBLOB,"
    " v VARBINARY(300), g GEOMETRY, p POINT, t LONGTEXT CHARACTER SET utf8mb4,"
    " twice INT GENERATED ALWAYS AS (CHAR_LENGTH(k) * 2) STORED,"
    " half INT GENERATED ALWAYS AS (CHAR_LENGTH(k)) VIRTUAL)",
    """INSERT INTO things (k, j, b, v, g, p, t) VALUES ('é🎈', '{"a": [1, 2.50, "é", null]}', x'00ff27225c0a1a', x'00',
     ST_GeomFromText('LINESTRING(0 0, 1.5 1e9)', 0), ST_GeomFromText('POINT(1.1 -2)', 0), '🎈\\0%s :x ')""",
    "INSERT INTO things (k, j, t) VALUES ('É', '\"text\"', ''), (' ', NULL, NULL)",
    f"INSERT INTO things (k, b, t) VALUES ('long', REPEAT('''\\\\', {LONG // 2}), REPEAT('é''', {LONG // 3}))",
    "CREATE TABLE keyless (a INT, b TEXT)",
    "INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL)",
    "CREATE TABLE log (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, words TEXT)",
    "CREATE TRIGGER fires BEFORE INSERT ON numbers FOR EACH ROW SET NEW.b = 5",
    "CREATE TRIGGER fires_too AFTER INSERT ON numbers FOR EACH ROW INSERT INTO log (words) VALUES ('fired')",
    "CREATE VIEW b_first AS SELECT id FROM old",
    "CREATE VIEW a_second AS SELECT id FROM b_first",
    "CREATE FUNCTION one() RETURNS INT DETERMINISTIC NO SQL RETURN 1",
)  # fmt: skip
MARIADB_ONLY = (
    "CREATE TABLE own (u UUID NOT NULL PRIMARY KEY, i INET6, f INET4, s INT CHECK (s > 0))",
    "SET SESSION check_constraint_checks = 0",
    "INSERT INTO own VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', '192.0.2.1', -1)",
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(make_repository(tmp_path / "r", {}))


def prepared(url: str, repository: Repository, *statements: str) -> None:
    """These statements, and a version row."""
    with opened(parse_url(url), read_only=False) as database:
        for statement in statements:
            database.send(statement)
        database.connection.commit()
        with database.transaction():
            history.put_under_control(database, repository, 0)


@contextmanager
def sampled(
    url: str, repository: Repository, rows: int = 200, promised: Schema | None = None
) -> Iterator[tuple[Database, Sample]]:
    live_url = parse_url(url)
    with scratch(live_url) as made, opened(made.url, read_only=False) as found:
        with opened(live_url, read_only=True) as live, opened(made.url, read_only=False) as copy:
            sample = take(live, copy, repository, rows, promised)
        yield found, sample


def checksums(database: Database, tables: Sequence[str]) -> dict[str, Any]:
    return {name: database.query(f"CHECKSUM TABLE `{name}`")[0][1] for name in tables}


def test_every_value_is_copied_exactly_and_no_trigger_fires(
    mysql_family_url: str, repository: Repository, server: Server
) -> None:
    only = MARIADB_ONLY if server.family == "mariadb" else ()
    prepared(mysql_family_url, repository, *EVERY_TYPE, *only)
    with (
        opened(parse_url(mysql_family_url), read_only=True) as live,
        sampled(mysql_family_url, repository) as (copy, sample),
    ):
        tables = sorted(live.dialect.read_schema(live).tables)
        assert checksums(copy, tables) == checksums(live, tables)
        assert sample.rows == sum(
            live.scalar(f"SELECT COUNT(*) FROM {name}") for name in tables if name != "migrate_version"
        )
        assert copy.dialect.read_schema(copy).without() == live.dialect.read_schema(live).without()
        assert any(note.startswith("old: not InnoDB") for note in sample.notes)
        assert len(sample.notes) == 1


def test_nothing_is_written_and_a_right_to_read_is_enough(
    server: Server, mysql_family_url: str, repository: Repository
) -> None:
    prepared(mysql_family_url, repository, *EVERY_TYPE[:5])
    name = parse_url(mysql_family_url).database
    user = f"r{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        before = everything_in(server, name)
        cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'x'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO {user}@'%'")
        try:
            reader = parse_url(f"mysql://{user}:x@127.0.0.1:{server.port}/{name}")
            with (
                scratch(parse_url(mysql_family_url)) as made,
                opened(reader, read_only=True) as live,
                opened(made.url, read_only=False) as copy,
            ):
                assert take(live, copy, repository, 10).rows == 3
        finally:
            cursor.execute(f"DROP USER {user}@'%'")
    assert everything_in(server, name) == before


def numbers(database: Database, table: str = "t", column: str = "id") -> list[Any]:
    return [value for (value,) in database.query(f"SELECT {column} FROM {table} ORDER BY {column}")]


SPREAD: dict[str, tuple[str, Callable[[int], int | str]]] = {
    "numbers with gaps": ("id INTEGER NOT NULL PRIMARY KEY", lambda n: n * 3 if n < 2500 else n * 1000),
    "words": ("id VARCHAR(20) NOT NULL PRIMARY KEY", lambda n: f"word{n:06d}"),
    "the first of two columns": ("id INTEGER NOT NULL, two INTEGER DEFAULT 1, PRIMARY KEY (id, two)", lambda n: n),
}


@pytest.mark.parametrize("case", SPREAD)
def test_rows_are_spread_over_the_table_which_is_not_read_through(
    database_url: str, repository: Repository, case: str
) -> None:
    columns, key = SPREAD[case]
    keys = [key(number) for number in range(5000)]
    values = ", ".join(f"({each!r})" for each in keys)
    prepared(database_url, repository, f"CREATE TABLE t ({columns})", f"INSERT INTO t (id) VALUES {values}")
    with opened(parse_url(database_url), read_only=True) as live:
        with scratch(live.url) as made, opened(made.url, read_only=False) as copy:
            assert take(live, copy, repository, 100).rows == 100
            found = numbers(copy)
        if live.dialect.name == "mysql":
            reads = live.query("SHOW SESSION STATUS LIKE 'Handler_read%'")
            assert sum(int(count) for _, count in reads) < 4000
    assert (found[0], found[-1]) == (keys[0], keys[-1])
    tenths = [keys.index(each) // 500 for each in found]
    assert len(set(tenths)) >= 5


def test_a_table_without_a_key_gives_its_first_rows_each_as_often_as_it_is_there(
    database_url: str, repository: Repository
) -> None:
    rows = ", ".join(f"({number // 2})" for number in range(500))
    prepared(database_url, repository, "CREATE TABLE t (id INTEGER)", f"INSERT INTO t VALUES {rows}")
    with sampled(database_url, repository, 40) as (copy, sample):
        found = numbers(copy)
        assert len(found) == sample.rows == 40
    with sampled(database_url, repository, 1000) as (copy, sample):
        assert numbers(copy) == [number // 2 for number in range(500)]


def test_points_between_two_keys() -> None:
    assert between(0, 100, 4) == [25, 50, 75]
    assert between("a", "a", 3)[0] >= "a"
    assert all("user0" <= point <= "user9" for point in between("user0", "user9", 5))
    assert between(b"\0", b"\xff", 2) == [b"\x7f\x80\0\0\0\0\0\0"]
    assert between(None, "x", 9) == []


REFERRING = (
    "CREATE TABLE country (code VARCHAR(5) NOT NULL PRIMARY KEY)",
    "CREATE TABLE city (id INTEGER NOT NULL PRIMARY KEY, country VARCHAR(5), twin INTEGER,"
    " FOREIGN KEY (country) REFERENCES country (code), FOREIGN KEY (twin) REFERENCES city (id))",
    "CREATE TABLE visit (id INTEGER NOT NULL PRIMARY KEY, city_id INTEGER, last_id INTEGER,"
    " FOREIGN KEY (city_id) REFERENCES city (id))",
    "INSERT INTO country VALUES " + ", ".join(f"('c{n:03d}')" for n in range(300)),
    "INSERT INTO city VALUES " + ", ".join(f"({n}, 'c{n:03d}', {n - 1 if n % 20 else 'NULL'})" for n in range(300)),
    "INSERT INTO visit VALUES " + ", ".join(f"({n}, {(n * 7) % 300}, NULL)" for n in range(2000)),
)


def orphans(database: Database) -> int:
    return int(
        database.scalar(
            "SELECT (SELECT COUNT(*) FROM visit v LEFT JOIN city c ON v.city_id = c.id WHERE c.id IS NULL)"
            " + (SELECT COUNT(*) FROM city c LEFT JOIN country l ON c.country = l.code WHERE l.code IS NULL)"
            " + (SELECT COUNT(*) FROM city c LEFT JOIN city d ON c.twin = d.id"
            "    WHERE c.twin IS NOT NULL AND d.id IS NULL)"
        )
    )


def test_the_rows_referred_to_come_along_through_any_number_of_tables_and_through_the_same(
    database_url: str, repository: Repository
) -> None:
    prepared(database_url, repository, *REFERRING)
    with sampled(database_url, repository, 10) as (copy, sample):
        assert orphans(copy) == 0
        assert len(numbers(copy, "visit")) == 10
        assert 40 < len(numbers(copy, "city")) < 200  # each with its chain of up to 20
        assert sample.rows < 600


def test_tables_that_refer_to_one_another_in_a_circle(database_url: str, repository: Repository) -> None:
    statements = [
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, b_id INTEGER, c INTEGER)",
        "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER, FOREIGN KEY (a_id) REFERENCES a (id))",
        *(f"INSERT INTO a VALUES ({n}, {(n + 1) % 50}, 1)" for n in range(50)),
        *(f"INSERT INTO b VALUES ({n}, {(n + 5) % 50})" for n in range(50)),
    ]
    prepared(database_url, repository, *statements)
    circle = ForeignKey(None, ("b_id",), "b", ("id",))  # promised, and not there yet
    with sampled(database_url, repository, 2, Schema({"a": Table("a", (), foreign_keys=(circle,))})) as (copy, _):
        assert copy.scalar("SELECT COUNT(*) FROM a LEFT JOIN b ON a.b_id = b.id WHERE b.id IS NULL") == 0
        assert copy.scalar("SELECT COUNT(*) FROM b LEFT JOIN a ON b.a_id = a.id WHERE a.id IS NULL") == 0


def test_what_refers_to_nothing_comes_as_it_is(mysql_family_url: str, repository: Repository) -> None:
    prepared(
        mysql_family_url,
        repository,
        "CREATE TABLE p (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB",
        "CREATE TABLE c (id INT NOT NULL PRIMARY KEY, p_id INT, FOREIGN KEY (p_id) REFERENCES p (id)) ENGINE=InnoDB",
        "SET foreign_key_checks = 0",
        "INSERT INTO c VALUES (1, 77)",
    )
    with sampled(mysql_family_url, repository) as (copy, _):
        assert copy.query("SELECT * FROM c") == [(1, 77)]
        assert numbers(copy, "p") == []


def test_it_is_of_one_moment_while_others_write(mysql_family_url: str, repository: Repository) -> None:
    """A writer moves money between tables; in every sample the sum is right."""
    tables = [f"CREATE TABLE account{n} (id INT NOT NULL PRIMARY KEY, money INT) ENGINE=InnoDB" for n in range(6)]
    rows = [f"INSERT INTO account{n} VALUES (1, 100)" for n in range(6)]
    prepared(mysql_family_url, repository, *tables, *rows)
    stop = threading.Event()

    def move() -> None:
        with opened(parse_url(mysql_family_url), read_only=False) as writer:
            turn = 0
            while not stop.is_set():
                turn += 1
                writer.execute(f"UPDATE account{turn % 6} SET money = money - 1")
                writer.execute(f"UPDATE account{(turn + 3) % 6} SET money = money + 1")
                writer.connection.commit()

    writing = threading.Thread(target=move)
    writing.start()
    try:
        for _ in range(5):
            with sampled(mysql_family_url, repository) as (copy, _):
                assert sum(copy.scalar(f"SELECT money FROM account{n}") for n in range(6)) == 600
    finally:
        stop.set()
        writing.join()


def test_a_column_may_be_called_as_a_parameter_is_written(database_url: str, repository: Repository) -> None:
    url = database_url
    with opened(parse_url(url), read_only=True) as database:
        quote = database.dialect.quote
    prepared(
        url,
        repository,
        f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, {quote('a :x %s')} VARCHAR(9))",
        "INSERT INTO t VALUES (1, ':y %(z)s')",
    )
    with (
        scratch(parse_url(url)) as made,
        opened(parse_url(url), read_only=True) as live,
        opened(made.url, read_only=False) as copy,
    ):
        assert take(live, copy, repository, 10).rows == 1
        assert copy.query(f"SELECT {quote('a :x %s')} FROM t") == [(":y %(z)s",)]


def test_a_full_text_table_of_sqlite_is_copied_with_what_it_finds(tmp_path: Path, repository: Repository) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    made = ("CREATE VIRTUAL TABLE ft USING fts5(body)", "INSERT INTO ft VALUES ('hello world'), ('nobody')")
    prepared(url, repository, *made)
    with (
        scratch(parse_url(url)) as place,
        opened(parse_url(url), read_only=True) as live,
        opened(place.url, read_only=False) as copy,
    ):
        assert list(live.dialect.read_schema(live).without().tables) == ["ft"]
        assert take(live, copy, repository, 10).rows == 2
        assert copy.query("SELECT body FROM ft WHERE ft MATCH 'hello'") == [("hello world",)]


def test_sqlite_values_keep_their_type_in_any_column(tmp_path: Path, repository: Repository) -> None:
    url = f"sqlite:///{tmp_path}/live.db"
    prepared(
        url,
        repository,
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER CHECK (n <> 'x'), w TEXT, b BLOB,"
        " twice INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL)",
        "CREATE TABLE apart (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
        "INSERT INTO t (id, n, w, b) VALUES (1, 'no number', CAST(x'ff00fe' AS TEXT), 'text'), (2, 9e999, 5, x'00ff'),"
        " (7, -9223372036854775808, 'é日🎈' || char(0) || 'x', 1.5)",
        "INSERT INTO apart VALUES ('é', NULL), ('b', '')",
        "CREATE TRIGGER fires AFTER INSERT ON t BEGIN DELETE FROM apart; END",
        "CREATE VIEW v AS SELECT id FROM t",
    )
    told = "SELECT id, typeof(n), n, typeof(w), CAST(w AS BLOB), typeof(b), b, twice FROM t ORDER BY id"
    before = (tmp_path / "live.db").read_bytes()
    with opened(parse_url(url), read_only=True) as live, sampled(url, repository) as (copy, sample):
        assert copy.query(told) == live.query(told)
        assert copy.query("SELECT * FROM apart ORDER BY k") == live.query("SELECT * FROM apart ORDER BY k")
        assert copy.dialect.read_schema(copy).without() == live.dialect.read_schema(live).without()
        assert (sample.rows, sample.notes) == (5, ())
    assert (tmp_path / "live.db").read_bytes() == before


def test_what_cannot_be_sampled_is_refused_with_a_reason(
    server: Server, fresh_database: FreshDatabase, repository: Repository, tmp_path: Path
) -> None:
    far, near = fresh_database(server), fresh_database(server)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {far}.p (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB")
        cursor.execute(
            f"CREATE TABLE {near}.c (id INT NOT NULL PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES {far}.p (id))"
            " ENGINE=InnoDB"
        )
        try:
            with pytest.raises(NotUnderVersionControl), sampled(server.url(near), repository):
                pass
            prepared(server.url(near), repository)
            with pytest.raises(UsageError, match="in another database"), sampled(server.url(near), repository):
                pass
        finally:
            cursor.execute(f"DROP TABLE {near}.c")


STEPS = {
    "001_A.py": (
        "import sqlalchemy as sa\n\ndef upgrade(op):\n"
        "    op.create_table('a', sa.Column('id', sa.Integer, primary_key=True), sa.Column('word', sa.String(20)))\n\n"
        "def downgrade(op):\n    op.drop_table('a')\n"
    ),
    "002_B.py": (
        "import sqlalchemy as sa\n\ndef upgrade(op):\n    op.add_column('a', sa.Column('n', sa.Integer))\n\n"
        "def downgrade(op):\n    op.drop_column('a', 'n')\n"
    ),
    "003_C.py": (
        "loses = {'a.word': 'folded'}\n\ndef upgrade(op):\n    op.execute(\"UPDATE a SET word = LOWER(word)\")\n\n"
        "def downgrade(op):\n    pass\n"
    ),
}


def with_data(url: str, folder: Path, **options: Any) -> Rehearsal:
    found = call_command("test", url=url, repository=str(folder), with_data=True, **options)
    assert isinstance(found, Rehearsal)
    return found


def told(rehearsal: Rehearsal) -> list[tuple[int, tuple[str, ...], int]]:
    return [(verdict.version, verdict.problems, verdict.rows) for verdict in rehearsal.verdicts]


def test_without_a_version_it_tries_what_the_database_has_yet_to_run_else_the_newest(
    database_url: str, tmp_path: Path
) -> None:
    folder = make_repository(tmp_path / "r", STEPS)
    call_command("upgrade", url=database_url, repository=str(folder), version=1)
    with opened(parse_url(database_url), read_only=False) as live:
        live.execute("INSERT INTO a (id, word) VALUES (1, 'Real'), (2, 'plain')")
        live.connection.commit()
    found = with_data(database_url, folder)
    assert told(found) == [(2, (), 2), (3, (), 2)]
    assert found.sample == Sample(1, 2, 1, ())
    assert found.verdicts[1].excused == ("loses a.word: folded",)
    call_command("upgrade", url=database_url, repository=str(folder))
    found = with_data(database_url, folder)  # only small letters now: nothing to lose, and no complaint of that
    assert told(found) == [(3, (), 2)]
    assert found.sample == Sample(3, 2, 1, ())
    assert told(with_data(database_url, folder, version=2)) == [(2, (), 2)]
    both = with_data(database_url, folder, version="1..2", rows=1)  # its table is gone at 0: 2 gets made rows
    assert (both.problems, both.verdicts[0].rows) == (0, 0)
    assert both.verdicts[1].rows > 2
    with opened(parse_url(database_url), read_only=True) as live:
        assert live.query("SELECT * FROM a ORDER BY id") == [(1, "real", None), (2, "plain", None)]


def test_a_migration_that_real_rows_break_is_found(database_url: str, tmp_path: Path) -> None:
    change = "UPDATE a SET word = 'x' WHERE word LIKE '%Real%'"
    breaks = f'def upgrade(op):\n    op.execute("{change}")\n\n\ndef downgrade(op):\n    pass\n'
    folder = make_repository(tmp_path / "r", {**STEPS, "003_C.py": breaks})
    call_command("upgrade", url=database_url, repository=str(folder), version=2)
    with opened(parse_url(database_url), read_only=False) as live:
        live.execute("INSERT INTO a (id, word) VALUES (1, 'a Real one')")
        live.connection.commit()
    assert told(with_data(database_url, folder)) == [(3, ("after down: a: 1 row with another word",), 1)]
    assert rehearse(parse_url(database_url), Repository(folder), 3, 3).problems == 0  # made rows do not show it


def test_a_version_that_the_sample_cannot_go_below_is_said(database_url: str, tmp_path: Path) -> None:
    folder = make_repository(
        tmp_path / "r", {**STEPS, "003_C.py": "irreversible = 'gone'\n\ndef upgrade(op):\n    pass\n"}
    )
    call_command("upgrade", url=database_url, repository=str(folder))
    with pytest.raises(
        Exception, match="at version 3 like the database, cannot be brought to 1, where 002 begins"
    ) as said:
        with_data(database_url, folder, version=2)
    assert "cannot be taken back: gone" in str(said.value)
    assert "without --with-data" in str(said.value)


def test_a_half_applied_database_is_not_sampled(mysql_family_url: str, tmp_path: Path) -> None:
    stops = (
        "def upgrade(op):\n    op.execute('UPDATE a SET n = 1')\n    raise ValueError\n\ndef downgrade(op):\n    pass\n"
    )
    folder = make_repository(tmp_path / "r", {**STEPS, "003_C.py": stops})
    with pytest.raises(Exception, match="ValueError"):
        call_command("upgrade", url=mysql_family_url, repository=str(folder))
    with pytest.raises(HalfApplied, match="003 «C» stopped in the middle"):
        with_data(mysql_family_url, folder)


def test_an_install_of_2011_goes_to_head_on_its_own_rows(mariadb_server: Server, fresh_database: FreshDatabase) -> None:
    """MyISAM, latin1, zero dates and orphans; the references of the newest schema say what belongs together."""
    server = mariadb_server
    name = fresh_database(server, "latin1")
    with server.connect() as connection:
        old_installs.build(connection, name, 7)
    before = everything_in(server, name)
    found = call_command("test", url=server.url(name), with_data=True, rows=3)
    assert isinstance(found, Rehearsal)
    assert [verdict.version for verdict in found.verdicts] == list(range(8, 18))
    assert found.problems == 0
    assert found.sample is not None
    assert (found.sample.version, found.sample.notes[0][-20:]) == (7, "wrote to them meanwhile"[-20:])
    assert everything_in(server, name) == before


def test_without_the_right_to_create_one_the_sample_goes_to_a_private_server_of_its_kind(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    folder = make_repository(tmp_path / "r", STEPS)
    name = fresh_database(server)
    call_command("upgrade", url=server.url(name), repository=str(folder), version=1)
    user = f"p{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {name}.a (id, word) VALUES (5, 'é')")
        cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'x'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO {user}@'%'")
        url = f"mysql://{user}:x@127.0.0.1:{server.port}/{name}"
        try:
            if server.family == "mariadb":
                found = with_data(url, folder, version=2)
                assert (found.place, told(found)) == ("a private mariadbd", [(2, (), 1)])
            else:  # where mariadbd is there it is what is started
                with pytest.raises(CannotConnect, match="The database is on MySQL, and the only server"):
                    with_data(url, folder, version=2)
        finally:
            cursor.execute(f"DROP USER {user}@'%'")


@pytest.mark.parametrize("options", [{"rows": 5}, {"rows": 0, "with_data": True}, {"rows": "x", "with_data": True}])
def test_a_number_of_rows_that_is_none_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    folder = make_repository(tmp_path / "r", STEPS)
    with pytest.raises(UsageError, match="rows"):
        call_command("test", url=f"sqlite:///{tmp_path}/x.db", repository=str(folder), **options)
