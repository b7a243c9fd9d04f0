"""`backup`, `restore` and `upgrade --backup` as people run them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import UnfitBackup, UsageError
from giveaminute.management import call_command
from giveaminute.management.copying import amount, progress_line
from giveaminute.settings import parse_url
from giveaminute.versioning import halfrestored
from giveaminute.versioning.database import opened
from tests.conftest import FreshDatabase
from tests.management.running import SMALL, run, run_forked
from tests.repositories import make_repository
from tests.servers import Server
from tests.versioning.backup_samples import content


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups/` is in the current folder."""
    monkeypatch.delenv("GIVEAMINUTE_BACKUPS")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def words(database_url: str, tmp_path: Path) -> tuple[str, ...]:
    """Where a database at version 2 of three is."""
    repository = str(make_repository(tmp_path / "r", SMALL))
    call_command("upgrade", url=database_url, repository=repository, version=2)
    return ("--url", database_url, "--repository", repository)


def options(words: tuple[str, ...]) -> dict[str, Any]:
    return {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}


def test_back_up_go_on_and_come_back(words: tuple[str, ...], tmp_path: Path) -> None:
    before = content(words[1])
    made = run("backup", *words, cwd=tmp_path)
    assert made.code == 0, made.said
    path = Path(made.out.strip())
    assert path.parent == Path("backups") and "-v2-" in path.name and path.name.endswith(".zst")
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / path).stat().st_mode & 0o777 == 0o600
    assert "(version 2) is backed up:" in made.err and "rows" in made.err
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 0
    refused = run_forked("restore", str(path), *words, cwd=tmp_path)
    assert refused.code == 1 and "is not empty" in refused.err and "--replace" in refused.err
    restored = run("restore", str(path), "--replace", *words, cwd=tmp_path)
    assert restored.code == 0 and restored.out == "", restored.said
    assert "is restored (version 2)" in restored.err and "is saved in backups/" in restored.err
    assert content(words[1]) == before
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 0


def test_results_for_machines(words: tuple[str, ...], tmp_path: Path) -> None:
    made = run_forked("backup", "--file", "b.zst", "--verify", "--json", *words, cwd=tmp_path)
    found = json.loads(made.out)
    assert (made.code, found["path"], found["version"], found["removed"]) == (0, "b.zst", 2, [])
    assert found["bytes"] == (tmp_path / "b.zst").stat().st_size
    assert "came back equal" in found["verified"] and found["consistency"] == "snapshot"
    (tmp_path / "cut.zst").write_bytes((tmp_path / "b.zst").read_bytes()[:-1])
    refused = run_forked("restore", "cut.zst", "--replace", "--json", *words, cwd=tmp_path)
    assert refused.code == 5 and json.loads(refused.out)["error"]["code"] == "UnfitBackup"
    assert "truncated or altered" in refused.err


def test_only_the_newest_are_kept(words: tuple[str, ...], tmp_path: Path) -> None:
    made = [call_command("backup", keep=2, **options(words)) for _ in range(4)]
    left = sorted(path.name for path in (tmp_path / "backups").iterdir())
    assert left == sorted(each.path.name for each in made[-2:])
    assert [len(each.removed) for each in made] == [0, 0, 1, 1]


