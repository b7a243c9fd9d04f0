"""Whether a statement in doubt took effect, decided by what it touches before and now."""

from __future__ import annotations

import pytest

from giveaminute.versioning.doubt import ABSENT, HAS_ROWS, Evidence, Verdict, again, decide
from giveaminute.versioning.proving import compared

ADD = "ALTER TABLE t ADD COLUMN a INT"
SWAP = "RENAME TABLE a TO c, b TO a, c TO b"


def evidence(server: str = "10.11.19", **definitions: str) -> Evidence:
    return Evidence(server, {f"table//{name}": text for name, text in definitions.items()})


@pytest.mark.parametrize(
    ("statement", "before", "now", "verdict"),
    [
        (ADD, evidence(t="old"), evidence(t="old"), Verdict.NOT_APPLIED),
        (ADD, evidence(t="old"), evidence(t="new"), Verdict.APPLIED),
        ("CREATE TABLE t (a INT)", evidence(t=ABSENT), evidence(t=ABSENT), Verdict.NOT_APPLIED),
        ("CREATE TABLE t (a INT)", evidence(t=ABSENT), evidence(t="new"), Verdict.APPLIED),
        ("DROP TABLE a, b", evidence(a="x", b="y"), evidence(a=ABSENT, b=ABSENT), Verdict.APPLIED),
        ("DROP TABLE a, b", evidence(a="x", b="y"), evidence(a=ABSENT, b="y"), Verdict.IN_PART),
        ("DROP TABLE  IF EXISTS a, b", evidence(a="x", b="y"), evidence(a=ABSENT, b="y"), Verdict.IN_PART),
        ("/* two */ DROP TABLE a, b", evidence(a="x", b="y"), evidence(a=ABSENT, b="y"), Verdict.IN_PART),
        ("DROP SEQUENCE a, b", evidence(a="x", b="y"), evidence(a=ABSENT, b="y"), Verdict.IN_PART),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", evidence(t="old"), evidence(t=ABSENT), Verdict.NOT_APPLIED),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", evidence(t="old"), evidence(t="new"), Verdict.APPLIED),
        ("TRUNCATE TABLE t", evidence(t=f"old{HAS_ROWS}"), evidence(t="old"), Verdict.APPLIED),
        ("TRUNCATE TABLE t", evidence(t=f"old{HAS_ROWS}"), evidence(t=f"old{HAS_ROWS}"), Verdict.UNKNOWN),
        ("TRUNCATE TABLE t", evidence(t="old"), evidence(t="old"), Verdict.NOT_APPLIED),
        ("DROP INDEX i ON t", evidence(t="with"), evidence(t="without"), Verdict.APPLIED),
        (SWAP, evidence(a="x", b="y", c=ABSENT), evidence(a="y", b="x", c=ABSENT), Verdict.APPLIED),
        (SWAP, evidence(a="x", b="y", c=ABSENT), evidence(a="x", b="y", c=ABSENT), Verdict.NOT_APPLIED),
        (SWAP, evidence(a="x", b="x", c=ABSENT), evidence(a="x", b="x", c=ABSENT), Verdict.UNKNOWN),
        (
            "RENAME TABLE a TO c, b TO d",
            evidence(a="x", b="x", c=ABSENT, d=ABSENT),
            evidence(a="x", b="x", c=ABSENT, d=ABSENT),
            Verdict.NOT_APPLIED,
        ),
        (ADD, evidence("10.11.19", t="old"), evidence("11.4.2", t="spelled anew"), Verdict.UNKNOWN),
        (ADD, None, evidence(t="new"), Verdict.UNKNOWN),
        (ADD, evidence(t="old"), None, Verdict.UNKNOWN),
        ("OPTIMIZE TABLE t", None, None, Verdict.NOT_APPLIED),
        ("CALL p()", None, None, Verdict.UNKNOWN),
    ],
)
def test_what_is_known(statement: str, before: Evidence | None, now: Evidence | None, verdict: Verdict) -> None:
    assert decide(statement, before, now) is verdict


@pytest.mark.parametrize(
    ("statement", "sent"),
    [
        ("DROP TABLE a, b", "DROP TABLE IF EXISTS a , b"),
        ("drop view v", "drop view IF EXISTS v"),
        ("DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS a"),
        ("DROP TABLE\n  IF  EXISTS `a b`, c", "DROP TABLE\n  IF  EXISTS `a b`, c"),
        ("/* note */ DROP TABLE `a b`, c", "DROP TABLE IF EXISTS `a b` , c"),
        ("DROP INDEX i ON t", "DROP INDEX i ON t"),
        (ADD, ADD),
    ],
)
def test_a_drop_that_is_sent_again_passes_over_what_is_gone(statement: str, sent: str) -> None:
    assert again(statement) == sent


@pytest.mark.parametrize(
    ("before", "after", "now", "verdict"),
    [
        ("(\n a int,\n b int\n)", "(\n a int,\n b int,\n c int\n)", "(\n a int,\n b int,\n c int\n)", Verdict.APPLIED),
        (
            "(\n a int,\n b int\n)",
            "(\n a int,\n b int,\n c int\n)",
            "(\n a int,\n b int,\n c int,\n d int\n)",
            Verdict.APPLIED,
        ),
        (
            "(\n a int,\n b int\n)",
            "(\n a int,\n b int,\n c int\n)",
            "(\n a int,\n b int,\n d int\n)",
            Verdict.NOT_APPLIED,
        ),
        ("(\n a int,\n b int\n)", "(\n a int\n)", "(\n a int,\n d int\n)", Verdict.APPLIED),
        ("(\n a int,\n b int\n)", "(\n a int\n)", "(\n a int,\n b int,\n d int\n)", Verdict.NOT_APPLIED),
        ("(\n a int\n)", "(\n a bigint\n)", "(\n a char\n)", Verdict.UNKNOWN),
        ("(\n a int,\n b int\n)", "(\n b int,\n a int\n)", "(\n a int,\n b int,\n c int\n)", Verdict.UNKNOWN),
    ],
)
def test_a_change_is_known_by_its_lines(before: str, after: str, now: str, verdict: Verdict) -> None:
    assert compared(before, after, now) is verdict


def test_evidence_survives_the_journal() -> None:
    found = evidence(t="CREATE TABLE `?` (\n  `é` varchar(3) DEFAULT 'ü\"'\n)")
    assert Evidence.from_json(found.to_json()) == found
