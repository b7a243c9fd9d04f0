"""A migration that stops in the middle on MySQL is known, named, never taken for success, and taken up again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import Busy, ConnectionLost, HalfApplied, MigrationFailed, UsageError
from giveaminute.management import call_command
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

FIVE = """
import os, signal

def upgrade(op):
    op.execute("CREATE TABLE a (id INT PRIMARY KEY, n INT NOT NULL)")
    op.execute("INSERT INTO a VALUES (1, 10), (2, 20)")
    for (key,) in op.query("SELECT id FROM a WHERE n < 100 ORDER BY id"):
        op.execute("UPDATE a SET n = n + 100 WHERE id = :id", {"id": key})
    if not op.has_column("a", "note"):
        op.execute("ALTER TABLE a ADD COLUMN note VARCHAR(20)")
    PLACE

def downgrade(op):
    op.drop_table("a")
"""
FINE = FIVE.replace("PLACE", "pass")
ROWS = ((1, 110, None), (2, 120, None))


@pytest.fixture
def install(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Install:
    return Install(server, fresh_database(server), tmp_path)


class Install:
    """A database, a repository whose one script can be rewritten, and a way to ask the database directly."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.url = server.url(name)

    def script(self, source: str) -> None:
        make_repository(self.folder, {"001_Five.py": source})

    def upgrade(self, **options: Any) -> Any:
        return call_command("upgrade", url=self.url, repository=str(self.folder), **options)

    def upgrade_command(self) -> list[str]:
        return [sys.executable, "-m", "giveaminute", "upgrade", "--url", self.url, "--repository", str(self.folder)]

    def upgrade_in_a_process(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.upgrade_command(), capture_output=True, text=True, timeout=60, check=False)

    def ask(self, *queries: str) -> tuple[tuple[Any, ...], ...]:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            for query in queries:
                cursor.execute(query)
            return tuple(cursor.fetchall())

    def control(self) -> None:
        """Version 0, whatever tables there are."""
        repository = str(make_repository(self.folder, {}))
        call_command("version-control", version=0, url=self.url, repository=repository)

    def check_done(self) -> None:
        assert self.ask("SELECT * FROM a ORDER BY id") == ROWS
        assert self.ask("SELECT version FROM migrate_version") == ((1,),)
        assert self.ask("SELECT version, outcome FROM migrate_history") == ((1, "done"),)
        assert self.ask("SELECT * FROM migrate_journal") == ()


def test_a_refused_statement_stops_the_migration_and_the_mended_script_goes_on_there(install: Install) -> None:
    install.script(FIVE.replace("PLACE", 'op.execute("ALTER TABLE nowhere ADD COLUMN x INT")'))
    with pytest.raises(MigrationFailed, match=r"(?s)statement 6 «ALTER TABLE nowhere.*Committed before it: 5 of its"):
        install.upgrade()
    assert install.ask("SELECT version FROM migrate_version") == ((0,),)
    assert install.ask("SELECT outcome FROM migrate_history") == (("stopped",),)
    install.script(FINE)
    assert [step.version for step in install.upgrade().steps] == [1]
    install.check_done()


def test_a_script_that_raises_after_statements_stops_and_goes_on(install: Install) -> None:
    install.script(FIVE.replace("PLACE", 'raise ValueError("not today")'))
    with pytest.raises(MigrationFailed, match=r"001_Five\.py, line 11, after statement 5: ValueError: not today"):
        install.upgrade()
    install.script(FINE)
    install.upgrade()
    install.check_done()


def test_a_script_that_fails_before_its_first_statement_leaves_nothing_to_go_on_with(install: Install) -> None:
    install.script("def upgrade(op):\n    op.refuse('the moon is wrong')\n\ndef downgrade(op):\n    pass\n")
    with pytest.raises(MigrationFailed, match="the moon is wrong"):
        install.upgrade()
    assert install.ask("SELECT outcome FROM migrate_history") == (("failed",),)
    install.script(FINE)
    install.upgrade()
    assert install.ask("SELECT outcome FROM migrate_history ORDER BY id") == (("failed",), ("done",))


