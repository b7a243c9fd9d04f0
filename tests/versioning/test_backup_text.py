"""A dump as text: rows counted however it is cut, statements told apart, definers changed and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giveaminute.settings import parse_url
from giveaminute.versioning.backups.dumptext import COMPLETE, RowCount, Tally, pieces, without_sandbox
from giveaminute.versioning.backups.programs import MARIADB, MYSQL, Access, Program, option_file, quoted
from giveaminute.versioning.backups.rewriting import EVERYTHING, PROGRAMS, Definers, Part, part, rewritten

ESCAPES = {0: b"\\0", 10: b"\\n", 13: b"\\r", 92: b"\\\\", 39: b"\\'", 34: b'\\"', 26: b"\\Z"}

texts = st.lists(st.sampled_from(list(b"\\'\"(),;\n\r\0\x1abn0tx\xc3\xa9")), max_size=12).map(bytes)
values = st.one_of(st.sampled_from([b"NULL", b"-1.5e10", b"0x27295C"]), texts.map(lambda raw: b"'%b'" % escaped(raw)))
rows = st.lists(values, min_size=1, max_size=4).map(lambda row: b"(%b)" % b",".join(row))
inserts = st.lists(rows, min_size=1, max_size=5)


def escaped(raw: bytes) -> bytes:
    """As mysql_real_escape_string has it."""
    return b"".join(ESCAPES.get(byte, bytes([byte])) for byte in raw)


def cut(text: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(place % (len(text) + 1) for place in places)
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


@given(st.lists(inserts, max_size=4), st.booleans(), st.lists(st.integers(0), max_size=8))
def test_rows_are_counted_whatever_is_in_them_and_wherever_they_are_cut(
    statements: list[list[bytes]], lines: bool, places: list[int]
) -> None:
    between, begin = (b",\n", b" VALUES\n") if lines else (b",", b" (`a`, `b`) VALUES ")
    text = b"".join(b"INSERT INTO `t`" + begin + between.join(rows) + b";\n" for rows in statements)
    count = RowCount()
    for piece in cut(text, places):
        count.add(piece)
    assert count.rows == sum(map(len, statements))


DUMP = (
    b"/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE `a``b` (x int);\n\nLOCK TABLES `a``b` WRITE;\n"
    b"INSERT INTO `a``b` VALUES (1),(2);\nUNLOCK TABLES;\nCREATE VIEW v AS SELECT 1;\n\n"
    b"LOCK TABLES `c` WRITE;\nUNLOCK TABLES;\nLOCK TABLES `d` WRITE;\nINSERT INTO `d` VALUES\n(1,'UNLOCK TABLES;'),\n"
    b"(2,'\\nLOCK TABLES `e` WRITE;\\n');\nUNLOCK TABLES;\n\n" + COMPLETE
)


@given(st.lists(st.integers(0), max_size=12))
def test_tables_are_told_apart_wherever_the_dump_is_cut(places: list[int]) -> None:
    found = list(pieces(cut(DUMP, places)))
    assert b"".join(piece.text for piece in found) == DUMP
    assert [name for name in dict.fromkeys(piece.table for piece in found) if name] == ["a`b", "c", "d"]
    tally = Tally()
    assert b"".join(tally.watch(cut(DUMP, places))) == DUMP
    assert tally.rows == {"a`b": 2, "c": 0, "d": 2} and tally.complete
    assert all(b"INSERT" not in piece.text for piece in found if piece.table is None)


@pytest.mark.parametrize("end", [1, 2, len(COMPLETE), len(COMPLETE) + 30])
def test_a_dump_without_its_last_line_is_not_complete(end: int) -> None:
    tally = Tally()
    assert list(tally.watch([DUMP[:-end]])) != []
    assert not tally.complete


@pytest.mark.parametrize(
    "line", [b"/*M!999999\\- enable the sandbox mode */ \n", b"/*!999999\\- enable the sandbox mode */\n", b""]
)
def test_the_sandbox_line_is_dropped_and_nothing_else(line: bytes) -> None:
    text = line + b"-- dump\n/*M!999999\\- enable the sandbox mode */ \n"
    rest = b"-- dump\n/*M!999999\\- enable the sandbox mode */ \n"
    for size in (1, 7, 1000):
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        assert b"".join(without_sandbox(chunks)) == rest
    assert b"".join(without_sandbox([])) == b""


def of_nobody() -> Definers:
    return Definers(lambda account: False)


@pytest.mark.parametrize(
    ("statement", "becomes"),
    [
        (
            "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW"
            " SET NEW.b = 'DEFINER=`root`@`localhost`' */",
            "/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW"
            " SET NEW.b = 'DEFINER=`root`@`localhost`' */",
        ),
        (
            "CREATE DEFINER=`a``@b`@`10.%` PROCEDURE `p`()\nSELECT 'DEFINER=`x`@`y`'",
            "CREATE DEFINER=CURRENT_USER PROCEDURE `p`()\nSELECT 'DEFINER=`x`@`y`'",
        ),
        (
            "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`view`@`%` SQL SECURITY DEFINER */\n"
            "/*!50001 VIEW `v` AS SELECT 1 AS `DEFINER` */",
            "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=CURRENT_USER SQL SECURITY DEFINER */\n"
            "/*!50001 VIEW `v` AS SELECT 1 AS `DEFINER` */",
        ),
        ("CREATE DEFINER=`role` FUNCTION f() RETURN 1", "CREATE DEFINER=CURRENT_USER FUNCTION f() RETURN 1"),
        ("CREATE PROCEDURE `DEFINER`() SELECT 1", "CREATE PROCEDURE `DEFINER`() SELECT 1"),
        ("/*!50001 DROP VIEW IF EXISTS `v`*/", "/*!50001 DROP VIEW IF EXISTS `v`*/"),
    ],
)  # fmt: skip
def test_the_definer_is_replaced_and_nothing_that_looks_like_one(statement: str, becomes: str) -> None:
    assert of_nobody().settle(statement) == becomes


def test_a_definer_that_may_stay_stays_and_others_are_counted() -> None:
    seen = []
    definers = Definers(lambda account: seen.append(account) or account == ("me", "%"))  # type: ignore[func-returns-value]
    for user in ("me", "you", "a`b"):
        definers.settle(f"CREATE DEFINER=`{user.replace('`', '``')}`@`%` PROCEDURE p() SELECT 1")
    assert seen == [("me", "%"), ("you", "%"), ("a`b", "%")] and definers.changed == 2


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("/*!50003 SET sql_mode = 'ANSI' */", Part.SETTING),
        ("SET @view = 1", Part.SETTING),
        ("DROP TABLE IF EXISTS `view`", Part.TABLE),
        ("/*!50001 CREATE VIEW `table` AS SELECT 1 AS `a`*/", Part.VIEW),
        ("/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`b`*/ /*!50106 EVENT e ON SCHEDULE EVERY 1 DAY DO x */", Part.EVENT),
        ("/*!50003 DROP PROCEDURE IF EXISTS `p` */", Part.ROUTINE),
        ("CREATE DEFINER=`a`@`b` PACKAGE BODY x AS END", Part.ROUTINE),
        ("CREATE SEQUENCE `s` start with 1", Part.TABLE),
        ("DO SETVAL(`s`, 5, 0)", Part.TABLE),
        ("ALTER DATABASE `x` CHARACTER SET latin1", Part.DATABASE),
    ],
)  # fmt: skip
def test_statements_are_told_apart(statement: str, kind: Part) -> None:
    assert part(statement) is kind


def test_a_statement_about_the_database_is_about_whichever_it_is_loaded_into() -> None:
    text = b"ALTER DATABASE `change``by us` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\n"
    assert (
        rewritten(text, EVERYTHING, of_nobody()) == b"ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci;\n"
    )


def test_bytes_line_ends_and_delimiters_in_bodies_survive() -> None:
    body = b"CREATE PROCEDURE p()\r\nBEGIN\r\n  -- \xff; ;; $$ // ~~\r\n  SELECT '\xe9';\r\nEND"
    text = b"SET a = 1;\nDELIMITER ;;\n" + body + b" ;;\nDELIMITER ;\nDROP TABLE t;\n"
    assert rewritten(text, PROGRAMS, of_nobody()) == (
        b"SET a = 1;\nDELIMITER $end1$\n" + body + b"\n$end1$\nDELIMITER ;\n"
    )


def test_the_option_file_says_where_and_who() -> None:
    url = parse_url("mysql://u%22:p%23%5C%0A%20@h:3307/d?ssl_ca=/ca.pem")
    way = Access(url, "h", 3307, None, True)
    mine = Program("/usr/bin/mariadb", MARIADB, (10, 11, 19))
    assert option_file(way, mine).splitlines() == [
        "[client]", r'user="u\""', r'password="p#\\\n "', 'host="h"', "port=3307", "protocol=tcp", "ssl",
        "skip-ssl-verify-server-cert", 'ssl-ca="/ca.pem"',
    ]  # fmt: skip
    theirs = Program("/usr/bin/mysql", MYSQL, (9, 7, 4))
    assert "ssl-mode=VERIFY_CA" in option_file(way, theirs)
    local = Access(parse_url("mysql://u@/d?unix_socket=/s"), "localhost", 3306, "/s", False)
    assert 'socket="/s"\nprotocol=socket\nskip-ssl\n' in option_file(local, mine)
    assert quoted("") == '""'
