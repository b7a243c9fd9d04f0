"""The lint on seeded migrations: what is bad is found at its line, what is good raises no alarm."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning.lint import LintReport, lint_versions
from giveaminute.versioning.linting.rules import RULES
from giveaminute.versioning.repository import Repository
from tests.repositories import make_repository
from tests.versioning.lint_cases import BAD, BEFORE, GOOD, PARENT, TOO_LARGE, Case

HEADER = "import sqlalchemy as sa\n\n\n"
NO_WAY_BACK = 'irreversible = "a test"\n'


def scripts(cases: Sequence[Case]) -> dict[str, str]:
    """Migration 1 makes a table for each case, those from 2 on are the cases."""
    made = "".join(BEFORE.replace("{t}", f"t{number}") for number in range(len(cases)))
    views = "".join(
        f'    op.execute("CREATE VIEW t{number}_view AS SELECT id FROM t{number}")\n'
        for number, case in enumerate(cases)
        if "_view" in case.body
    )
    files = {"001_Before.py": f"{HEADER}{NO_WAY_BACK}def upgrade(op):\n{PARENT}{made}{views}"}
    for number, case in enumerate(cases):
        name, body = f"{number + 2:03d}_{case.name}", case.body.replace("{t}", f"t{number}")
        if case.is_sql:
            files |= {f"{name}_default_upgrade.sql": body, f"{name}_default_downgrade.sql": "SELECT 1;"}
        else:
            top = case.top.replace("{{", "{").replace("}}", "}").replace("{t}", f"t{number}")
            downgrade = "def downgrade(op):\n    pass\n"
            function = f"def upgrade(op):\n{textwrap.indent(body, '    ')}\n"
            files[f"{name}.py"] = f"{HEADER}{top}\n{downgrade}{function}"
    return files


def first_line(case: Case) -> int:
    """The line before the first one of the body."""
    return 0 if case.is_sql else 3 + 1 + 2 + 1


def found(report: LintReport, cases: Sequence[Case]) -> dict[str, list[str]]:
    """What was found in each case, as `line: rule`, lines counted from its body on."""
    return {
        case.name: sorted(
            f"{(each.line or 0) - first_line(case)}: {each.rule}" for each in linted.findings if each.silenced is None
        )
        for case, linted in zip(cases, report.linted, strict=True)
    }


def linted(url: str, folder: Path, files: Mapping[str, str], first: int, last: int) -> LintReport:
    return lint_versions(parse_url(url), Repository(make_repository(folder, files)), first, last)


@pytest.mark.parametrize("cases", [BAD, GOOD], ids=["bad", "good"])
def test_what_is_bad_is_found_at_its_line_and_what_is_good_raises_no_alarm(
    database_url: str, tmp_path: Path, cases: tuple[Case, ...]
) -> None:
    family = parse_url(database_url).family
    some = [case for case in cases if case.on in ("", family)]
    report = linted(database_url, tmp_path / "r", scripts(some), 2, len(some) + 1)
    assert report.failure is None, report.failure
    expected = {case.name: case.expected(family) for case in some}
    actual = found(report, some)
    assert {name: each for name, each in actual.items() if each != expected[name]} == {}


def test_what_is_too_large_is_found_whether_a_server_refuses_it_or_not(database_url: str, tmp_path: Path) -> None:
    family = parse_url(database_url).family
    for case in TOO_LARGE:
        if case.on in ("", family):
            report = linted(database_url, tmp_path / "r", scripts([case]), 2, 2)
            assert found(report, [case]) == {case.name: case.expected(family)}


def test_there_are_three_bad_migrations_for_each_rule() -> None:
    for rule in RULES:
        assert sum(rule in " ".join(case.found) for case in (*BAD, *TOO_LARGE)) >= 3
