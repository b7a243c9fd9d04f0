"""The rows of a rehearsal: every end of every type that the servers have is really there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.filling import fill
from tests.conftest import FreshDatabase
from tests.servers import Server


def filled(url: str, *statements: str) -> Database:
    database = Database(parse_url(url), read_only=False)
    for statement in statements:
        database.send(statement)
    fill(database, database.dialect.read_schema(database).without())
    return database


def values(url: str, declared: str, told: str = "c") -> list[Any]:
    """What a column of this type holds after filling, as `told` shows it in UTC."""
    database = filled(url, f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, c {declared})")
    try:
        if database.dialect.name == "mysql":
            database.execute("SET SESSION time_zone = '+00:00'")
        return [value for (value,) in database.query(f"SELECT {told} FROM t")]
    finally:
        database.close()


ENDS: dict[str, tuple[str, set[Any]]] = {
    "TINYINT": ("c", {127, -128, 0, None}),
    "TINYINT UNSIGNED": ("c", {255, 0, None}),
    "TINYINT(1)": ("c", {0, 1, None}),
    "SMALLINT": ("c", {32767, -32768, 0, -1, None}),
    "MEDIUMINT UNSIGNED": ("c", {16777215, 0, None}),
    "INT NOT NULL": ("c", {2147483647, -2147483648, 0, -1}),
    "BIGINT": ("c", {2**63 - 1, -(2**63), 0, None}),
    "BIGINT UNSIGNED": ("c", {2**64 - 1, 0, None}),
    "DECIMAL(65,30)": ("c", {Decimal("9" * 35 + "." + "9" * 30), Decimal("-" + "9" * 35 + "." + "9" * 30), None}),
    "DECIMAL(5,2) UNSIGNED": ("c", {Decimal("999.99"), Decimal("0.01"), Decimal("0.00"), None}),
    "DECIMAL(3,0)": ("c", {Decimal(999), Decimal(-999), Decimal(0), None}),
    "DOUBLE": ("c", {1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308, 0.0, None}),
    "FLOAT": ("c > 3e38", {1, 0, None}),
    "FLOAT(7,3)": ("c", {1000.0, -1000.0, 0.001, None}),
    "BIT(1)": ("c + 0", {0, 1, None}),
    "BIT(64)": ("c + 0", {0, 2**64 - 1, None}),
    "YEAR": ("c + 0", {1901, 2155, 0, None}),
    "DATE": ("CAST(c AS CHAR)", {"0000-00-00", "1000-01-01", "9999-12-31", "2012-02-29", None}),
    "TIME(3)": ("CAST(c AS CHAR)", {"-838:59:59.000", "838:59:59.000", "12:30:00.123", None}),
    "DATETIME(6)": (
        "CAST(c AS CHAR)",
        {"0000-00-00 00:00:00.000000", "9999-12-31 23:59:59.000000", "2012-02-29 11:22:33.123456", None},
    ),
    "TIMESTAMP NULL": (
        "CAST(c AS CHAR)",
        {"0000-00-00 00:00:00", "1970-01-01 00:00:01", "2038-01-19 03:14:07", "2012-02-29 11:22:33", None},
    ),
    "ENUM('a', 'it''s', 'c')": ("CONCAT(c + 0, c)", {"0", "1a", "2it's", "3c", None}),
    "SET('x', 'y', 'z')": ("c", {"", "x", "x,y,z", None}),
    "CHAR(9)": ("LENGTH(c) = 0", {1, 0, None}),
    "BINARY(3)": ("HEX(c)", {"000000", "000102", None}),
    "BLOB": ("CONCAT(LENGTH(c), ':', HEX(LEFT(c, 2)))", {"65535:0001", "0:", "3:0020", None}),
    "TINYBLOB": ("LENGTH(c)", {255, 0, None}),
    "LONGBLOB": ("LENGTH(c) > 65535", {1, 0, None}),
    "POINT": ("ST_AsText(c)", {"POINT(1.5 -2.25)", "POINT(0 0)", None}),
    "GEOMETRY": ("ST_GeometryType(c)", {"POINT", "LINESTRING", "POLYGON", None}),
    "MULTIPOLYGON": ("ST_GeometryType(c)", {"MULTIPOLYGON", None}),
    "GEOMETRYCOLLECTION NOT NULL": ("ST_NumGeometries(c)", {2}),
}


@pytest.mark.parametrize("declared", ENDS)
def test_the_ends_of_each_type_are_there(mysql_family_url: str, declared: str) -> None:
    told, expected = ENDS[declared]
    assert expected <= set(values(mysql_family_url, declared, told))


@pytest.mark.parametrize(
    ("declared", "longest"),
    [("VARCHAR(30)", 30), ("TINYTEXT", 63), ("TEXT", 16_000), ("LONGTEXT", 16_500), ("CHAR(7)", 7)],
)
def test_texts_are_empty_long_accented_of_many_bytes_quoted_and_end_in_blanks(
    mysql_family_url: str, declared: str, longest: int
) -> None:
    found = values(mysql_family_url, f"{declared} CHARACTER SET utf8mb4")
    assert {"", None} <= set(found)
    assert max(len(text) for text in found if text is not None) >= longest
    assert any("é" in text for text in found if text)
    assert any("🎈" in text and "日" in text for text in found if text)
    assert any("'" in text and "\\" in text for text in found if text)
    assert any(text.endswith("  ") for text in found if text) == (declared != "CHAR(7)")
    assert any("\0" in text for text in found if text)


def test_a_charset_gets_what_it_can_hold(mysql_family_url: str) -> None:
    latin1 = values(mysql_family_url, "VARCHAR(300) CHARACTER SET latin1")
    assert any("ÿ" in text for text in latin1 if text)
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.send("DROP TABLE t")
    utf8 = values(mysql_family_url, "VARCHAR(300) CHARACTER SET utf8mb3")
    assert any("日" in text for text in utf8 if text)
    assert not any("🎈" in text for text in utf8 if text)
    assert len(latin1) >= 7
    assert len(utf8) >= 7


def test_json_holds_each_kind_of_value(mysql_family_url: str) -> None:
    kinds = set(values(mysql_family_url, "JSON", "JSON_TYPE(c)"))
    assert {"OBJECT", "ARRAY", "NULL", "STRING", "INTEGER", None} <= kinds


def test_types_that_only_mariadb_has(mariadb_server: Server, fresh_database: FreshDatabase) -> None:
    ends = {
        "UUID": "ffffffff-ffff-4fff-afff-ffffffffffff",
        "INET6": "::",
        "INET4": "255.255.255.255",
    }
    for declared, expected in ends.items():
        assert {expected, None} <= set(values(mariadb_server.url(fresh_database(mariadb_server)), declared))


def test_generated_columns_are_left_out_and_a_check_costs_only_the_values_that_it_refuses(database_url: str) -> None:
    database = filled(
        database_url,
        "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER CHECK (n > 0), word VARCHAR(20),"
        " twice INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL)",
    )
    found = database.query("SELECT n, word, twice - id * 2 FROM t")
    database.close()
    assert {n for n, _, _ in found} >= {3, None}
    assert max(n for n, _, _ in found if n is not None) >= 2**31 - 1
    assert {"", None} <= {word for _, word, _ in found}  # though their rows had a value that it refuses
    assert {rest for _, _, rest in found} == {0}


def test_rows_refer_to_rows_that_are_there_to_themselves_and_to_nothing(database_url: str) -> None:
    database = filled(
        database_url,
        "CREATE TABLE p (code VARCHAR(20) NOT NULL PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, p VARCHAR(20), must VARCHAR(20) NOT NULL, own INTEGER,"
        " FOREIGN KEY (p) REFERENCES p (code), FOREIGN KEY (must) REFERENCES p (code),"
        " FOREIGN KEY (own) REFERENCES c (id))",
    )
    found = database.query("SELECT p, must, own, id FROM c")
    parents = {code for (code,) in database.query("SELECT code FROM p")}
    database.close()
    assert len({len(code) for code in parents}) > 1
    assert {p for p, _, _, _ in found} > {None}
    assert {p for p, _, _, _ in found if p is not None} | {must for _, must, _, _ in found} <= parents
    assert {own for _, _, own, _ in found} & {number for _, _, _, number in found}
    assert None in {own for _, _, own, _ in found}


@pytest.mark.parametrize(
    "declared", ["VARCHAR(30)", "DATE", "DECIMAL(9,2)", "BINARY(8)", "INTEGER", "ENUM('a','b','c')"]
)
def test_a_unique_column_holds_different_values_and_may_be_null(mysql_family_url: str, declared: str) -> None:
    found = values(mysql_family_url, f"{declared} UNIQUE")
    assert None in found
    assert len([value for value in found if value is not None]) == len(set(found) - {None}) > 1


def test_they_are_the_same_at_every_run(mysql_family_url: str) -> None:
    declared = "VARCHAR(40)"
    first = values(mysql_family_url, declared, "CONCAT_WS('|', id, c)")
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.send("DROP TABLE t")
    assert values(mysql_family_url, declared, "CONCAT_WS('|', id, c)") == first


def test_sqlite_holds_its_widest_integers_and_texts(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    assert {2**63 - 1, -(2**63), 0, None} <= set(values(url, "INTEGER"))
    with opened(parse_url(url), read_only=False) as database:
        database.send("DROP TABLE t")
    assert {"", None} <= set(values(url, "TEXT"))