@pytest.mark.parametrize("keep", ["0", "-1", "x", "1.5", "٣"])
def test_a_wrong_number_to_keep_is_refused_before_anything_is_done(keep: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no number of backups"):
        call_command("backup", url=f"sqlite:///{tmp_path / 'x.db'}", keep=keep)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_where_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    ran = run_forked("backup", "--url", f"sqlite:///{tmp_path / 'x.db'}", cwd=tmp_path)
    assert ran.code == 1 and "no such file to back up" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_with_backup_writes_its_name_into_the_history(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = run_forked("upgrade", "--backup", *words, cwd=tmp_path)
    assert ran.code == 0 and "Backed up to backups/" in ran.err, ran.said
    (path,) = (tmp_path / "backups").iterdir()
    with opened(parse_url(words[1]), read_only=True) as database:
        rows = database.query("SELECT version, backup FROM migrate_history ORDER BY id")
    assert rows == [(1, None), (2, None), (3, str(path))]
    assert run_forked("upgrade", "--backup", *words, cwd=tmp_path).code == 0  # nothing to do, nothing to save
    assert list((tmp_path / "backups").iterdir()) == [path]


def test_a_migration_that_fails_names_the_backup_too(words: tuple[str, ...], tmp_path: Path) -> None:
    bad = {**SMALL, "003_Make_b_default_upgrade.sql": "CREATE TABLE b (id INTEGER);\nSELECT nothing FROM nowhere;\n"}
    make_repository(tmp_path / "r", bad)
    assert run_forked("upgrade", "--backup", *words, cwd=tmp_path).code == 6
    (path,) = (tmp_path / "backups").iterdir()
    with opened(parse_url(words[1]), read_only=True) as database:
        rows = database.query("SELECT backup, outcome FROM migrate_history WHERE version = 3")
    assert [backup for backup, _ in rows] == [str(path)]


def test_an_upgrade_from_nothing_has_nothing_to_back_up(tmp_path: Path) -> None:
    repository = str(make_repository(tmp_path / "r", SMALL))
    ran = run_forked(
        "upgrade", "--backup", "--url", f"sqlite:///{tmp_path / 'x.db'}", "--repository", repository, cwd=tmp_path
    )
    assert ran.code == 0 and not (tmp_path / "backups").exists()


def history(url: str) -> list[tuple[Any, ...]]:
    """Version, backup and outcome of each run."""
    with opened(parse_url(url), read_only=True) as database:
        return database.query("SELECT version, backup, outcome FROM migrate_history ORDER BY id")


def test_a_step_that_destroys_is_backed_up_first_and_can_be_taken_back(words: tuple[str, ...], tmp_path: Path) -> None:
    before = content(words[1])
    ran = run_forked("downgrade", "0", "--yes", *words, cwd=tmp_path)
    assert ran.code == 0 and "a backup is taken first (--no-backup leaves it out)" in ran.err, ran.said
    (path,) = (tmp_path / "backups").iterdir()
    assert "-v2-" in path.name
    assert history(words[1])[-2:] == [(2, str(path), "done"), (1, str(path), "done")]
    call_command("restore", file=str(path), replace=True, **options(words))
    assert content(words[1]) == before


def test_a_step_that_destroys_nothing_is_not_backed_up(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 0
    assert not (tmp_path / "backups").exists() and history(words[1])[-1] == (3, None, "done")


def test_no_backup_says_no(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run_forked("downgrade", "0", "--yes", "--no-backup", *words, cwd=tmp_path).code == 0
    assert not (tmp_path / "backups").exists()
    both = run_forked("upgrade", "--backup", "--no-backup", *words, cwd=tmp_path)
    assert both.code == 1 and "contradict" in both.err


def test_a_plan_and_a_refused_downgrade_take_none(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run_forked("downgrade", "0", "--plan", *words, cwd=tmp_path).code == 0
    assert run_forked("downgrade", "0", *words, cwd=tmp_path).code == 1  # nobody is there to agree
    assert not (tmp_path / "backups").exists()


def test_where_no_backup_can_be_taken_nothing_is_begun(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(words[1])
    (tmp_path / "file").touch()
    ran = run_forked(
        "downgrade", "0", "--yes", *words, cwd=tmp_path, environ={"GIVEAMINUTE_BACKUPS": str(tmp_path / "file")}
    )
    assert ran.code == 6 and "To go on without a backup: --no-backup" in ran.err, ran.said
    assert content(words[1]) == before


def test_without_a_dump_program_nothing_is_begun(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    url = mariadb_server.url(fresh_database(mariadb_server))
    words = ("--url", url, "--repository", str(make_repository(tmp_path / "r", SMALL)))
    call_command("upgrade", **options(words))
    before = content(url)
    ran = run_forked("downgrade", "0", "--yes", *words, cwd=tmp_path, environ={"PATH": str(tmp_path)})
    assert ran.code == 6 and "mariadb-dump" in ran.err and "--no-backup" in ran.err, ran.said
    assert content(url) == before


def test_a_killed_migration_has_named_its_backup_and_goes_on_without_another(
    mysql_family_url: str, tmp_path: Path
) -> None:
    killer = (
        "import os\n\ndef upgrade(op):\n    op.drop_table('a')\n    if os.path.exists('armed'):\n        os.kill("
        "os.getpid(), 9)\n    op.execute('UPDATE b SET id = 1')\n\ndef downgrade(op):\n    pass\n"
    )
    repository = make_repository(tmp_path / "r", {**SMALL, "004_Kill.py": killer})
    words = ("--url", mysql_family_url, "--repository", str(repository))
    call_command("upgrade", version=3, **options(words))
    (tmp_path / "armed").touch()
    assert run_forked("upgrade", *words, cwd=tmp_path).code == -9
    (path,) = (tmp_path / "backups").iterdir()
    assert history(mysql_family_url)[-1] == (4, str(path), "running")
    (tmp_path / "armed").unlink()
    done = run_forked("upgrade", "--last-statement", "applied", *words, cwd=tmp_path)
    assert done.code == 0, done.said
    assert history(mysql_family_url)[-1] == (4, str(path), "done")
    assert list((tmp_path / "backups").iterdir()) == [path]


KILLED_BETWEEN = """import os


def upgrade(op):
    op.execute("CREATE VIEW seen AS SELECT * FROM a")
    op.rename_table("a", "old")
    if os.path.exists("armed"):
        os.kill(os.getpid(), 9)
    op.execute("CREATE TABLE a (id INTEGER)")
    op.drop_table("old")


def downgrade(op):
    pass
"""
DROPPING = {
    "001_Make_default_upgrade.sql": "CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\n",
    "001_Make_default_downgrade.sql": "DROP TABLE a;\nDROP TABLE b;\n",
    "002_Swap.py": KILLED_BETWEEN,
    "003_Drop_default_upgrade.sql": "DROP TABLE b;\n",
    "003_Drop_default_downgrade.sql": "CREATE TABLE b (id INTEGER);\n",
}


def test_what_stopped_is_finished_before_a_backup_which_could_not_read_it(
    mysql_family_url: str, tmp_path: Path
) -> None:
    """Killed where a view has no table for a moment, which mariadb-dump refuses."""
    words = ("--url", mysql_family_url, "--repository", str(make_repository(tmp_path / "r", DROPPING)))
    (tmp_path / "armed").touch()
    assert run_forked("upgrade", *words, cwd=tmp_path).code == -9
    assert not (tmp_path / "backups").exists()
    (tmp_path / "armed").unlink()
    refused = run_forked("upgrade", "--backup", *words, cwd=tmp_path)
    assert refused.code == 6 and "seen" in refused.err, refused.said  # as it was asked for: of what is half done
    assert history(mysql_family_url)[-1] == (2, None, "running")
    done = run_forked("upgrade", *words, cwd=tmp_path)
    assert done.code == 0, done.said
    (path,) = (tmp_path / "backups").iterdir()
    assert "-v2-" in path.name
    assert history(mysql_family_url) == [(1, None, "done"), (2, None, "done"), (3, str(path), "done")]


def test_a_script_that_was_mended_to_drop_more_is_backed_up_before_it_goes_on(
    mysql_family_url: str, tmp_path: Path
) -> None:
    stops = "CREATE TABLE c (id INTEGER);\nSELECT nothing FROM nowhere;\n"
    repository = make_repository(tmp_path / "r", {**SMALL, "003_Make_b_default_upgrade.sql": stops})
    words = ("--url", mysql_family_url, "--repository", str(repository))
    call_command("upgrade", version=2, **options(words))
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 6
    assert not (tmp_path / "backups").exists()
    script = repository / "versions" / "003_Make_b_default_upgrade.sql"
    script.write_text("CREATE TABLE c (id INTEGER);\nDROP TABLE a;\n", encoding="utf-8")
    done = run_forked("upgrade", *words, cwd=tmp_path)
    assert done.code == 0, done.said
    (path,) = (tmp_path / "backups").iterdir()
    assert "-v2-" in path.name and history(mysql_family_url)[-1] == (3, str(path), "done")


def test_a_half_restored_database_is_told_and_left_alone(mysql_family_url: str, tmp_path: Path) -> None:
    repository = str(make_repository(tmp_path / "r", SMALL))
    words = ("--url", mysql_family_url, "--repository", repository)
    call_command("upgrade", version=2, **options(words))
    call_command("backup", file="b.zst", **options(words))
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        halfrestored.begin(database, str(tmp_path / "b.zst"), "saved.zst")
        halfrestored.begin(database, str(tmp_path / "b.zst"), "half.zst")
    told = run_forked("status", *words, cwd=tmp_path)
    assert "was killed" in told.err and "in saved.zst" in told.err and "b.zst --replace" in told.err, told.said
    for refused in (
        run_forked("upgrade", *words, cwd=tmp_path),
        run_forked("downgrade", "0", "--yes", *words, cwd=tmp_path),
        run_forked("restore", "b.zst", *words, cwd=tmp_path),
    ):
        assert refused.code == 4 and "b.zst --replace" in refused.err, refused.said
    completed = run_forked("restore", "b.zst", "--replace", *words, cwd=tmp_path)
    assert completed.code == 0 and "This one takes its place" in completed.err, completed.said
    assert "was killed" not in run_forked("status", *words, cwd=tmp_path).err
    assert run_forked("upgrade", *words, cwd=tmp_path).code == 0


def test_a_backup_of_another_application_is_refused(tmp_path: Path) -> None:
    ours, theirs = make_repository(tmp_path / "a", SMALL), make_repository(tmp_path / "b", SMALL)
    (theirs / "migrate.cfg").write_text("[db_settings]\nrepository_id=other\n")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    made = call_command("backup", url=f"sqlite:///{tmp_path / 'x.db'}", repository=str(theirs))
    with pytest.raises(UnfitBackup, match=r"«other».*«cbu»"):
        call_command("restore", url=f"sqlite:///{tmp_path / 'y.db'}", repository=str(ours), file=made.path)
    assert not (tmp_path / "y.db").exists()


def test_a_mysql_backup_is_not_for_sqlite(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    url = mariadb_server.url(fresh_database(mariadb_server))
    repository = str(make_repository(tmp_path / "r", SMALL))
    call_command("upgrade", url=url, repository=repository)
    made = call_command("backup", url=url, repository=repository)
    with pytest.raises(UnfitBackup, match="is of mariadb"):
        call_command("restore", url=f"sqlite:///{tmp_path / 'y.db'}", repository=repository, file=made.path)


def test_the_line_on_a_terminal_tells_rate_and_time_left() -> None:
    line = progress_line("backing up", 250_000_000, 1_000_000_000, 2.5)
    assert line == "  backing up: 250 MB of about 1.0 GB, 100 MB/s, 0:08 left"
    assert progress_line("backing up", 2_000, 1_000, 2.0) == "  backing up: 2.0 kB, 1.0 kB/s"
    assert progress_line("restoring", 0, 0, 0.0) == "  restoring: 0 B"
    assert progress_line("restoring", 1_000, 40_001_000, 1.0).endswith(" 11:06:40 left")
    assert [amount(size) for size in (0, 999, 1000, 99_949, 123_456_789)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "99.9 kB",
        "123 MB",
    ]
