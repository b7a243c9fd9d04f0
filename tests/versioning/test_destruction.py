"""Which migrations could destroy rows, judged by their text: these are backed up before."""

from __future__ import annotations

from pathlib import Path

import pytest

from giveaminute.versioning.destruction import destroys
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.script import read
from giveaminute.versioning.sqltokens import Syntax
from tests.repositories import make_repository

PYTHON = (
    "import sqlalchemy as sa\n{top}\ndef helper(op):\n    {helper}\n\n"
    "def upgrade(op):\n    {up}\n\ndef downgrade(op):\n    {down}\n"
)


def judged(tmp_path: Path, files: dict[str, str], direction: Direction) -> bool:
    repository = Repository(make_repository(tmp_path / "r", files))
    migration = read(repository.script(1), "mysql", direction, Syntax.MYSQL)
    return destroys(migration, direction, Syntax.MYSQL)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP TABLE a", True),
        ("drop table if exists a, b", True),
        ("ALTER TABLE a ADD x INT, DROP COLUMN y", True),
        ("ALTER TABLE a DROP y", True),
        ("ALTER TABLE a DROP PARTITION p", True),
        ("ALTER TABLE a TRUNCATE PARTITION p", True),
        ("TRUNCATE a", True),
        ("DELETE FROM a WHERE x = 1", True),
        ("/*!50000 DROP TABLE a */", True),
        ("ALTER TABLE a DROP INDEX y", False),
        ("ALTER TABLE a DROP PRIMARY KEY, DROP FOREIGN KEY f", False),
        ("ALTER TABLE a ALTER x DROP DEFAULT", False),
        ("DROP TRIGGER t", False),
        ("DROP VIEW v", False),
        ("INSERT INTO a VALUES ('DROP TABLE a') -- DROP TABLE a", False),
        ("CREATE TABLE a (id INT)", False),
    ],
)
def test_sql(statement: str, expected: bool, tmp_path: Path) -> None:
    files = {"001_A_default_upgrade.sql": f"{statement};\n", "001_A_default_downgrade.sql": "SELECT 1;\n"}
    assert judged(tmp_path, files, Direction.UPGRADE) is expected


@pytest.mark.parametrize(
    ("part", "code", "expected"),
    [
        ("up", 'op.drop_table("a")', True),
        ("up", 'op.drop_column("a", "x")', True),
        ("up", 'with op.batch_alter_table("a") as batch: batch.drop_column("x")', True),
        ("up", 'op.execute("DELETE FROM a")', True),
        ("up", 'for s in ("DROP TABLE a", "DROP TABLE b"): op.execute(s)', True),
        ("up", '(lambda: op.drop_table("a"))()', True),
        ("helper", 'op.drop_table("a")', True),
        ("top", 'loses = {"a.x": "why"}', True),
        ("down", 'op.drop_table("a")', False),
        ("up", 'op.add_column("a", sa.Column("drop_table", sa.Integer))', False),
        ("up", 'op.drop_index("i", "a")', False),
        ("up", 'op.execute("UPDATE a SET x = 1")', False),
    ],
)
def test_python(part: str, code: str, expected: bool, tmp_path: Path) -> None:
    parts = {"top": "", "helper": "pass", "up": "pass", "down": "pass", part: code}
    assert judged(tmp_path, {"001_A.py": PYTHON.format(**parts)}, Direction.UPGRADE) is expected
    if part in ("up", "down"):
        other = {**parts, "up": parts["down"], "down": parts["up"]}
        assert judged(tmp_path, {"001_A.py": PYTHON.format(**other)}, Direction.DOWNGRADE) is expected
