"""Definitions as text: cut at the right places, and whole again."""

from __future__ import annotations

import pytest

from giveaminute.versioning.dialects.definition import MYSQL, SQLITE, Grammar, column, sqlite_table


@pytest.mark.parametrize(
    ("grammar", "text", "name", "type_", "clauses"),
    [
        (SQLITE, "a", "a", "", []),
        (SQLITE, "a INT", "a", "INT", []),
        (
            SQLITE,
            ' -- c\n "a ""b"  DOUBLE PRECISION (1, 2) /* x */ NULL',
            'a "b',
            "DOUBLE PRECISION (1, 2) /* x */",
            ["NULL"],
        ),
        (SQLITE, "[a] PRIMARY KEY ASC ON CONFLICT FAIL AUTOINCREMENT NOT NULL", "a", "", ["PRIMARY", "NOT"]),
        (SQLITE, "a INT DEFAULT NULL NULL", "a", "INT", ["DEFAULT", "NULL"]),
        (SQLITE, "a INT DEFAULT -1 NOT NULL ON CONFLICT IGNORE", "a", "INT", ["DEFAULT", "NOT"]),
        (SQLITE, "a INT DEFAULT 'NOT NULL' UNIQUE", "a", "INT", ["DEFAULT", "UNIQUE"]),
        (SQLITE, "a INT DEFAULT (NULL NOT NULL)CHECK(a NOT NULL)", "a", "INT", ["DEFAULT", "CHECK"]),
        (
            SQLITE,
            "a REFERENCES b ON DELETE SET NULL ON UPDATE SET DEFAULT NOT DEFERRABLE NOT NULL",
            "a",
            "",
            ["REFERENCES", "NOT"],
        ),
        (SQLITE, "a INT CONSTRAINT x CHECK (1) CONSTRAINT 'check' NOT NULL", "a", "INT", ["CHECK", "NOT"]),
        (SQLITE, "a INT GENERATED ALWAYS AS (b) STORED NOT NULL", "a", "INT", ["GENERATED", "NOT"]),
        (SQLITE, "a AS (b) VIRTUAL COLLATE NOCASE", "a", "", ["AS", "COLLATE"]),
        (SQLITE, "ünïcode TEXT COLLATE NOCASE", "ünïcode", "TEXT", ["COLLATE"]),
        (MYSQL, "  `a``b` int(10) unsigned zerofill DEFAULT NULL", "a`b", "int(10) unsigned zerofill", ["DEFAULT"]),
        (
            MYSQL,
            "`a` varchar(9) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT ''",
            "a",
            "varchar(9)",
            ["CHARACTER", "COLLATE", "NOT", "DEFAULT"],
        ),
        (
            MYSQL,
            r"`a` enum('NOT NULL','it''s\' COMMENT ,') COMMENT 'DEFAULT \\'",
            "a",
            r"enum('NOT NULL','it''s\' COMMENT ,')",
            ["COMMENT"],
        ),
        (
            MYSQL,
            "`a` timestamp NULL DEFAULT NULL ON UPDATE current_timestamp()",
            "a",
            "timestamp",
            ["NULL", "DEFAULT", "ON"],
        ),
        (MYSQL, "`a` int GENERATED ALWAYS AS ((`b` is not null)) VIRTUAL NOT NULL", "a", "int", ["GENERATED", "NOT"]),
        (
            MYSQL,
            "`a` longtext COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`a`))",
            "a",
            "longtext",
            ["COLLATE", "DEFAULT", "CHECK"],
        ),
        (MYSQL, "`a` int /*!80023 INVISIBLE */ AUTO_INCREMENT", "a", "int", ["CODE", "AUTO_INCREMENT"]),
    ],
)
def test_a_column_is_cut_into_its_clauses(
    grammar: Grammar, text: str, name: str, type_: str, clauses: list[str]
) -> None:
    found = column(text, grammar)
    assert (found.name, found.type.strip(), [clause.kind for clause in found.clauses]) == (name, type_, clauses)
    assert str(found) == text


def test_a_clause_keeps_the_name_of_its_constraint() -> None:
    found = column("a INT CONSTRAINT x CHECK (1) CONSTRAINT [y z] UNIQUE NULL", SQLITE)
    assert [(clause.kind, clause.name) for clause in found.clauses] == [
        ("CHECK", "x"),
        ("UNIQUE", "y z"),
        ("NULL", None),
    ]


def test_clauses_are_put_replaced_and_dropped() -> None:
    found = column("`a` int DEFAULT 1 CHECK (`a` > 0)", MYSQL)
    assert found.clause("DEFAULT") == "DEFAULT 1" and found.clause("COMMENT") is None
    assert str(found.put("DEFAULT", "DEFAULT 2")).split() == "`a` int DEFAULT 2 CHECK (`a` > 0)".split()
    assert str(found.put("COMMENT", "COMMENT ''")).split() == "`a` int DEFAULT 1 COMMENT '' CHECK (`a` > 0)".split()
    assert str(found.put("DEFAULT", None)) == "`a` int CHECK (`a` > 0)"


SQL = """CREATE TABLE "a(b" ( -- one, (
  id INTEGER, "check" TEXT DEFAULT ',)', -- two,
  PRIMARY KEY (id, "check" DESC), CONSTRAINT 'x' UNIQUE ([id]) ON CONFLICT FAIL,
  FOREIGN KEY (id) REFERENCES b (c) /* ) */
) WITHOUT ROWID"""


def test_a_table_is_cut_into_items_and_whole_again() -> None:
    table = sqlite_table(SQL)
    assert str(table) == SQL
    assert [each.name for each in table.columns] == ["id", "check"]
    assert [(each.kind, each.name, each.columns) for each in table.constraints] == [
        ("PRIMARY", None, ("id", "check")),
        ("UNIQUE", "x", ("id",)),
        ("FOREIGN", None, ("id",)),
    ]
    assert table.column("CHECK") is table.columns[1] and table.column("x") is None


def test_constraints_without_a_comma_between_them_are_told_apart() -> None:
    table = sqlite_table("CREATE TABLE t (a, UNIQUE (a) CHECK (a > 0) CONSTRAINT primary_ PRIMARY KEY (a))")
    assert [(each.kind, each.name) for each in table.constraints] == [
        ("UNIQUE", None),
        ("CHECK", None),
        ("PRIMARY", "primary_"),
    ]


def test_open_parentheses_are_an_error() -> None:
    with pytest.raises(ValueError, match="left open"):
        sqlite_table("CREATE TABLE t (a, b")
