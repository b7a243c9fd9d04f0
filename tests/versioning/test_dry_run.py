"""A rehearsal tells what would be sent, what it costs and what it asks, and leaves the live database alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from giveaminute.errors import HalfApplied
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.dialects.costs import Blocks
from giveaminute.versioning.dry_run import Answered, DryRun, RehearsedStep, rehearse
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from tests.conftest import FreshDatabase
from tests.management.running import everything_in
from tests.old_installs import build
from tests.repositories import make_repository
from tests.servers import Server

OURS = Path(__file__).resolve().parents[2] / "giveaminute" / "migrations"
FIRST = {
    "001_Make_default_upgrade.sql": (
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, word VARCHAR(20), gone VARCHAR(20));\n"
        "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY);\n"
    ),
    "001_Make_default_downgrade.sql": "DROP TABLE b;\nDROP TABLE a;\n",
}
PYTHON = "import sqlalchemy as sa\n\ndef upgrade(op):\n{up}\n\ndef downgrade(op):\n    pass\n"


def at_first(url: str, tmp_path: Path, *statements: str, rows: bool = True) -> Path:
    """A database at version 1 with three rows in `a`, and a repository whose second step is these lines of Python."""
    folder = make_repository(tmp_path / "r", FIRST)
    call_command("upgrade", url=url, repository=str(folder))
    with opened(parse_url(url), read_only=False) as database:
        if rows:
            database.execute("INSERT INTO a (id, word) VALUES (1, 'x'), (2, 'y'), (3, NULL)")
        database.connection.commit()
    up = "\n".join(f"    {line}" for line in statements)
    return make_repository(tmp_path / "r", {**FIRST, "002_Change.py": PYTHON.format(up=up)})


def tried(url: str, folder: Path, target: str | None = None, *, down: bool = False, with_rows: bool = False) -> DryRun:
    move = Move(Direction.DOWNGRADE if down else Direction.UPGRADE, target)
    return rehearse(parse_url(url), Repository(folder), move, with_rows=with_rows)


def only_step(found: DryRun) -> RehearsedStep:
    assert found.failure is None
    (step,) = found.steps
    return step


def sql(step: RehearsedStep) -> list[str]:
    return [text for sent in step.statements for text in sent.sql]


def test_the_statements_are_told_in_order_with_parameters_and_lines(database_url: str, tmp_path: Path) -> None:
    folder = at_first(
        database_url,
        tmp_path,
        "op.execute('CREATE TABLE c (id INTEGER)')",
        "op.execute('INSERT INTO c (id) VALUES (:id)', {'id': 7})",
        "op.execute('UPDATE a SET word = :w WHERE id = 1', {'w': \"it's\"})",
    )
    step = only_step(tried(database_url, folder))
    quoted = "'it''s'" if database_url.startswith("sqlite") else r"'it\'s'"
    assert sql(step) == [
        "CREATE TABLE c (id INTEGER)",
        "INSERT INTO c (id) VALUES (7)",
        f"UPDATE a SET word = {quoted} WHERE id = 1",
    ]
    assert [(sent.number, sent.line) for sent in step.statements] == [(1, 4), (2, 5), (3, 6)]


def test_data_that_is_lost_is_named(database_url: str, tmp_path: Path) -> None:
    folder = at_first(database_url, tmp_path, "op.drop_column('a', 'gone')", "op.drop_table('b')")
    step = only_step(tried(database_url, folder))
    losses = [loss for sent in step.statements for loss in sent.losses]
    assert losses == ["the column a.gone with its values", "the table b with its rows"]


def test_a_downgrade_is_rehearsed_with_what_was_kept(database_url: str, tmp_path: Path) -> None:
    change = (
        "def upgrade(op):\n    op.keep('a', 'id > 1', reason='r')\n    op.execute('DELETE FROM a WHERE id > 1')\n\n"
        "def downgrade(op):\n    op.put_back_values('a', reason='r', key=['id'], columns=['word'])\n"
    )
    at_first(database_url, tmp_path)
    folder = make_repository(tmp_path / "r", {**FIRST, "002_Keep.py": change})
    call_command("upgrade", url=database_url, repository=str(folder))
    step = only_step(tried(database_url, folder, "1", down=True))
    changes = [text for text in sql(step) if "UPDATE" in text]
    assert len(changes) == 2
    assert "'y'" in changes[0]
    assert "NULL" in changes[1]


def test_a_step_that_would_fail_is_told_after_the_statements_before_it(database_url: str, tmp_path: Path) -> None:
    folder = at_first(
        database_url, tmp_path, "op.execute('CREATE TABLE c (id INTEGER)')", "op.execute('CREATE TABLE a (id INTEGER)')"
    )
    found = tried(database_url, folder)
    assert [sql(step) for step in found.steps] == [["CREATE TABLE c (id INTEGER)"]]
    assert found.failure is not None
    assert found.failure.exit_code == 6
    assert found.failure.remedy.startswith(f"Nothing was done to {found.database}. Mend the script")
    assert found.failure.message.startswith("002_Change.py, line 5, statement 2 «CREATE TABLE a (id INTEGER)»")


def test_a_database_that_drifted_is_rehearsed_as_it_is(database_url: str, tmp_path: Path) -> None:
    folder = at_first(database_url, tmp_path, "if not op.has_table('c'):", "    op.execute('CREATE TABLE c (id INT)')")
    with opened(parse_url(database_url), read_only=False) as database:
        database.execute("CREATE TABLE c (id INTEGER)")
    assert only_step(tried(database_url, folder)).statements == ()


def test_a_question_about_rows_is_answered_from_the_live_ones(database_url: str, tmp_path: Path) -> None:
    folder = at_first(
        database_url,
        tmp_path,
        "for (id_,) in op.query('SELECT id FROM a ORDER BY id'):",
        "    op.execute('INSERT INTO b (id) VALUES (:id)', {'id': id_})",
    )
    step = only_step(tried(database_url, folder))
    assert sql(step) == [f"INSERT INTO b (id) VALUES ({id_})" for id_ in (1, 2, 3)]
    answered = Answered.COPY if database_url.startswith("sqlite") else Answered.LIVE
    assert [(question.line, question.answered) for question in step.questions] == [(4, answered)]


@pytest.mark.parametrize(
    "lines",
    [
        ("op.execute('UPDATE a SET word = 1')", "op.scalar('SELECT COUNT(*) FROM a')"),
        ("op.execute('INSERT INTO b (id) SELECT id FROM a')", "op.scalar('SELECT COUNT(*) FROM b')"),
        ("op.execute('ALTER TABLE a RENAME TO c')", "op.scalar('SELECT COUNT(*) FROM c')"),
        ("if op.execute('DELETE FROM a WHERE word IS NULL'):", "    op.execute('DELETE FROM b')"),
        ("op.keep('a', reason='r')", "op.kept('a', 'r')"),
    ],
)
def test_a_question_that_the_copy_cannot_answer_is_said_so_unless_it_has_the_rows(
    mysql_family_url: str, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    folder = at_first(mysql_family_url, tmp_path, *lines)
    step = only_step(tried(mysql_family_url, folder))
    assert [question.line for question in step.unanswered] == [4 if lines[0].startswith("if") else 5]
    assert only_step(tried(mysql_family_url, folder, with_rows=True)).unanswered == ()


def test_questions_about_the_schema_empty_tables_and_own_rows_are_certain(
    mysql_family_url: str, tmp_path: Path
) -> None:
    folder = at_first(
        mysql_family_url,
        tmp_path,
        "op.has_column('a', 'id')",
        "op.scalar(\"SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'a'\")",
        "op.execute('INSERT INTO b (id) VALUES (5)')",
        "if op.scalar('SELECT COUNT(*) FROM b') == 1:",
        "    op.execute('DELETE FROM b')",
        "op.note('a', 'r', {})",
        "op.kept('a', 'r')",
    )
    step = only_step(tried(mysql_family_url, folder))
    assert step.unanswered == ()
    assert "DELETE FROM b" in sql(step)


def test_what_an_operation_sets_in_the_session_stands_before_its_statement(
    mysql_family_url: str, tmp_path: Path
) -> None:
    change = (
        "def upgrade(op):\n    op.keep('a', reason='r')\n    op.execute('DELETE FROM a')\n\n"
        "def downgrade(op):\n    op.put_back('a', reason='r')\n    op.execute('DELETE FROM b')\n"
    )
    at_first(mysql_family_url, tmp_path)
    folder = make_repository(tmp_path / "r", {**FIRST, "002_Keep.py": change})
    call_command("upgrade", url=mysql_family_url, repository=str(folder))
    step = only_step(tried(mysql_family_url, folder, "1", down=True))
    inserted, forgotten, _ = step.statements
    assert [text for text in inserted.session if "NO_AUTO_VALUE_ON_ZERO" in text]
    assert "SET SESSION time_zone = '+00:00'" in inserted.session
    assert [text for text in forgotten.session if "sql_mode" in text and "NO_AUTO_VALUE" not in text]


def test_costs_and_estimates_are_those_of_the_table_under_its_old_name(mysql_family_url: str, tmp_path: Path) -> None:
    folder = at_first(
        mysql_family_url,
        tmp_path,
        "op.rename_table('a', 'c')",
        "op.execute('ALTER TABLE c MODIFY word TEXT')",
        "op.execute('UPDATE c SET word = NULL')",
    )
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.query("ANALYZE TABLE a")
    _, altered, updated = only_step(tried(mysql_family_url, folder)).statements
    assert (altered.cost.algorithm, altered.cost.rebuilds, altered.cost.blocks) == ("COPY", True, Blocks.WRITES)
    assert (altered.table, altered.rows, altered.counted) == ("c", 3, False)
    assert (updated.rows, updated.cost.blocks) == (3, Blocks.ROWS)


def test_with_the_rows_they_are_counted_and_a_value_that_does_not_fit_is_found(
    mysql_family_url: str, tmp_path: Path
) -> None:
    folder = at_first(
        mysql_family_url,
        tmp_path,
        "op.execute('UPDATE a SET word = 1 WHERE id < 3')",
        "op.execute('ALTER TABLE a MODIFY word VARCHAR(20) NOT NULL')",
    )
    assert tried(mysql_family_url, folder).failure is None
    found = tried(mysql_family_url, folder, with_rows=True)
    (updated,) = found.steps[0].statements
    assert (updated.rows, updated.counted) == (2, True)
    assert found.failure is not None
    assert "statement 2 «ALTER TABLE a MODIFY word VARCHAR(20) NOT NULL»" in found.failure.message


def test_a_half_applied_step_is_rehearsed_from_where_it_stopped(mysql_family_url: str, tmp_path: Path) -> None:
    lines = ("op.execute('CREATE TABLE c (id INT)')", "op.execute('CREATE TABLE d (id INT, x WRONG)')")
    folder = at_first(mysql_family_url, tmp_path, *lines)
    with pytest.raises(Exception, match="statement 2"):
        call_command("upgrade", url=mysql_family_url, repository=str(folder))
    text = (folder / "versions" / "002_Change.py").read_text(encoding="utf-8").replace(", x WRONG", "")
    (folder / "versions" / "002_Change.py").write_text(text, encoding="utf-8")
    step = only_step(tried(mysql_family_url, folder))
    assert sql(step) == ["CREATE TABLE d (id INT)"]
    assert step.statements[0].number == 2
    with pytest.raises(HalfApplied, match="a script cannot take it up"):
        call_command("upgrade", url=mysql_family_url, repository=str(folder), sql=True)


def test_the_copy_is_as_live_to_the_engine_and_all_that_hangs_on_it(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name, other = fresh_database(server, "latin1", "latin1_swedish_ci"), fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        for statement in (
            "CREATE TABLE p (id INT PRIMARY KEY, v INT AS (id + 1) STORED, w INT DEFAULT (1 + 1))"
            " ENGINE=InnoDB COMMENT='it''s'",
            "CREATE TABLE m (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY (t))"
            " ENGINE=MyISAM DEFAULT CHARSET=latin1 ROW_FORMAT=FIXED",
            "CREATE TABLE c (id INT, FOREIGN KEY (id) REFERENCES p (id) ON DELETE CASCADE) ENGINE=InnoDB",
            "CREATE TABLE part (id INT) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 3",
            "CREATE TABLE z (id INT) ENGINE=InnoDB",
        ):
            cursor.execute(statement)
        cursor.execute("CREATE VIEW z_view AS SELECT id FROM z")
        cursor.execute("CREATE VIEW a_view AS SELECT id FROM z_view")
        cursor.execute(
            "CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW BEGIN SET NEW.w = 5; SET @`odd name` = 1; END"
        )
        cursor.execute("CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1")
        cursor.execute("INSERT INTO p (id) VALUES (0), (7)")
    with (
        opened(parse_url(server.url(name)), read_only=True) as live,
        opened(parse_url(server.url(other)), read_only=False) as target,
    ):
        assert live.dialect.copy(live, target, None) == []
        schemas = [each.dialect.read_schema(each) for each in (live, target)]
        assert schemas[0] == schemas[1]
        assert target.query("SELECT id, v, w FROM p ORDER BY id") == live.query("SELECT id, v, w FROM p ORDER BY id")


@contextmanager
def reader(server: Server, database: str) -> Iterator[str]:
    """The URL of a user who may SELECT there, see views and triggers, and nothing else."""
    user, password = f"r_{secrets.token_hex(4)}", secrets.token_hex(8)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'")
        cursor.execute(f"GRANT SELECT ON `{database}`.* TO '{user}'@'%'")
        try:
            yield f"mysql://{user}:{password}@{server.host}:{server.port}/{database}"
        finally:
            cursor.execute(f"DROP USER '{user}'@'%'")


def test_a_user_who_may_only_read_rehearses_on_a_private_server(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mariadb_server)
    with mariadb_server.connect() as connection:
        build(connection, name, 7)
    before = everything_in(mariadb_server, name)
    with reader(mariadb_server, name) as url:
        found = tried(url, OURS, "12")
    assert found.failure is None
    assert "private" in found.place
    assert [step.version for step in found.steps] == [8, 9, 10, 11, 12]
    assert everything_in(mariadb_server, name) == before


def test_the_live_database_is_only_asked(mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """The server's own log tells what was sent to it."""
    name = fresh_database(mariadb_server)
    folder = at_first(mariadb_server.url(name), tmp_path, "op.query('SELECT id FROM a')", "op.execute('DELETE FROM a')")
    before = everything_in(mariadb_server, name)
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1")
        cursor.execute("TRUNCATE mysql.general_log")
        try:
            tried(mariadb_server.url(name), folder, with_rows=True)
        finally:
            cursor.execute("SET GLOBAL general_log = 0")
        cursor.execute(
            "SELECT thread_id, command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log ORDER BY event_time"
        )
        log = cursor.fetchall()
    live = {thread for thread, kind, text in log if kind == "Connect" and f" on {name} using" in text}
    sent = {text.split()[0].upper() for thread, kind, text in log if thread in live and kind == "Query"} - {"/*!80013"}
    making = {text.split()[0].upper() for thread, kind, text in log if thread in live and f"{name}_scratch_" in text}
    assert "SELECT" in sent
    assert sent - making <= {"SELECT", "SHOW", "SET", "START", "ROLLBACK", "COMMIT"}
    assert making <= {"CREATE", "DROP", "SELECT"}  # the scratch database itself, by its name
    assert everything_in(mariadb_server, name) == before


