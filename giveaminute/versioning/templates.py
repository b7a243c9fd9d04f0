"""New scripts, from templates that show how."""

from __future__ import annotations

from pathlib import Path

from giveaminute.errors import UsageError
from giveaminute.versioning.repository import DATABASES, Direction, Repository

PYTHON = '''"""{title}."""

import sqlalchemy as sa


def upgrade(op):
    # op.add_column("project", sa.Column("website", sa.String(255)), after="title")
    # op.create_table("photo", sa.Column("id", sa.Integer, primary_key=True), sa.Column("url", sa.String(255)))
    # op.execute("UPDATE project SET website = :url WHERE website IS NULL", {{"url": "https://example.org"}})
    pass


def downgrade(op):
    # Bring back what was there before, in the opposite order:
    # op.drop_table("photo")
    # op.drop_column("project", "website")
    pass
'''

SQL = {
    Direction.UPGRADE: """-- {title}.
-- Each statement ends with a semicolon; around a trigger or procedure use DELIMITER lines, as in the mysql client.
-- ALTER TABLE project ADD COLUMN website VARCHAR(255) NULL AFTER title;
""",
    Direction.DOWNGRADE: """-- {title}: bring back what was there before.
-- ALTER TABLE project DROP COLUMN website;
""",
}


def create(repository: Repository, title: str, *, sql: bool = False, database: str = "default") -> list[Path]:
    """Write the next script (in SQL two files) and return the paths. Raises UsageError; never overwrites."""
    if database not in DATABASES:
        raise UsageError(
            f"--database «{database}» is none of {', '.join(DATABASES)}.", "Leave it out for one script for all."
        )
    stem = repository.next_name(title)
    words = " ".join(title.split()).rstrip(".")
    if not sql:
        return [_write(repository.versions / f"{stem}.py", PYTHON.format(title=_docstring(words)))]
    return [
        _write(repository.versions / f"{stem}_{database}_{direction.value}.sql", SQL[direction].format(title=words))
        for direction in Direction
    ]


def write(repository: Repository, title: str, text: str) -> Path:
    """Write the next script, of this text, and return its path. Raises UsageError; never overwrites."""
    return _write(repository.versions / f"{repository.next_name(title)}.py", text)


def plain_title(title: str) -> str:
    """A title as a script's docstring has it, without the full stop."""
    return _docstring(" ".join(title.split()).rstrip("."))


def _docstring(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


def _write(path: Path, text: str) -> Path:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}.",
            "See that the folder is there and that you may write to it.",
        ) from error
    return path
