"""Defects in what stands beside the scripts: the models, and scripts edited after they were applied."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutations.seeding import SQLITE, Defect

NO_COMMENTS = {SQLITE: "SQLite keeps no comments"}


@dataclass(frozen=True)
class ModelDefect:
    """`find` is there once in the module `file` of the models; what is told matches `words`."""

    name: str
    file: str
    find: str
    put: str
    words: str
    nothing_on: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


MODEL_DEFECTS = (
    ModelDefect(
        "lost column",
        "ideas.py",
        "    last_name: Mapped[str | None] = mapped_column(sa.String(50))\n",
        "",
        r"^idea: column last_name is in no model",
    ),
    ModelDefect(
        "column too many",
        "needs.py",
        "    request: Mapped",
        "    colour: Mapped[str | None] = mapped_column(sa.String(9))\n    request: Mapped",
        r"^project_need: column colour is only in the models",
    ),
    ModelDefect(
        "length",
        "site.py",
        'sa.String(64), server_default="file"',
        'sa.String(63), server_default="file"',
        r"(?i)^attachments.type: type is varchar\(64\), in the models varchar\(63\)",
    ),
    ModelDefect(
        "type",
        "ideas.py",
        "lat: Mapped[Decimal] = mapped_column(sa.Numeric(9, 6))",
        "lat: Mapped[Decimal] = mapped_column(sa.Numeric(9, 5))",
        r"(?i)^location.lat: type is .*6\), in the models .*5\)",
    ),
    ModelDefect(
        "nullability",
        "ideas.py",
        "    user_id: Mapped[int | None]\n",
        "    user_id: Mapped[int]\n",
        r"^idea.user_id: is NULL, in the models NOT NULL",
    ),
    ModelDefect(
        "default",
        "ideas.py",
        'server_default="-1"',
        'server_default="1"',
        r"^idea.location_id: default is '?-1'?, in the models '?1",
    ),
    ModelDefect(
        "comment",
        "site.py",
        'comment="The display name -- the file name or title of the media"',
        'comment="The title"',
        r"^attachments.title: comment is «The display .*», in the models «The title»",
        SQLITE,
    ),
    ModelDefect(
        "index missing that is named as its column",
        "site.py",
        'sa.Index("app", "app"), ',
        "",
        r"^images: index app \(app\) is in no model",
    ),
    ModelDefect(
        "index of another column",
        "site.py",
        'sa.Index("mirrored", "mirrored")',
        'sa.Index("mirrored", "created")',
        r"^images: index mirrored is \(mirrored\), in the models \(created\)",
    ),
    ModelDefect(
        "enum",
        "ideas.py",
        'sa.Enum("web", "sms", "email")',
        'sa.Enum("web", "sms")',
        r"(?i)^idea.submission_type: type is (enum|varchar).*, in the models (enum|varchar)",
    ),
)

EDITED = (
    Defect(
        "another separator in moved data", 3, (('SEPARATOR = ", "', 'SEPARATOR = "; "'),), r"^003_.*\.py was edited"
    ),
    Defect(
        "wrong WHERE in an upgrade",
        8,
        (("SET event_id = NULL WHERE event_id = 0", "SET event_id = NULL WHERE event_id < 1"),),
        r"^008_.*\.py was edited",
    ),
    Defect(
        "the wrong flag is copied",
        12,
        (
            (
                "SET is_project_creator = 1 WHERE is_project_admin = 1",
                "SET is_project_creator = 1 WHERE is_project_admin = 0",
            ),
        ),
        r"^012_.*\.py was edited",
    ),
    Defect(
        "another value is counted",
        15,
        (("SET quantity = 1 WHERE quantity = 0", "SET quantity = 2 WHERE quantity = 0"),),
        r"^015_.*\.py was edited",
    ),
    Defect(
        "orphans of another table",
        16,
        (
            (
                '("project_event", ["id"], "project_id", "project", "project_id", True)',
                '("project_event", ["id"], "project_id", "project", "image_id", True)',
            ),
        ),
        r"^016_.*\.py was edited",
    ),
    Defect(
        "a downgrade that does nothing",
        17,
        (("        op.forget(table, ADDED)\n", "        pass\n"),),
        r"^017_.*\.py was edited",
    ),
)
COSMETIC = (
    Defect(
        "another docstring", 4, (('"""Add the community leaders that a city presents."""', '"""Add leaders."""'),), ""
    ),
    Defect("a comment", 5, (("def upgrade(op):\n", "# Events came in 2011.\ndef upgrade(op):\n"),), ""),
    Defect(
        "other quotes and line ends",
        9,
        (
            (
                'ALREADY_THERE = "subtype was there before"',
                "ALREADY_THERE = (\n    'subtype was '\n    'there before'\n)",
            ),
        ),
        "",
    ),
    Defect("blank lines", 10, (("\n\ndef downgrade(op):\n", "\n\n\n\n\ndef downgrade(op):\n\n"),), ""),
)
"""Edits that change no meaning: no alarm."""