def test_a_script_whose_done_statements_changed_is_refused_with_both_versions(install: Install) -> None:
    install.script(FIVE.replace("PLACE", 'raise ValueError("not today")'))
    with pytest.raises(MigrationFailed):
        install.upgrade()
    install.script(FINE.replace("n INT NOT NULL", "n BIGINT NOT NULL"))
    with pytest.raises(
        HalfApplied, match=r"Statement 1 was «CREATE TABLE a \(id INT.*is «CREATE TABLE a \(id INT PRI.*BIGINT"
    ):
        install.upgrade()
    install.script(FINE)
    install.upgrade()
    install.check_done()


@pytest.mark.parametrize("statement", [2, 3, 4])
def test_killed_after_a_change_of_rows_it_goes_on_by_itself(install: Install, statement: int) -> None:
    install.script(killing_itself_after(statement))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    assert install.ask("SELECT MAX(number) FROM migrate_journal") == ((statement,),)
    install.script(FINE)
    install.upgrade()
    install.check_done()


@pytest.mark.parametrize("statement", [1, 5])
def test_killed_after_a_definition_the_live_table_says_that_it_took_effect(install: Install, statement: int) -> None:
    install.script(killing_itself_after(statement))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.script(FINE)
    install.upgrade()
    install.check_done()


def test_killed_before_a_definition_took_effect_it_is_sent_again(install: Install) -> None:
    install.script(killing_itself_after(5))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.ask("ALTER TABLE a DROP COLUMN note")  # as if the kill had come before the server began
    install.script(FINE)
    install.upgrade()
    install.check_done()


@pytest.mark.parametrize("word", ["applied", "not-applied"])
def test_where_the_live_table_proves_nothing_a_person_is_asked(install: Install, word: str) -> None:
    install.script(killing_itself_after(5))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.ask("UPDATE migrate_journal SET evidence = NULL WHERE state = 'sent'")
    if word == "not-applied":
        install.ask("ALTER TABLE a DROP COLUMN note")
    install.script(FINE)
    again = install.upgrade_in_a_process()
    assert again.returncode == 4
    assert "cut off at statement 5" in again.stderr
    assert "--last-statement applied" in again.stderr
    install.upgrade(last_statement=word)
    install.check_done()


def test_the_status_names_what_stopped(install: Install) -> None:
    install.script(FIVE.replace("PLACE", 'raise ValueError("not today")'))
    with pytest.raises(MigrationFailed):
        install.upgrade()
    status = call_command("status", url=install.url, repository=str(install.folder))
    assert status.migrations[0].state.value == "stopped"
    assert "not today" in status.summary
    assert status.next_command == "invoke upgrade"
    with pytest.raises(HalfApplied, match="stopped in the middle"):
        call_command("downgrade", version=0, url=install.url, repository=str(install.folder))


LOSING = """
def lose(op):
    import os, pymysql
    if not os.path.exists(MARK):
        open(MARK, "w").close()
        with pymysql.connect(host=HOST, port=PORT, user="root", ssl_disabled=True) as other:
            other.kill(op.scalar("SELECT CONNECTION_ID()"))
    op.execute("UPDATE a SET n = n WHERE id = 1")
"""


def test_a_lost_connection_is_opened_again_and_the_migration_goes_on(install: Install, tmp_path: Path) -> None:
    place = LOSING.replace("HOST", repr(install.server.host)).replace("PORT", str(install.server.port))
    install.script(FIVE.replace("PLACE", "lose(op)") + place.replace("MARK", repr(str(tmp_path / "mark"))))
    install.upgrade()
    install.check_done()


def test_a_connection_that_stays_lost_is_not_called_a_failure_of_the_script(install: Install, tmp_path: Path) -> None:
    place = LOSING.replace("HOST", repr(install.server.host)).replace("PORT", str(install.server.port))
    install.script(FIVE.replace("PLACE", "lose(op)") + place.replace("MARK", repr(str(tmp_path / "mark"))))
    with pytest.raises(ConnectionLost, match=r"the connection was lost.\n.*invoke upgrade \(it goes on there\)"):
        install.upgrade(wait=0)
    assert install.ask("SELECT outcome FROM migrate_history") == (("running",),)
    install.upgrade()
    install.check_done()


