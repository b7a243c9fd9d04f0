"""A cluster of three: upgraded from nothing and from an old install, from several nodes, with a node killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from giveaminute.errors import NotAsRecorded, UsageError, WouldBlock
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import opened
from giveaminute.versioning.lease import TERM
from giveaminute.versioning.schema import Schema
from tests import old_installs
from tests.galera import Cluster, cluster
from tests.repositories import make_repository
from tests.test_lease import ended, start

TOGETHER = 12


@pytest.fixture(scope="module")
def galera() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def database(galera: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    for node in galera.nodes:
        if node.process is None:  # killed by a test that failed before it brought the node back
            galera.rejoin(node)
    name = f"cbu_{abs(hash(request.node.name)) % 10**9}"
    node = galera.nodes[0]
    with node.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    with galera.nodes[0].connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")


def seen_by(galera: Cluster, number: int, database: str) -> tuple[Schema, dict[str, object]]:
    """Schema and table checksums, as one node has them when it has caught up."""
    url = galera.url(database, number)
    with opened(parse_url(url), read_only=True) as asked:
        schema = asked.dialect.read_schema(asked).without(())
    with galera.nodes[number - 1].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.execute(f"CHECKSUM TABLE {', '.join(f'`{name}`' for name in schema.tables)}")
        return schema, dict(cursor.fetchall())


def all_equal(galera: Cluster, database: str) -> Schema:
    first, sums = seen_by(galera, 1, database)
    for number in (2, 3):
        other, others = seen_by(galera, number, database)
        assert compare(first, other) == []
        assert others == sums
    return first


def history(galera: Cluster, database: str) -> list[tuple[int, str]]:
    with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.execute("SELECT version, outcome FROM migrate_history ORDER BY version, id")
        return list(cursor.fetchall())


ONCE = [(version, "done") for version in range(1, 18)]


def test_starts_on_all_nodes_at_once_run_each_migration_once(galera: Cluster, database: str) -> None:
    urls = [galera.url(database, 1 + number % 3) for number in range(TOGETHER)]
    processes = [start("upgrade", "--url", url) for url in urls]
    assert [said for code, said in map(ended, processes) if code != 0] == []
    assert history(galera, database) == ONCE
    all_equal(galera, database)


def test_an_old_install_on_innodb_is_upgraded(galera: Cluster, database: str) -> None:
    with galera.nodes[0].connect(database) as connection:
        old_installs.build(connection, database, 7)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND engine = 'MyISAM'"
            )
            names = [name for (name,) in cursor.fetchall()]
    with pytest.raises(NotAsRecorded, match="replicates InnoDB only, and has other tables"):
        call_command("upgrade", url=galera.url(database))
    for node in galera.nodes:  # MyISAM rows were never replicated
        with node.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION wsrep_on = OFF, SESSION sql_mode = ''")
            if node is not galera.nodes[0]:
                for name in names:
                    cursor.execute(f"DROP TABLE `{name}`")
    with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = '', SESSION wsrep_on = ON")
        for name in names:  # made again and filled through the cluster
            cursor.execute("SET SESSION wsrep_on = OFF")
            cursor.execute(f"RENAME TABLE `{name}` TO `{name}_old`")
            cursor.execute("SET SESSION wsrep_on = ON")
            cursor.execute(f"SHOW CREATE TABLE `{name}_old`")
            definition = str(cursor.fetchone()[1]).replace(f"`{name}_old`", f"`{name}`", 1)
            cursor.execute(definition.replace("ENGINE=MyISAM", "ENGINE=InnoDB"))
            cursor.execute(f"INSERT INTO `{name}` SELECT * FROM `{name}_old`")
            cursor.execute("SET SESSION wsrep_on = OFF")
            cursor.execute(f"DROP TABLE `{name}_old`")
            cursor.execute("SET SESSION wsrep_on = ON")
    call_command("upgrade", url=galera.url(database))
    schema = all_equal(galera, database)
    assert "project_need" in schema.tables


SLOW = '''"""In its middle it waits until somebody is killed."""
import time
from pathlib import Path

def upgrade(op):
    op.execute("CREATE TABLE t (v INT PRIMARY KEY) ENGINE=InnoDB")
    for number in range(40):
        op.execute("INSERT INTO t VALUES (:v)", {"v": number})
        while number == 20 and not Path(__file__).with_name("killed").exists():
            time.sleep(0.05)
    op.execute("ALTER TABLE t ADD COLUMN w INT")

def downgrade(op):
    op.execute("DROP TABLE t")
'''


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"001_Slow.py": SLOW})


def test_a_node_killed_in_the_middle_is_survived_through_another(galera: Cluster, database: str, slow: Path) -> None:
    victim = galera.nodes[1]
    process = start("upgrade", "--url", galera.url(database, 2, 3, 1), "--repository", str(slow), "--wait", "60")
    _until_working(galera, database)
    victim.kill()
    _let_go_on(slow)
    code, said = ended(process)
    assert code == 0, said
    assert victim.process is None
    assert "Trying again" in said
    galera.rejoin(victim)
    assert history(galera, database) == [(1, "done")]
    all_equal(galera, database)
    with galera.nodes[1].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), SUM(v) FROM t")
        assert cursor.fetchone() == (40, sum(range(40)))


def test_a_holder_killed_on_one_node_is_replaced_on_another_within_the_term(
    galera: Cluster, database: str, slow: Path
) -> None:
    holder = start("upgrade", "--url", galera.url(database, 1), "--repository", str(slow))
    _until_working(galera, database)
    waiting = start("upgrade", "--url", galera.url(database, 3), "--repository", str(slow), "--wait", "60")
    time.sleep(1.5)
    holder.kill()
    holder.communicate()
    _let_go_on(slow)
    killed = time.monotonic()
    while _process(galera, database) == holder.pid and waiting.poll() is None:
        time.sleep(0.05)
    taken = time.monotonic() - killed
    code, said = ended(waiting)
    assert code == 0, said
    assert taken < TERM + 2
    assert f"process {holder.pid}" in said
    assert history(galera, database) == [(1, "done")]
    all_equal(galera, database)


def _let_go_on(slow: Path) -> None:
    (slow / "versions" / "killed").touch()


def _process(galera: Cluster, database: str) -> int:
    """Whose the lease is."""
    with galera.nodes[2].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT process FROM migrate_lease WHERE id = 1")
        return int(cursor.fetchone()[0])


def _until_working(galera: Cluster, database: str) -> None:
    """Return when the table of the slow migration is there, which waits then."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES LIKE 't'")
            if cursor.fetchone():
                return
        time.sleep(0.1)
    raise AssertionError("the migration has not begun")


