"""The file of a backup: every byte of it counts, it is nobody else's to read, and it is there whole or not at all."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from giveaminute.errors import BackupFailed, Busy, MigrationToolError, UnfitBackup, UsageError
from giveaminute.versioning.backups import archive, shelf
from giveaminute.versioning.backups.archive import Head
from tests.versioning.backup_samples import needs_program

HEAD = Head(
    tool="giveaminute 2",
    made="2026-11-22 10:00:00.000000",
    family="mysql",
    server="mariadb",
    server_version="10.11.19-MariaDB",
    program="mariadb-dump 10.11.19",
    place="localhost:3306",
    database="changebyus",
    charset="utf8mb4",
    collation="utf8mb4_unicode_ci",
    repository="cbu",
    version=17,
    consistency="snapshot",
)
DUMP = b"".join(b"INSERT INTO `t` VALUES (%d,'%x');\n" % (number, number * 7919) for number in range(20_000))
NAMED = "changebyus-v17-20261122T10000{}Z.sql.zst"


def write(path: Path, head: Head = HEAD, dump: bytes = DUMP) -> Path:
    with shelf.unfinished(path, head) as new:
        new.writer.write(dump)
        new.writer.finish({"t": 20_000})
        new.publish()
    return path


def read(path: Path) -> bytes:
    with archive.checked(path) as whole:
        return b"".join(whole.dump())


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write(tmp_path / "b.sql.zst")


def test_what_was_written_is_read_again(whole: Path) -> None:
    assert read(whole) == DUMP
    with archive.checked(whole) as found:
        assert found.head == HEAD
        assert (found.tail.tables, found.tail.bytes, found.tail.rows) == ({"t": 20_000}, len(DUMP), 20_000)
        assert b"".join(found.dump()) == b"".join(found.dump())


def test_zstd_by_itself_finds_the_dump_in_it(whole: Path) -> None:
    zstd = needs_program("zstd", "zstd")
    assert subprocess.run([zstd, "-dc", whole], capture_output=True, check=True).stdout == DUMP
    assert subprocess.run([zstd, "-t", "-q", whole], check=False).returncode == 0


def test_cut_at_200_places_it_is_refused_each_time(whole: Path, tmp_path: Path) -> None:
    data, cut = whole.read_bytes(), tmp_path / "cut.zst"
    places = {0, 1, 8, 30, len(data) - 1, len(data) - 32, len(data) - 36}
    places |= set(random.Random(1).sample(range(len(data)), 200))
    for place in places:
        cut.write_bytes(data[:place])
        with pytest.raises(UnfitBackup):
            read(cut)
    assert len(places) >= 200


def test_with_200_bytes_flipped_it_is_refused_each_time(whole: Path, tmp_path: Path) -> None:
    data, flipped = whole.read_bytes(), tmp_path / "flipped.zst"
    chance = random.Random(2)
    ends = [*range(100), *range(len(data) - 100, len(data))]
    for place in [*ends, *chance.sample(range(len(data)), 200)]:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        flipped.write_bytes(changed)
        with pytest.raises(UnfitBackup):
            read(flipped)


@pytest.mark.parametrize("change", [lambda data: data + b"\0", lambda data: data + data, lambda data: data[:50] + data])
def test_with_bytes_too_many_it_is_refused(whole: Path, change: object) -> None:
    assert callable(change)
    whole.write_bytes(change(whole.read_bytes()))
    with pytest.raises(UnfitBackup):
        read(whole)


@pytest.mark.parametrize("other", [b"", b"-- MariaDB dump 10.19\n", b"SQLite format 3\0" * 9, os.urandom(5000)])
def test_what_is_no_backup_is_called_none(tmp_path: Path, other: bytes) -> None:
    (tmp_path / "x").write_bytes(other)
    with pytest.raises(UnfitBackup, match="no backup of this tool"):
        read(tmp_path / "x")


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnfitBackup, match="No such file"):
        read(tmp_path / "absent")
    with pytest.raises(UnfitBackup, match="Is a directory"):
        read(tmp_path)


def test_a_later_format_is_refused_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FORMAT", 2)
    later = write(tmp_path / "later.zst")
    monkeypatch.undo()
    with pytest.raises(UnfitBackup, match="format 2"):
        read(later)


def test_only_its_owner_can_read_it_from_the_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "b.zst"
        with shelf.unfinished(path, HEAD) as new:
            assert new.partial.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700
            new.writer.finish({})
            new.publish()
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_until_it_is_complete_the_older_one_stands(whole: Path) -> None:
    before = whole.read_bytes()
    with shelf.unfinished(whole, HEAD) as new:
        new.writer.write(b"other")
        assert whole.read_bytes() == before
        new.writer.finish({})
        assert whole.read_bytes() == before
        new.publish()
    assert read(whole) == b"other"


def test_an_error_on_the_way_leaves_nothing_but_the_older_one(whole: Path) -> None:
    before = whole.read_bytes()

    def fail() -> None:
        with shelf.unfinished(whole, HEAD) as new:
            new.writer.write(DUMP)
            new.copy.write_bytes(b"SQLite's copy")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert whole.read_bytes() == before and os.listdir(whole.parent) == [whole.name]


@pytest.mark.parametrize("content", [b"", b"important notes"])
def test_what_is_no_backup_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes").write_bytes(content)
    with pytest.raises(UsageError, match="is no backup"):
        write(tmp_path / "notes")
    assert (tmp_path / "notes").read_bytes() == content and os.listdir(tmp_path) == ["notes"]


def test_links_and_folders_are_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(UsageError, match="is no file"):
            write(tmp_path / name)
    (tmp_path / "b.partial").symlink_to("elsewhere")
    with pytest.raises(MigrationToolError):
        write(tmp_path / "b")
    assert not (tmp_path / "elsewhere").exists()


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    with shelf.unfinished(tmp_path / "b", HEAD), pytest.raises(Busy, match="another run"):
        write(tmp_path / "b")
    assert os.listdir(tmp_path) == []


def killed_run(path: Path) -> None:
    """Leave what `kill -9` leaves of a run that writes `path`."""
    program = f"""
        import os, signal, sys
        from pathlib import Path
        from giveaminute.versioning.backups import shelf
        from tests.versioning.test_backup_archive import DUMP, HEAD
        with shelf.unfinished(Path({str(path)!r}), HEAD) as new:
            new.writer.write(DUMP)
            new.copy.write_bytes(b"SQLite's copy")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -signal.SIGKILL


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    killed_run(tmp_path / "b.sql.zst")
    assert sorted(os.listdir(tmp_path)) == ["b.sql.zst.partial", "b.sql.zst.partial-copy"]
    write(tmp_path / "other.sql.zst")
    assert os.listdir(tmp_path) == ["other.sql.zst"]