def test_another_word_for_the_statement_in_doubt_is_refused(install: Install) -> None:
    install.script(FINE)
    with pytest.raises(UsageError, match="neither applied nor not-applied"):
        install.upgrade(last_statement="maybe")


def killing_itself_after(statement: int) -> str:
    """The script with a SIGKILL right behind one of its statements."""
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    lines = FIVE.replace("PLACE", "pass").splitlines()
    places = {1: "CREATE TABLE", 2: "INSERT INTO", 3: "UPDATE a", 4: "UPDATE a", 5: "ALTER TABLE"}
    (at,) = [number for number, line in enumerate(lines) if places[statement] in line]
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    condition = "if key == 2: " if statement == 4 else ""
    return "\n".join([*lines[: at + 1], indent + condition + kill, *lines[at + 1 :]]) + "\n"


def test_two_at_once_do_each_migration_once(install: Install) -> None:
    install.script(FINE.replace("pass", 'op.query("SELECT SLEEP(0.5)")'))
    command = [
        sys.executable,
        "-m",
        "giveaminute",
        "upgrade",
        "--url",
        install.url,
        "--repository",
        str(install.folder),
    ]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ}) for _ in range(4)]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said
    assert sum("1 migration applied" in text for text in said) == 1
    assert sum("Nothing to do" in text for text in said) == 3
    install.check_done()


def test_the_next_run_waits_for_a_statement_that_outlives_its_killed_client(install: Install) -> None:
    """The server goes on with it: nobody may work beside it."""
    install.script(FINE)
    install.upgrade()
    slow = "def upgrade(op):\n    op.execute('UPDATE a SET n = n + SLEEP(3) LIMIT 1')\n"
    make_repository(install.folder, {"001_Five.py": FINE, "002_Slow.py": slow + "\ndef downgrade(op):\n    pass\n"})
    command = [
        sys.executable,
        "-m",
        "giveaminute",
        "upgrade",
        "--url",
        install.url,
        "--repository",
        str(install.folder),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    working = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE a SET n = n + SLEEP%'"
    deadline = time.monotonic() + 20
    while install.ask(working) == ((0,),) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait(timeout=10)
    with pytest.raises(Busy, match="is being migrated"):
        install.upgrade(wait=0)
    install.upgrade(wait=30)
    assert install.ask("SELECT n FROM a ORDER BY id") == ((110,), (120,))


def test_a_session_setting_ends_with_its_migration(install: Install) -> None:
    check = "def upgrade(op):\n    op.note('x', 'mode', {'mode': op.scalar('SELECT @@SESSION.sql_mode')})\n"
    down = "\ndef downgrade(op):\n    pass\n"
    setting = "def upgrade(op):\n    op.execute(\"SET SESSION sql_mode = 'ANSI_QUOTES'\")\n"
    make_repository(install.folder, {"001_Set.py": setting + down, "002_Look.py": check + down})
    install.upgrade()
    ((seen,),) = install.ask("SELECT row_data FROM migrate_kept")
    assert "STRICT_ALL_TABLES" in seen
    assert "ANSI" not in seen


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("COMMIT", "transactions belong to the run"),
        ("START TRANSACTION", "transactions belong to the run"),
        ("SET autocommit = 0", "transactions belong to the run"),
        ("SET @@SESSION.autocommit = 1", "transactions belong to the run"),
        ("SAVEPOINT a", "transactions belong to the run"),
        ("USE mysql", "the journal is in this database"),
        ("LOCK TABLES a WRITE", "the journal's own tables would be locked out"),
        ("SELECT ROW_COUNT()", r"ROW_COUNT\(\) tells of what the run writes down"),
    ],
)
def test_what_would_break_the_run_is_refused(install: Install, statement: str, reason: str) -> None:
    install.script(f"def upgrade(op):\n    op.execute({statement!r})\n\ndef downgrade(op):\n    pass\n")
    with pytest.raises(MigrationFailed, match=f"(?s)line 2.*{reason}.*Take the statement out"):
        install.upgrade()
    assert install.ask("SELECT outcome FROM migrate_history") == (("failed",),)