def test_a_write_that_another_node_was_first_with_is_sent_again(galera: Cluster, database: str, tmp_path: Path) -> None:
    """Two nodes change the same rows all the time: certification fails for one of them, at its commit."""
    counting = '''"""Counting."""

def upgrade(op):
    for number in range(25):
        op.execute("UPDATE c SET n = n + 1")

def downgrade(op):
    pass
'''
    with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE c (id INT PRIMARY KEY, n INT, m INT) ENGINE=InnoDB")
        cursor.execute("INSERT INTO c VALUES (1, 0, 0), (2, 0, 0)")
        cursor.execute("DO 0")
    call_command(
        "version-control", url=galera.url(database), repository=str(make_repository(tmp_path / "r", {})), version=0
    )
    stopping = threading.Event()
    refused: list[str] = []

    def disturb() -> None:
        with galera.nodes[2].connect(database) as connection, connection.cursor() as cursor:
            while not stopping.is_set():
                time.sleep(0.003)
                try:
                    cursor.execute("UPDATE c SET m = m + 1")
                except pymysql.err.OperationalError as error:
                    refused.append(str(error))

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        folder = make_repository(tmp_path / "r", {"001_Counting.py": counting})
        call_command("upgrade", url=galera.url(database), repository=str(folder), wait=60)
    finally:
        stopping.set()
        thread.join()
    with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.execute("SELECT n FROM c")
        assert cursor.fetchall() == ((25,), (25,))
    all_equal(galera, database)


INDEXED = '''"""Indexed."""

def upgrade(op):
    op.execute("ALTER TABLE c ADD INDEX ix_m (m), ADD KEY ix_n (n)")
    op.execute("ALTER TABLE c ADD COLUMN more INT")
    op.execute("CREATE INDEX ix_more ON c (more)")

def downgrade(op):
    op.execute("DROP INDEX ix_more ON c")
    op.execute("ALTER TABLE c DROP COLUMN more")
    op.execute("ALTER TABLE c DROP INDEX ix_m, DROP KEY ix_n")
'''


@pytest.mark.parametrize("ahead", [False, True])
def test_rolling_brings_indexes_from_node_to_node_and_passes_over_those_that_have_them(
    galera: Cluster, database: str, tmp_path: Path, ahead: bool
) -> None:
    with galera.nodes[0].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE c (id INT PRIMARY KEY, n INT, m INT) ENGINE=InnoDB")
        cursor.execute("INSERT INTO c VALUES (1, 0, 0), (2, 0, 0)")
    folder = make_repository(tmp_path / "r", {})
    place = {"repository": str(folder), "url": galera.url(database)}
    call_command("version-control", version=0, **place)
    make_repository(folder, {"001_Indexed.py": INDEXED})
    if ahead:  # as a run leaves it that was killed on its way
        with galera.nodes[1].connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION wsrep_OSU_method = 'RSU'")
            cursor.execute("ALTER TABLE c ADD INDEX ix_m (m), ADD KEY ix_n (n)")
    with pytest.raises(UsageError, match="The cluster has 3 nodes, and the URL names 1"):
        call_command("upgrade", rolling=True, repository=str(folder), url=galera.url(database, 1))
    call_command("upgrade", rolling=True, **place)
    schema = all_equal(galera, database)
    assert [index.name for index in schema.tables["c"].indexes] == ["ix_m", "ix_more", "ix_n"]
    call_command("downgrade", version=0, rolling=True, no_backup=True, **place)
    assert all_equal(galera, database).tables["c"].indexes == ()