def test_an_sqlite_file_is_not_written_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    folder = at_first(url, tmp_path, "op.add_column('a', sa.Column('n', sa.Integer), first=True)")
    before = (tmp_path / "x.db").read_bytes()
    step = only_step(tried(url, folder))
    copied = next(sent for sent in step.statements if sent.sql[0].startswith("INSERT"))
    assert (copied.rows, copied.counted, copied.cost.rebuilds) == (3, True, True)
    assert (tmp_path / "x.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "x.db"]


def test_a_percent_sign_is_rehearsed_as_it_is_sent(database_url: str, tmp_path: Path) -> None:
    """SQLAlchemy doubles it for the driver, which halves it again only where parameters come with the statement."""
    folder = at_first(
        database_url,
        tmp_path,
        "op.create_table('x%s', sa.Column('id', sa.Integer, primary_key=True), sa.Column('k', sa.Integer),"
        " sa.Column('m%', sa.Integer, sa.Computed('k % 7')),"
        " sa.Column('n', sa.String(20), comment='50% of :x %s', server_default='10%'))",
        "op.alter_column('x%s', 'n', type_=sa.String(30))",
        "op.create_index('i%', 'x%s', ['n'])",
    )
    step = only_step(tried(database_url, folder))
    assert "%%" not in "\n".join(sql(step))
    call_command("upgrade", url=database_url, repository=str(folder))
    call_command("check", url=database_url, repository=str(folder))
    with opened(parse_url(database_url), read_only=True) as database:
        table = database.dialect.read_schema(database).tables["x%s"]
        column = table.column("n")
        assert column is not None and column.default == "'10%'"
        assert [index.name for index in table.indexes] == ["i%"]


def test_a_view_that_does_not_work_can_be_dropped(database_url: str, tmp_path: Path) -> None:
    folder = at_first(
        database_url,
        tmp_path,
        "op.execute('DROP VIEW v')",
        "op.execute('CREATE VIEW v AS SELECT id FROM a')",
        "op.execute('CREATE VIEW w AS SELECT id FROM v')",
        "op.execute('DROP VIEW v')",
        "op.execute('DROP VIEW w')",
    )
    with opened(parse_url(database_url), read_only=False) as database:
        for statement in ("CREATE TABLE x (n INT)", "CREATE VIEW v AS SELECT n FROM x", "DROP TABLE x"):
            database.execute(statement)
        database.connection.commit()
    step = only_step(tried(database_url, folder))
    assert [text.split()[0] for text in sql(step)] == ["DROP", "CREATE", "CREATE", "DROP", "DROP"]
    call_command("upgrade", url=database_url, repository=str(folder), no_backup=True)