NUMBERED = """
INSERT INTO parent (n) VALUES (1);
INSERT INTO child VALUES (LAST_INSERT_ID(), 'the first');
UPDATE child SET parent_id = parent_id;
INSERT INTO child VALUES (LAST_INSERT_ID(), 'after an update');
INSERT INTO parent (n) VALUES (2), (3);
CREATE TABLE other (id INT PRIMARY KEY);
SET @last = LAST_INSERT_ID();
INSERT INTO child VALUES (@last, 'after a definition');
"""


def test_the_number_that_an_insert_was_given_is_the_next_statements(install: Install) -> None:
    """What is written down between two statements has rows with numbers of its own."""
    files = {
        "001_A_default_upgrade.sql": "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, n INT)"
        " AUTO_INCREMENT = 500; CREATE TABLE child (parent_id INT, how VARCHAR(20));",
        "001_A_default_downgrade.sql": "DROP TABLE parent, child;",
        "002_B_default_upgrade.sql": NUMBERED,
        "002_B_default_downgrade.sql": "DROP TABLE other; DELETE FROM parent; DELETE FROM child;",
    }
    make_repository(install.folder, files)
    install.upgrade()
    found = install.ask("SELECT parent_id, how FROM child")
    assert found == ((500, "the first"), (500, "after an update"), (501, "after a definition"))
    assert install.ask("SELECT id, version FROM migrate_history ORDER BY id") == ((1, 1), (2, 2))


COUNTING = """
def upgrade(op):
    op.execute("CREATE TABLE a (id INT PRIMARY KEY, n INT NOT NULL)")
    op.execute("INSERT INTO a VALUES (1, 10), (2, 20)")
    copied = op.execute("CREATE TABLE copy AS SELECT * FROM a")
    PLACE
    op.execute("UPDATE a SET n = :n", {"n": copied})

def downgrade(op):
    op.drop_table("copy")
    op.drop_table("a")
"""


def test_what_a_definition_counted_is_the_same_on_a_resume(install: Install) -> None:
    install.script(COUNTING.replace("PLACE", 'op.execute("INSERT INTO nowhere VALUES (1)")'))
    with pytest.raises(MigrationFailed, match="nowhere"):
        install.upgrade()
    install.script(COUNTING.replace("PLACE", "pass"))
    install.upgrade()
    resumed = install.ask("SELECT * FROM a")
    call_command("downgrade", version=0, url=install.url, repository=str(install.folder), yes=True, no_backup=True)
    install.upgrade()
    assert install.ask("SELECT * FROM a") == resumed


ASKING = """
import sqlalchemy as sa

def upgrade(op):
    op.create_table("seen", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer), sa.Column("c", sa.Integer))
    try:
        first = op.scalar("SELECT COUNT(*) FROM nowhere")
    except Exception:
        first = None
    if not op.has_table("other"):
        op.create_table("other", sa.Column("id", sa.Integer, primary_key=True))
    row = (first, op.scalar("SELECT 41"), op.scalar("SELECT 42"))
    try:
        op.execute("INSERT INTO nowhere VALUES (1)")
    except Exception:
        pass
    made = op.connection.execute(sa.table("made", sa.column("id")).insert().values({})).lastrowid
    op.execute("INSERT INTO seen VALUES (:a, :b, :c)", {"a": row[0], "b": row[1], "c": row[2] + made})
    PLACE

def downgrade(op):
    pass
"""


def test_questions_and_statements_that_were_refused_are_refused_again_on_a_resume(install: Install) -> None:
    install.ask("CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY)")
    install.ask("INSERT INTO made VALUES (100)")
    call_command("version-control", version=0, url=install.url, repository=str(make_repository(install.folder, {})))
    install.script(ASKING.replace("PLACE", 'op.execute("ALTER TABLE nowhere ADD COLUMN x INT")'))
    with pytest.raises(MigrationFailed, match="nowhere"):
        install.upgrade()
    install.ask("CREATE TABLE nowhere (id INT)")
    install.script(ASKING.replace("PLACE", 'op.execute("UPDATE seen SET b = b + 1")'))
    install.upgrade()
    assert install.ask("SELECT * FROM seen") == ((None, 42, 143),)
    assert install.ask("SELECT COUNT(*) FROM nowhere") == ((0,),)