def test_the_sweep_takes_only_ours_and_only_the_dead(tmp_path: Path) -> None:
    (tmp_path / "film.mkv.partial").write_bytes(b"a download")
    (tmp_path / "empty.partial").touch()
    others = f"other-{NAMED.format(1).removeprefix('changebyus-')}.partial"
    (tmp_path / others).touch()
    with shelf.unfinished(tmp_path / "alive", HEAD):
        (tmp_path / f"{NAMED.format(1)}.partial").touch()
        assert shelf.sweep(tmp_path, HEAD) == [tmp_path / f"{NAMED.format(1)}.partial"]
        assert sorted(os.listdir(tmp_path)) == ["alive.partial", "empty.partial", "film.mkv.partial", others]


def test_what_a_killed_run_left_of_another_database_is_that_ones_to_remove(tmp_path: Path) -> None:
    killed_run(tmp_path / "b.sql.zst")
    for other in (replace(HEAD, database="other"), replace(HEAD, place="elsewhere:3306")):
        assert shelf.sweep(tmp_path, other) == []
    assert shelf.sweep(tmp_path, HEAD) == [tmp_path / "b.sql.zst.partial"] and os.listdir(tmp_path) == []


def test_retention_takes_only_what_was_made_and_named_here_for_this_database(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / NAMED.format(number), replace(HEAD, made=f"2026-11-22 10:00:0{number}.000000"))
    kept = {
        "by-hand.sql.zst": HEAD,
        "changebyus-v17-20261122T090000Z-before-restore.sql.zst": HEAD,
        "changebyus-v17-20261122T090001Z.sql.zst": replace(HEAD, place="elsewhere:3306"),
        "changebyus-v17-20261122T090002Z.sql.zst": replace(HEAD, repository="another"),
        "other-v17-20261122T090003Z.sql.zst": replace(HEAD, database="other"),
    }
    for name, head in kept.items():
        write(tmp_path / name, head)
    (tmp_path / "changebyus-v17-20261122T090004Z.sql.zst").write_bytes(b"not ours")
    removed = shelf.retire(tmp_path / NAMED.format(4), HEAD, 2)
    assert {path.name for path in removed} == {NAMED.format(number) for number in range(3)}
    expected = {*kept, "changebyus-v17-20261122T090004Z.sql.zst", NAMED.format(3), NAMED.format(4)}
    assert set(os.listdir(tmp_path)) == expected


@pytest.mark.parametrize("database", ["changebyus", "../../etc/x", ".hidden", "-rf", "ä b/c*", ""])
def test_a_default_name_stays_in_its_folder_and_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.chdir(tmp_path)
    moment = shelf.now()
    monkeypatch.setattr(shelf, "now", lambda: moment)
    one = write(shelf.default_path(shelf.FOLDER, database, 17, "sql"))
    two = write(shelf.default_path(shelf.FOLDER, database, 17, "sql"))
    assert one != two and one.parent == two.parent == Path("backups")
    assert all(shelf._NAMED_BY_US.fullmatch(path.name) for path in (one, two))
    assert not one.name.startswith((".", "-"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    mounted = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here: run the tests as root, in a container with CAP_SYS_ADMIN")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said_and_leaves_the_old_backup_and_nothing_else(small_disk: Path) -> None:
    path = write(small_disk / "b.sql.zst")
    before = path.read_bytes()
    with pytest.raises(BackupFailed, match="no space is left there") as error:
        write(path, dump=os.urandom(3 << 20))
    assert "Make room" in str(error.value)
    assert path.read_bytes() == before and os.listdir(small_disk) == ["b.sql.zst"]
    assert read(path) == DUMP
