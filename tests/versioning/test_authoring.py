"""Scripts that write themselves: from the models and from a drift, run as they are on every database."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem

from giveaminute.errors import UsageError
from giveaminute.management import call_command
from giveaminute.models import Base
from giveaminute.settings import parse_url
from giveaminute.versioning.authoring import from_models
from giveaminute.versioning.database import opened
from giveaminute.versioning.model_diff import between
from giveaminute.versioning.rehearsal import rehearse
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.templates import write
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

START = """import sqlalchemy as sa


def upgrade(op):
    op.create_table("author", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))
    op.create_table(
        "book",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("author_id", sa.Integer),
        sa.Column("pages", sa.BigInteger),
        sa.Column("price", sa.Integer, nullable=False, server_default=sa.text("5")),
        sa.Column("note", sa.String(200)),
        sa.Column("isbn", sa.String(13), nullable=False),
    )
    op.create_index("book_note", "book", ["note"])
    op.create_table("copy", sa.Column("id", sa.Integer, primary_key=True), sa.Column("book_id", sa.Integer))
    op.create_foreign_key("fk_copy", "copy", "book", ["book_id"], ["id"])


def downgrade(op):
    op.drop_table("copy")
    op.drop_table("book")
    op.drop_table("author")
"""
Tables = sa.MetaData
Columns = list[sa.Column[Any]]


def models() -> sa.MetaData:
    """What START makes."""
    metadata = sa.MetaData()
    sa.Table("author", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))
    sa.Table(
        "book",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("author_id", sa.Integer),
        sa.Column("pages", sa.BigInteger),
        sa.Column("price", sa.Integer, nullable=False, server_default=sa.text("5")),
        sa.Column("note", sa.String(200)),
        sa.Column("isbn", sa.String(13), nullable=False),
        sa.Index("book_note", "note"),
    )
    sa.Table(
        "copy",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("book_id", sa.Integer),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name="fk_copy"),
    )
    return metadata


def rebuilt(metadata: sa.MetaData, table: str, change: Callable[[Columns], Sequence[SchemaItem]]) -> None:
    """The table again, with the columns that `change` makes of its own, and its indexes of columns that stay."""
    old = metadata.tables[table]
    items: list[Any] = [*change([column._copy() for column in old.columns])]
    names = {item.name for item in items if isinstance(item, sa.Column)}
    kept = [each for each in old.indexes if {column.name for column in each.columns} <= names]
    metadata.remove(old)
    new = sa.Table(table, metadata, *items)
    for index in kept:
        sa.Index(str(index.name), *(new.c[column.name] for column in index.columns), unique=index.unique)


def inserted(name: str, column: sa.Column[Any]) -> Callable[[Columns], Columns]:
    """The columns with another one after that of this name."""

    def change(columns: Columns) -> Columns:
        place = [each.name for each in columns].index(name) + 1
        return [*columns[:place], column, *columns[place:]]

    return change


def add_table(m: Tables) -> None:
    sa.Table(
        "shelf",
        m,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Enum("low", "high"), nullable=False, server_default="low", comment="it's where"),
        sa.Column("blurb", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")),
        sa.Column("weight", sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")),
        sa.Column("author_id", sa.ForeignKey("author.id", ondelete="CASCADE")),
        sa.Column("code", sa.String(20), unique=True),
        sa.Index("shelf_kind", "kind", "code", mysql_length={"code": 5}),
        mysql_engine="InnoDB",
    )


def add_column(m: Tables) -> None:
    rebuilt(m, "book", inserted("title", sa.Column("subtitle", sa.String(30), comment="may be none")))


def add_needed_column(m: Tables) -> None:
    rebuilt(m, "book", inserted("subtitle", sa.Column("language", sa.String(2), nullable=False)))


def add_long_needed_column(m: Tables) -> None:
    rebuilt(m, "book", inserted("note", sa.Column("blurb", sa.Text, nullable=False)))


def remove_column(m: Tables) -> None:
    rebuilt(m, "book", lambda columns: [each for each in columns if each.name != "isbn"])


def change_type(m: Tables) -> None:
    m.tables["book"].c.pages.type = sa.String(40)


def narrow_number(m: Tables) -> None:
    m.tables["book"].c.price.type = sa.SmallInteger()


def lengthen(m: Tables) -> None:
    m.tables["book"].c.title.type = sa.String(120)


def shorten(m: Tables) -> None:
    m.tables["book"].c.note.type = sa.String(20)


def forbid_null(m: Tables) -> None:
    m.tables["book"].c.note.nullable = False


def allow_null(m: Tables) -> None:
    m.tables["book"].c.title.nullable = True


def change_default(m: Tables) -> None:
    m.tables["book"].c.price.server_default = sa.DefaultClause(sa.text("7"))


def drop_default(m: Tables) -> None:
    m.tables["book"].c.price.server_default = None


def add_index(m: Tables) -> None:
    sa.Index("book_title", m.tables["book"].c.title, mysql_length=10)


def change_index(m: Tables) -> None:
    book = m.tables["book"]
    book.indexes.remove(next(each for each in book.indexes if each.name == "book_note"))
    sa.Index("book_note", book.c.note, book.c.price)


def remove_index(m: Tables) -> None:
    book = m.tables["book"]
    book.indexes.remove(next(each for each in book.indexes if each.name == "book_note"))


def add_unique(m: Tables) -> None:
    m.tables["author"].append_constraint(sa.UniqueConstraint("name", name="author_name"))


def remove_unique(m: Tables) -> None:
    rebuilt(m, "author", lambda columns: columns)


def add_foreign_key(m: Tables) -> None:
    m.tables["book"].append_constraint(sa.ForeignKeyConstraint(["author_id"], ["author.id"]))


def change_foreign_key(m: Tables) -> None:
    key = sa.ForeignKeyConstraint(["book_id"], ["book.id"], name="fk_copy", ondelete="CASCADE")
    rebuilt(m, "copy", lambda columns: [*columns, key])


def remove_foreign_key(m: Tables) -> None:
    rebuilt(m, "copy", lambda columns: columns)


def remove_table(m: Tables) -> None:
    m.remove(m.tables["copy"])


Change = tuple[Callable[[sa.MetaData], None], str]
CHANGES: list[Change] = [
    (add_table, "table shelf is only in the models"),
    (add_column, "book: column subtitle is only in the models"),
    (add_needed_column, "book: column language is only in the models"),
    (add_long_needed_column, "book: column blurb is only in the models"),
    (remove_column, "book: column isbn is in no model"),
    (change_type, "book.pages: type is bigint, in the models varchar(40)"),
    (narrow_number, "book.price: type is int, in the models smallint"),
    (lengthen, "book.title: type is varchar(60), in the models varchar(120)"),
    (shorten, "book.note: type is varchar(200), in the models varchar(20)"),
    (forbid_null, "book.note: is NULL, in the models NOT NULL"),
    (allow_null, "book.title: is NOT NULL, in the models NULL"),
    (change_default, "book.price: default is 5, in the models 7"),
    (drop_default, "book.price: default is 7, in the models none"),
    (add_index, "book: index book_title (title"),
    (change_index, "book: index book_note is (note), in the models (note, price)"),
    (remove_index, "book: index book_note (note, price) is in no model"),
    (add_unique, "author: index author_name UNIQUE (name) is only in the models"),
    (remove_unique, "author: index author_name UNIQUE (name) is in no model"),
    (add_foreign_key, "book: foreign key fk_book_author_id (author_id → author.id) is only in the models"),
    (change_foreign_key, "copy: foreign key fk_copy is book_id → book.id, in the models book_id → book.id ON DELETE"),
    (remove_foreign_key, "copy: foreign key fk_copy (book_id → book.id ON DELETE CASCADE) is in no model"),
    (remove_table, "table copy is in no model"),
]


def written(url: str, folder: Path, metadata: sa.MetaData, title: str) -> tuple[str, ...]:
    """Let the next script be written; what was found. Nothing is left to do by hand."""
    repository = Repository(folder)
    authored = from_models.author(parse_url(url), repository, metadata, title)
    assert authored.draft is not None, f"{title}: found nothing"
    assert authored.draft.left == (), title
    write(repository, title, authored.draft.text())
    return authored.found


def found(url: str, folder: Path, metadata: sa.MetaData) -> tuple[str, ...]:
    return between(parse_url(url), Repository(folder), metadata).words


def problems(url: str, folder: Path, first: int = 2) -> list[str]:
    """What `test` finds wrong with the scripts from this one on."""
    repository = Repository(folder)
    tried = rehearse(parse_url(url), repository, first, repository.head)
    assert tried.verdicts[-1].rows > 0
    return [f"{verdict.title}: {words}" for verdict in tried.verdicts for words in verdict.problems]


def changed(change: Change) -> str:
    return change[0].__name__.replace("_", " ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"001_Start.py": START})


def test_every_change_of_the_models_becomes_a_script_that_makes_it_and_takes_it_back(
    database_url: str, folder: Path
) -> None:
    metadata = models()
    assert found(database_url, folder, metadata) == ()
    for change in CHANGES:
        change[0](metadata)
        told = written(database_url, folder, metadata, changed(change))
        words = [each.lower().replace("integer", "int") for each in told]  # as SQLite has been told its types
        assert any(each.startswith(change[1].lower()) for each in words), (change[1], told)
    assert problems(database_url, folder) == []
    call_command("upgrade", url=database_url, repository=str(folder), no_backup=True)
    assert found(database_url, folder, metadata) == ()


def test_a_change_of_a_comment_is_found_where_there_are_comments(mysql_family_url: str, folder: Path) -> None:
    metadata = models()
    metadata.tables["book"].c.title.comment = 'it\'s 100 % "new"'
    metadata.tables["author"].comment = "who writes"
    assert written(mysql_family_url, folder, metadata, "comment") == (
        "author: comment is none, in the models «who writes»",
        'book.title: comment is none, in the models «it\'s 100 % "new"»',
    )
    assert problems(mysql_family_url, folder) == []
    assert found(mysql_family_url, folder, metadata) == ()


def whole(metadata: sa.MetaData) -> None:
    """Many changes at once, none of which a family does not see."""
    for change in (add_table, shorten, forbid_null, allow_null, add_foreign_key, change_foreign_key, change_default):
        change(metadata)
    add_unique(metadata)


@pytest.mark.parametrize("maker", ["sqlite", "mariadb"])
@pytest.mark.parametrize("user", ["sqlite", "mariadb", "mysql"])
def test_a_script_written_on_one_family_runs_on_the_others(
    maker: str,
    user: str,
    folder: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    fresh_database: FreshDatabase,
) -> None:
    def url(family: str) -> str:
        if family == "sqlite":
            return f"sqlite:///{tmp_path / f'{family}.db'}"
        server = request.getfixturevalue(f"{family}_server")
        return str(server.url(fresh_database(server)))

    metadata = models()
    whole(metadata)
    written(url(maker), folder, metadata, "Many changes")
    place = url(user)
    assert problems(place, folder) == []
    assert found(place, folder, metadata) == ()


def test_the_models_of_an_unchanged_project_differ_in_nothing_and_no_file_is_written(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from giveaminute.versioning import templates

    monkeypatch.setattr(templates, "_write", lambda path, text: pytest.fail(f"{path} was written"))
    result = call_command("script", title="Nothing", auto=True, url=database_url)
    assert (result.path, result.found) == (None, ())
    with opened(parse_url(database_url), read_only=True) as database:
        assert database.tables() == []  # the database itself is not touched


def test_a_change_of_our_own_models_is_written_and_tried(database_url: str, tmp_path: Path) -> None:
    from giveaminute.settings import DEFAULT_REPOSITORY

    scripts = {path.name: path.read_bytes() for path in (DEFAULT_REPOSITORY / "versions").glob("[0-9]*")}
    folder = make_repository(tmp_path / "repository", scripts)
    metadata = sa.MetaData()
    for table in Base.metadata.sorted_tables:
        copied = table.to_metadata(metadata)
        for index in copied.indexes:  # which a copy forgets to be for some families only
            if index.dialect_kwargs.get("mysql_prefix"):
                index.ddl_if(dialect="mysql")
    metadata.tables["user"].append_column(sa.Column("nickname", sa.String(20)))
    metadata.tables["project"].c.title.type = sa.String(300)
    sa.Index("location_name", metadata.tables["location"].c.name)
    head = Repository(folder).head
    assert len(written(database_url, folder, metadata, "Nicknames")) == 3
    assert problems(database_url, folder, head + 1) == []
    assert found(database_url, folder, metadata) == ()


def test_what_a_script_says_is_laid_out_as_ruff_would(folder: Path, tmp_path: Path) -> None:
    metadata = models()
    whole(metadata)
    written(f"sqlite:///{tmp_path / 'x.db'}", folder, metadata, "Many changes")
    path = folder / "versions" / "002_Many_changes.py"
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "--diff", "--isolated", str(path)]
    formatted = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert (formatted.returncode, formatted.stdout) == (0, "")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").startswith("Many changes.\n\nWritten by `script --auto`")


def test_tables_that_refer_to_each_other_get_the_key_that_closes_the_circle_last(
    database_url: str, folder: Path
) -> None:
    metadata = models()
    for name, other in (("egg", "hen"), ("hen", "egg")):
        key = sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=f"fk_{name}", use_alter=True)
        own, far = sa.Column("id", sa.Integer, primary_key=True), sa.Column(f"{other}_id", sa.Integer)
        sa.Table(name, metadata, own, far, key)
    authored = from_models.author(parse_url(database_url), Repository(folder), metadata, "Hens")
    assert authored.draft is not None
    assert authored.draft.left == ()
    text = authored.draft.text()
    assert text.index('op.create_foreign_key("fk_') > text.rindex("op.create_table(")
    write(Repository(folder), authored.draft.title, text)
    assert problems(database_url, folder) == []


def test_what_cannot_be_written_is_told_and_stands_in_the_script(tmp_path: Path, folder: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    metadata = models()
    needed: sa.Column[int] = sa.Column("owner_id", sa.ForeignKey("author.id"), nullable=False)
    rebuilt(metadata, "book", inserted("note", needed))
    authored = from_models.author(parse_url(url), Repository(folder), metadata, "Owners")
    assert authored.draft is not None
    words = "book: rows that are there need a owner_id that author has"
    assert words in authored.draft.left
    assert f"# By hand: {words}." in authored.draft.text()


# From a drift

DRIFTING = """import sqlalchemy as sa