LARGE: dict[str, str | bytes] = {
    "001_Make_default_upgrade.sql": "CREATE TABLE t (id INT PRIMARY KEY, n INT);\nINSERT INTO t SELECT seq, 0 FROM"
    " seq_1_to_3000;\n",
    "001_Make_default_downgrade.sql": "DROP TABLE t;\n",
    "002_Column_default_upgrade.sql": "ALTER TABLE t ADD COLUMN late INT;\n",
    "002_Column_default_downgrade.sql": "ALTER TABLE t DROP COLUMN late;\n",
    "003_Index_default_upgrade.sql": "CREATE INDEX by_n ON t (n);\n",
    "003_Index_default_downgrade.sql": "DROP INDEX by_n ON t;\n",
}


def test_an_index_of_a_large_table_stops_the_whole_cluster_and_is_not_made_unasked(
    galera: Cluster, database: str, tmp_path: Path
) -> None:
    """On one server nobody waits for it; a cluster replays it in total order, and all writes wait."""
    wanted = {"url": galera.url(database), "repository": str(make_repository(tmp_path / "r", LARGE))}
    call_command("upgrade", version=1, **wanted)
    with pytest.raises(WouldBlock) as refused:
        call_command("upgrade", large_rows=1000, **wanted)
    assert "This change of a large table would stop its writers: 003_Index" in str(refused.value)
    assert "NOCOPY" in str(refused.value) and "Nothing was begun" in str(refused.value)
    assert history(galera, database) == [(1, "done")]
    call_command("upgrade", version=2, large_rows=1000, **wanted)  # INSTANT
    call_command("upgrade", rolling=True, large_rows=1000, **wanted)
    assert history(galera, database) == [(1, "done"), (2, "done"), (3, "done")]
    assert [index.name for index in all_equal(galera, database).tables["t"].indexes] == ["by_n"]


def test_a_backfill_is_paused_from_another_node_and_meets_writers_there(
    galera: Cluster, database: str, tmp_path: Path
) -> None:
    """Writers of the same rows on another node make its batches fail at the commit; each row is changed once."""
    table = "CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0, w INT NOT NULL DEFAULT 0)"
    rows = "INSERT INTO t (id) SELECT seq FROM seq_1_to_600"
    up = f'def upgrade(op):\n    op.execute("{table}")\n    op.execute("{rows}")\n'
    slowly = 'def upgrade(op):\n    op.backfill("t", set="n = n + 1 + SLEEP(0.01)", batch=10)\n'
    down = "\n\ndef downgrade(op):\n    pass\n"
    folder = make_repository(tmp_path / "repository", {"001_T.py": up + down, "002_B.py": slowly + down})
    call_command("upgrade", url=galera.url(database, 1), repository=str(folder), version=1)
    options = ("--url", galera.url(database, 1), "--repository", str(folder))
    process = start("upgrade", *options)
    written = _written_elsewhere(galera, database)
    call_command("pause", url=galera.url(database, 3))
    time.sleep(2.5)
    before = _changed(galera, database)
    time.sleep(1.0)
    after = _changed(galera, database)
    call_command("resume", url=galera.url(database, 2))
    code, said = ended(process)
    assert code == 0, said
    assert before == after < 600
    with galera.nodes[1].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.execute("SELECT MIN(n), MAX(n), SUM(w) FROM t")
        assert cursor.fetchall() == ((1, 1, written),)


def _written_elsewhere(galera: Cluster, database: str) -> int:
    """Updates of the backfill's rows on node 2, while it works."""
    written = 0
    with galera.nodes[1].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")  # the table is made on node 1
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline or _changed(galera, database) == 0:
            try:
                cursor.execute("UPDATE t SET w = w + 1 WHERE id = %s", (1 + written % 600,))
                connection.commit()
                written += 1
            except pymysql.err.OperationalError:
                connection.rollback()
    return written


def _changed(galera: Cluster, database: str) -> int:
    with galera.nodes[1].connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.execute("SELECT COUNT(*) FROM t WHERE n = 1")
        return int(cursor.fetchone()[0])