def test_a_script_that_asks_something_else_on_a_resume_is_refused(install: Install) -> None:
    stop = 'raise ValueError("not today")'
    install.script(FIVE.replace("PLACE", stop))
    with pytest.raises(MigrationFailed):
        install.upgrade()
    install.script(FINE.replace("WHERE n < 100", "WHERE n < 10"))
    with pytest.raises(HalfApplied, match=r"Before statement 3 the script asks «SELECT id FROM a WHERE n < 10 "):
        install.upgrade()


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("SET @n = (SELECT MAX(id) FROM a)", "UPDATE a SET n = @n", "@n"),
        ("INSERT INTO a VALUES (9, 9)", "UPDATE a SET n = LAST_INSERT_ID()", "LAST_INSERT_ID()"),
        ("CREATE TEMPORARY TABLE t AS SELECT * FROM a", "INSERT INTO a SELECT id + 10, n FROM t", "TEMPORARY TABLE"),
    ],
)
def test_what_lived_in_the_session_that_stopped_is_missed_and_not_made_up(
    install: Install, before: str, after: str, lost: str
) -> None:
    second = f"INSERT INTO a VALUES (1, 1);\n{before};\nINSERT INTO later VALUES (1);\n{after};"
    files = {
        "001_A_default_upgrade.sql": "CREATE TABLE a (id INT PRIMARY KEY, n INT);",
        "001_A_default_downgrade.sql": "DROP TABLE a;",
        "002_B_default_upgrade.sql": second,
        "002_B_default_downgrade.sql": "DELETE FROM a;",
    }
    make_repository(install.folder, files)
    with pytest.raises(MigrationFailed, match="later"):
        install.upgrade()
    install.ask("CREATE TABLE later (id INT)")
    with pytest.raises(HalfApplied, match=re.escape(f"needs {lost}, which was in the session")):
        install.upgrade()


def test_the_remedy_for_a_downgrade_in_doubt_is_the_downgrade_and_names_the_whole_statement(install: Install) -> None:
    down = "    op.drop_column('a', 'n')\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    source = "def upgrade(op):\n    op.execute('CREATE TABLE a (id INT PRIMARY KEY, n INT)')\n\ndef downgrade(op):\n"
    install.script(source + down)
    install.upgrade()
    command = [*install.upgrade_command(), "--yes"]
    command[command.index("upgrade") : command.index("upgrade") + 1] = ["downgrade", "0"]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == -signal.SIGKILL
    install.ask("UPDATE migrate_journal SET evidence = NULL")
    with pytest.raises(
        HalfApplied, match=r"(?s)It is: ALTER TABLE .*DROP COLUMN .*invoke downgrade 0 --last-statement"
    ):
        call_command("downgrade", version=0, url=install.url, repository=str(install.folder))
    install.script(source + "    pass\n")