def upgrade(op):
    if op.dialect == "mysql":
        op.execute("ALTER DATABASE DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    op.create_table(
        "book",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String(50)) for name in ("typed", "needed", "given", "told", "moved", "sorted", "lost")),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("author_id", sa.Integer),
    )
    op.create_index("book_pages", "book", ["pages"])
    op.create_index("book_given", "book", ["given"])
    op.create_table("author", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))
    op.create_table("copy", sa.Column("id", sa.Integer, primary_key=True), sa.Column("book_id", sa.Integer))
    op.create_foreign_key("fk_copy", "copy", "book", ["book_id"], ["id"])
    op.create_table("gone", sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.String(9)))
    op.create_table("plain", sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.String(9)))
    op.execute("CREATE VIEW old AS SELECT id FROM plain")


def downgrade(op):
    op.execute("DROP VIEW old")
    for table in ("plain", "gone", "copy", "author", "book"):
        op.drop_table(table)
"""
STRAY = "CREATE TABLE stray (id INTEGER PRIMARY KEY, w VARCHAR(20) UNIQUE, a INTEGER REFERENCES author (id))"
DRIFT = {
    "sqlite": [
        "ALTER TABLE book ADD COLUMN extra INTEGER NOT NULL DEFAULT 3",
        "ALTER TABLE book DROP COLUMN lost",
        STRAY,
        "DROP TABLE gone",
        "DROP INDEX book_given",
        "CREATE UNIQUE INDEX book_typed ON book (typed)",
        "DROP VIEW old",
        "CREATE VIEW new AS SELECT id, word FROM plain",
        "CREATE TRIGGER tr AFTER INSERT ON book BEGIN UPDATE book SET pages = 1 WHERE id = NEW.id; END",
    ],
    "mysql": [
        "ALTER TABLE book ADD COLUMN extra mediumint unsigned NOT NULL AFTER typed",
        "ALTER TABLE book DROP COLUMN lost",
        "ALTER TABLE book MODIFY typed varchar(20)",
        "ALTER TABLE book MODIFY needed varchar(50) NOT NULL",
        "ALTER TABLE book MODIFY given varchar(50) DEFAULT 'it''s'",
        "ALTER TABLE book MODIFY told varchar(50) COMMENT 'a \"note\"'",
        "ALTER TABLE book MODIFY moved varchar(50) FIRST",
        "ALTER TABLE book MODIFY sorted varchar(50) COLLATE utf8mb4_bin",
        "ALTER TABLE book ADD t timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        "CREATE TABLE stray (id int AUTO_INCREMENT PRIMARY KEY, w varchar(20), e enum('a','b'), UNIQUE KEY w (w))",
        "CREATE TABLE shaped (id int PRIMARY KEY, g geometry)",
        "DROP TABLE gone",
        "ALTER TABLE author DEFAULT CHARACTER SET latin1",
        "ALTER TABLE plain ENGINE=MyISAM",
        "ALTER TABLE book DROP INDEX book_given, ADD UNIQUE KEY book_typed (typed), ADD KEY b (told(5), pages)",
        "ALTER TABLE book ADD CONSTRAINT fk_a FOREIGN KEY (author_id) REFERENCES author (id)",
        "ALTER TABLE copy DROP FOREIGN KEY fk_copy",
        "ALTER TABLE copy DROP KEY fk_copy",
        "ALTER TABLE book ADD CONSTRAINT ck CHECK (pages <> 77)",
        "DROP VIEW old",
        "CREATE VIEW new AS SELECT id, word FROM plain",
        "CREATE TRIGGER tr BEFORE INSERT ON book FOR EACH ROW BEGIN SET NEW.pages = 1; SET NEW.told = 'x'; END",
    ],
}


def run_sql(url: str, statements: Sequence[str]) -> None:
    with opened(parse_url(url), read_only=False) as database:
        cursor = database.connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        database.connection.commit()


def drift_of(url: str) -> list[str]:
    return DRIFT["sqlite" if url.startswith("sqlite") else "mysql"]


@pytest.fixture
def portable(tmp_path: Path) -> Path:
    """A repository for every server, its tables in one character set."""
    return make_repository(tmp_path / "repository", {"001_Start.py": DRIFTING})


def schema_findings(url: str, folder: Path) -> list[str]:
    report = call_command("check", only="schema", url=url, repository=str(folder))
    return [each.words for each in report.findings]


def drifted(url: str, folder: Path, statements: Sequence[str], fix: str) -> str:
    """An install at the newest version, changed by hand; the fix that is written for it, and nothing run."""
    call_command("upgrade", url=url, repository=str(folder), no_backup=True)
    run_sql(url, statements)
    before = schema_findings(url, folder)
    report = call_command("check", fix=fix, url=url, repository=str(folder))
    assert report.fix is not None and report.fix.by_hand == ()
    assert schema_findings(url, folder) == before != []
    return str(report.fix.path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("fix", ["adopt", "revert"])
def test_a_fix_brings_drifted_and_clean_databases_to_one_schema(database_url: str, portable: Path, fix: str) -> None:
    """The script is tried up and down where nothing has drifted, and run where it has."""
    drifted(database_url, portable, drift_of(database_url), fix)
    assert problems(database_url, portable) == []
    call_command("upgrade", url=database_url, repository=str(portable), no_backup=True)
    assert schema_findings(database_url, portable) == []


@pytest.mark.parametrize("fix", ["adopt", "revert"])
def test_a_fix_written_on_sqlite_runs_on_servers(
    server: Server, fresh_database: FreshDatabase, portable: Path, tmp_path: Path, fix: str
) -> None:
    drifted(f"sqlite:///{tmp_path / 'x.db'}", portable, drift_of("sqlite"), fix)
    assert problems(server.url(fresh_database(server)), portable) == []


def test_a_revert_keeps_what_it_drops(database_url: str, portable: Path) -> None:
    drifted(database_url, portable, [STRAY, "INSERT INTO stray (id, w) VALUES (1, 'one')"], "revert")
    call_command("upgrade", url=database_url, repository=str(portable), no_backup=True)
    with opened(parse_url(database_url), read_only=True) as database:
        kept = database.query("SELECT table_name, row_data FROM migrate_kept")
    assert [(table, '"w": "one"' in data) for table, data in kept] == [("stray", True)]


def test_the_way_back_from_an_adoption_leaves_what_was_there_before_it(database_url: str, portable: Path) -> None:
    with_rows = ["INSERT INTO stray (id, w) VALUES (1, 'one')"]
    drifted(database_url, portable, [*drift_of(database_url), *with_rows], "adopt")
    ours = {"url": database_url, "repository": str(portable), "no_backup": True}
    before = parts_of(database_url)
    call_command("upgrade", **ours)
    call_command("downgrade", version=1, yes=True, **ours)
    assert before <= parts_of(database_url)
    with opened(parse_url(database_url), read_only=True) as database:
        assert database.query("SELECT w FROM stray") == [("one",)]
        assert database.query("SELECT reason FROM migrate_kept WHERE reason LIKE 'added%'") == []


def test_an_adoption_passes_its_test_on_the_rows_that_it_adopts(database_url: str, portable: Path) -> None:
    added = ["ALTER TABLE author ADD COLUMN note VARCHAR(20)", "INSERT INTO author (note) VALUES ('x')"]
    drifted(database_url, portable, [STRAY, "INSERT INTO stray (id, w) VALUES (1, 'one')", *added], "adopt")
    tried = rehearse(parse_url(database_url), Repository(portable), 2, 2, rows=50)
    assert [verdict.problems for verdict in tried.verdicts] == [()]


def parts_of(url: str) -> set[tuple[str, ...]]:
    """What came by hand in DRIFT, by name: tables, views, triggers, columns, indexes and keys that are there."""
    with opened(parse_url(url), read_only=True) as database:
        schema = database.dialect.read_schema(database).without()
    wanted = {"stray", "shaped", "new", "tr", "extra", "t", "book_typed", "b", "fk_a", "ck"}
    found = {("view", name) for name in schema.views} | {("table", name) for name in schema.tables}
    for table in schema.tables.values():
        parts = (table.columns, table.indexes, table.foreign_keys, table.checks, table.triggers)
        found |= {(table.name, str(part.name)) for each in parts for part in each}
    return {each for each in found if each[-1] in wanted}


@pytest.mark.parametrize("fix", ["adopt", "revert"])
def test_views_on_views_are_made_after_those(database_url: str, portable: Path, fix: str) -> None:
    made = ["CREATE VIEW z AS SELECT id FROM plain", "CREATE VIEW y AS SELECT id FROM z"]
    dropped = ["DROP VIEW y", "DROP VIEW z"]
    if fix == "revert":
        start = "".join(f"    op.execute({each!r})\n" for each in made)
        (portable / "versions" / "002_Views.py").write_text(
            f"def upgrade(op):\n{start}\ndef downgrade(op):\n"
            + "".join(f"    op.execute({each!r})\n" for each in dropped)
        )
    drifted(database_url, portable, made if fix == "adopt" else dropped, fix)


def test_what_cannot_be_fixed_is_told_and_stands_in_the_script(mysql_family_url: str, portable: Path) -> None:
    place = {"url": mysql_family_url, "repository": str(portable)}
    call_command("upgrade", **place)
    run_sql(mysql_family_url, ["CREATE PROCEDURE p() SELECT 1", "ALTER TABLE author ADD note text"])
    report = call_command("check", fix="adopt", **place)
    assert report.fix.by_hand == ("procedure p is not made",)
    text = report.fix.path.read_text(encoding="utf-8")
    assert "    # By hand: procedure p is not made\n" in text and 'op.add_column("author"' in text


def test_a_fix_is_refused_where_scripts_are_pending_or_the_word_is_unknown(tmp_path: Path, folder: Path) -> None:
    place = {"url": f"sqlite:///{tmp_path / 'x.db'}", "repository": str(folder)}
    call_command("upgrade", **place)
    assert call_command("check", fix="adopt", **place).fix is None  # nothing to fix
    run_sql(place["url"], ["DROP TABLE copy"])
    make_repository(folder, {"001_Start.py": START, "002_More.py": "def upgrade(op): pass\ndef downgrade(op): pass\n"})
    with pytest.raises(UsageError, match="a script written now would come after those still to run"):
        call_command("check", fix="adopt", **place)
    with pytest.raises(UsageError, match="«mend» is no remedy"):
        call_command("check", fix="mend", **place)
    with pytest.raises(UsageError, match="that is not checked"):
        call_command("check", fix="adopt", only="scripts", **place)
    assert sorted(path.name for path in (folder / "versions").iterdir()) == ["001_Start.py", "002_More.py"]


def test_a_part_that_fails_hides_nothing_of_what_else_is_to_be_done_by_hand(
    mariadb_server: Server, fresh_database: FreshDatabase, portable: Path
) -> None:
    url = mariadb_server.url(fresh_database(mariadb_server))
    place = {"url": url, "repository": str(portable)}
    call_command("upgrade", **place)
    view = "CREATE VIEW broken AS SELECT id FROM lent"
    made = ["CREATE SEQUENCE numbers", "CREATE PROCEDURE p() SELECT 1", "CREATE TABLE lent (id INT)", view]
    run_sql(url, [*made, "DROP TABLE lent", "ALTER TABLE author ADD note text"])
    report = call_command("check", fix="adopt", **place)
    told = "\n".join(report.fix.by_hand)
    for words in ("it fails: (1146)", "procedure p is not made", "the sequence numbers has no form here"):
        assert words in told
    text = report.fix.path.read_text(encoding="utf-8")
    assert 'op.add_column("author"' in text and 'op.create_table("numbers"' not in text