@pytest.mark.parametrize("ending", ["import sys; sys.exit(0)", "raise SystemExit", "raise BaseException('odd')"])
def test_a_script_that_ends_the_process_has_failed(install: Install, ending: str) -> None:
    install.script(
        f"def upgrade(op):\n    op.execute('CREATE TABLE a (id INT)')\n    {ending}\n\ndef downgrade(op):\n    pass\n"
    )
    ran = install.upgrade_in_a_process()
    assert ran.returncode == 6
    assert "001_Five.py, line 3, after statement 1" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_a_script_prints_is_no_part_of_the_result(install: Install) -> None:
    install.script("def upgrade(op):\n    print('hello')\n\ndef downgrade(op):\n    pass\n")
    ran = subprocess.run([*install.upgrade_command(), "--json"], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["after"] == 1
    assert "hello" in ran.stderr


def test_a_session_of_the_scripts_own_does_not_change_what_is_compared(install: Install) -> None:
    """SHOW CREATE is spelled as the session has it."""
    setting = "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES', SESSION time_zone = '+05:00'"
    up = f"    op.execute({setting!r})\n    op.execute('ALTER TABLE a ADD COLUMN note VARCHAR(20)')\n"
    kill = "    os.kill(os.getpid(), signal.SIGKILL)\n"
    head, down = "import os, signal\n\ndef upgrade(op):\n", "\ndef downgrade(op):\n    pass\n"
    install.ask("CREATE TABLE a (id INT PRIMARY KEY, at TIMESTAMP NOT NULL DEFAULT '2012-01-01 00:00:00')")
    install.control()
    install.script(head + up + kill + down)
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.ask("ALTER TABLE a DROP COLUMN note")  # as if the kill had come before the server began
    install.script(head + up + down)
    install.upgrade()
    assert install.ask("SELECT COUNT(note) FROM a") == ((0,),)


@pytest.mark.parametrize("took_effect", [True, False])
def test_another_change_of_the_table_since_is_not_taken_for_the_statement(install: Install, took_effect: bool) -> None:
    install.script(killing_itself_after(5))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    if not took_effect:
        install.ask("ALTER TABLE a DROP COLUMN note")
    install.ask("ALTER TABLE a ADD INDEX by_hand (n)")
    install.script(FINE)
    install.upgrade()
    install.check_done()
    assert "by_hand" in str(install.ask("SHOW CREATE TABLE a"))


def test_an_index_that_takes_the_place_of_one_made_for_a_foreign_key_is_proved_too(install: Install) -> None:
    """The server drops the one that it had made itself; where its definition was copied it cannot know that."""
    source = """
import os, signal

def upgrade(op):
    op.execute("CREATE TABLE p (id INT PRIMARY KEY) ENGINE=InnoDB")
    op.execute("CREATE TABLE c (pid INT, FOREIGN KEY (pid) REFERENCES p (id)) ENGINE=InnoDB")
    op.execute("CREATE INDEX pid_more ON c (pid)")
    PLACE
    op.execute("INSERT INTO p VALUES (1)")

def downgrade(op):
    pass
"""
    install.script(source.replace("PLACE", "os.kill(os.getpid(), signal.SIGKILL)"))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.script(source.replace("PLACE", "pass"))
    install.upgrade()
    assert install.ask("SELECT id FROM p") == ((1,),)
    assert "pid_more" in str(install.ask("SHOW CREATE TABLE c"))


def test_a_persons_word_does_not_overrule_what_the_table_proves(install: Install) -> None:
    install.script(killing_itself_after(5))
    assert install.upgrade_in_a_process().returncode == -signal.SIGKILL
    install.script(FINE)
    with pytest.raises(UsageError, match="proves that it is applied"):
        install.upgrade(last_statement="not-applied")
    install.upgrade(last_statement="applied")
    install.check_done()


def test_a_first_definition_that_is_refused_leaves_one_run_behind(install: Install) -> None:
    """Its implicit commit comes before the refusal: the run is in the history by then."""
    install.ask("CREATE TABLE p (id BIGINT PRIMARY KEY)", "CREATE TABLE c (pid INT)")
    install.control()
    key = "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (pid) REFERENCES p (id)"
    install.script(f"def upgrade(op):\n    op.execute({key!r})\n\ndef downgrade(op):\n    pass\n")
    with pytest.raises(MigrationFailed, match="Nothing of it was kept"):
        install.upgrade()
    assert install.ask("SELECT outcome FROM migrate_history") == (("failed",),)
    assert install.ask("SELECT * FROM migrate_journal") == ()
    install.ask("ALTER TABLE c MODIFY pid BIGINT")
    install.upgrade()
    assert "fk" in str(install.ask("SHOW CREATE TABLE c"))


def test_what_was_refused_after_taking_effect_in_part_is_said_and_asked(server: Server, install: Install) -> None:
    install.ask("CREATE TABLE m (id INT PRIMARY KEY, n INT) ENGINE=MyISAM", "INSERT INTO m VALUES (9, 9)")
    install.control()
    rows = "INSERT INTO m VALUES (1, 1), (2, 2), (9, 0)"
    install.script(f"def upgrade(op):\n    op.execute({rows!r})\n\ndef downgrade(op):\n    pass\n")
    with pytest.raises(MigrationFailed, match="may have taken effect in part"):
        install.upgrade()
    assert install.ask("SELECT outcome FROM migrate_history") == (("stopped",),)
    with pytest.raises(HalfApplied, match="is not known"):
        install.upgrade()
    install.ask("INSERT IGNORE INTO m VALUES (1, 1), (2, 2)")
    install.upgrade(last_statement="applied")
    assert install.ask("SELECT id FROM m ORDER BY id") == ((1,), (2,), (9,))


def test_a_drop_of_several_that_was_refused_in_its_middle(install: Install) -> None:
    install.ask("CREATE TABLE t (id INT)")
    install.control()
    install.script("def upgrade(op):\n    op.execute('DROP TABLE t, missing')\n\ndef downgrade(op):\n    pass\n")
    atomic = install.server.family == "mysql"
    with pytest.raises(MigrationFailed, match="Nothing of it was kept" if atomic else "taken effect in part"):
        install.upgrade()
    assert install.ask("SHOW TABLES LIKE 't'") == ((("t",),) if atomic else ())


def test_a_procedure_does_not_hold_the_lease_while_it_runs(install: Install) -> None:
    install.ask("CREATE PROCEDURE slow() DO SLEEP(2)")
    install.control()
    install.script("def upgrade(op):\n    op.execute('CALL slow()')\n\ndef downgrade(op):\n    pass\n")
    process = subprocess.Popen(install.upgrade_command(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    calling = (
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'CALL slow%' OR info LIKE 'DO SLEEP%'"
    )
    while install.ask(calling) == ((0,),) and time.monotonic() < deadline:
        time.sleep(0.02)
    install.ask("SET SESSION innodb_lock_wait_timeout = 1", "UPDATE migrate_lease SET doing = doing WHERE id = 1")
    assert process.wait(timeout=30) == 0


def test_rows_that_a_change_returned_are_returned_again_on_a_resume(install: Install) -> None:
    if install.server.family == "mysql":
        pytest.skip("MySQL has no RETURNING")
    source = """
def upgrade(op):
    gone = op.query("DELETE FROM a WHERE id < 3 RETURNING id, n")
    op.execute("INSERT INTO b VALUES (:n)", {"n": sum(n for _, n in gone)})
    PLACE

def downgrade(op):
    pass
"""
    install.ask(
        "CREATE TABLE a (id INT, n INT)", "CREATE TABLE b (n INT)", "INSERT INTO a VALUES (1, 4), (2, 5), (3, 6)"
    )
    install.control()
    install.script(source.replace("PLACE", "raise ValueError('not today')"))
    with pytest.raises(MigrationFailed):
        install.upgrade()
    install.script(source.replace("PLACE", "op.execute('UPDATE b SET n = n + 1')"))
    install.upgrade()
    assert install.ask("SELECT n FROM b") == ((10,),)
    assert install.ask("SELECT id FROM a") == ((3,),)


def test_an_address_in_a_text_is_no_variable(install: Install) -> None:
    files = {
        "001_A_default_upgrade.sql": "CREATE TABLE a (s VARCHAR(50));\nINSERT INTO a VALUES ('x@example.org');\n"
        "UPDATE a SET s = 'y@example.org' WHERE s LIKE '%@example.org';\nINSERT INTO later VALUES (1);",
        "001_A_default_downgrade.sql": "DROP TABLE a;",
    }
    make_repository(install.folder, files)
    with pytest.raises(MigrationFailed, match="later"):
        install.upgrade()
    install.ask("CREATE TABLE later (id INT)")
    install.upgrade()
    assert install.ask("SELECT s FROM a") == (("y@example.org",),)


def test_a_long_statement_is_known_by_its_hash(install: Install) -> None:
    size = 3_000_000
    source = f"""
def upgrade(op):
    op.execute("CREATE TABLE a (s LONGTEXT)")
    op.execute("INSERT INTO a VALUES ('" + "it''s 1.5 " * {size // 10} + "')")
    PLACE

def downgrade(op):
    pass
"""
    install.script(source.replace("PLACE", "raise ValueError('not today')"))
    with pytest.raises(MigrationFailed):
        install.upgrade()
    assert install.ask("SELECT MAX(LENGTH(statement)) < 20000 FROM migrate_journal") == ((1,),)
    install.script(source.replace("PLACE", "pass"))
    install.upgrade()
    assert install.ask("SELECT COUNT(*) FROM a") == ((1,),)
