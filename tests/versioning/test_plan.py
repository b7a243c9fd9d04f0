"""The plan: scripts, the version now and a target make the steps, or a refusal."""

from __future__ import annotations

import pytest

from giveaminute.errors import DatabaseAhead, ExitCode, MigrationToolError, UsageError
from giveaminute.versioning.plan import downgrade_steps, target_version, upgrade_steps
from giveaminute.versioning.repository import Direction, Script

SCRIPTS = {number: Script(number, f"title {number}") for number in range(1, 6)}


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        (None, 2, 5), ("head", 2, 5), ("head", 5, 5), ("0", 2, 0), ("5", 2, 5), ("3", 3, 3), ("003", 0, 3),
        ("+0", 2, 2), ("+1", 2, 3), ("+3", 2, 5), ("-0", 2, 2), ("-1", 2, 1), ("-2", 2, 0), ("+5", 0, 5), ("-5", 5, 0),
    ],
)  # fmt: skip
def test_a_target_is_a_version(text: str | None, current: int, expected: int) -> None:
    assert target_version(text, current, 5) == expected


@pytest.mark.parametrize(
    ("text", "current", "words"),
    [
        ("6", 0, "Version 6 does not exist"),
        ("999999999", 0, "Version 999999999 does not exist"),
        ("9999999999", 0, "«9999999999» is no version"),
        ("+4", 2, "+4 from 2 is 6, and version 6 does not exist"),
        ("-3", 2, "-3 from 2 is -1, and version -1 does not exist"),
        ("+1", 5, "+1 from 5 is 6"),
        ("", 2, "«» is no version"),
        ("HEAD", 2, "«HEAD» is no version"),
        ("three", 2, "«three» is no version"),
        ("1.0", 2, "«1.0» is no version"),
        ("++1", 2, "«++1» is no version"),
        ("1 ", 2, "«1 » is no version"),
        ("1\n", 2, "is no version"),
        ("٣", 2, "«٣» is no version"),
        ("0x3", 2, "«0x3» is no version"),
    ],
)
def test_what_is_no_version_is_told_with_those_that_are(text: str, current: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        target_version(text, current, 5)
    assert words in caught.value.message
    assert caught.value.remedy and "5" in caught.value.remedy and caught.value.exit_code == ExitCode.USAGE


def test_with_no_scripts_there_is_version_0_only() -> None:
    assert target_version(None, 0, 0) == target_version("0", 0, 0) == 0
    assert upgrade_steps({}, 0, 0) == downgrade_steps({}, 0, 0) == ()
    with pytest.raises(UsageError):
        target_version("1", 0, 0)


@pytest.mark.parametrize(
    ("current", "target", "steps"),
    [
        (0, 0, []), (5, 5, []), (0, 1, [(1, 0, 1)]), (4, 5, [(5, 4, 5)]), (2, 4, [(3, 2, 3), (4, 3, 4)]),
        (0, 5, [(1, 0, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4), (5, 4, 5)]),
    ],
)  # fmt: skip
def test_upgrade_steps_go_up_one_by_one(current: int, target: int, steps: list[tuple[int, int, int]]) -> None:
    found = upgrade_steps(SCRIPTS, current, target)
    assert [(step.script.number, step.before, step.after) for step in found] == steps
    assert all(step.script is SCRIPTS[step.after] and step.direction is Direction.UPGRADE for step in found)


@pytest.mark.parametrize(
    ("current", "target", "steps"),
    [
        (0, 0, []), (5, 5, []), (1, 0, [(1, 1, 0)]), (5, 4, [(5, 5, 4)]), (4, 2, [(4, 4, 3), (3, 3, 2)]),
        (5, 0, [(5, 5, 4), (4, 4, 3), (3, 3, 2), (2, 2, 1), (1, 1, 0)]),
    ],
)  # fmt: skip
def test_downgrade_steps_go_down_one_by_one(current: int, target: int, steps: list[tuple[int, int, int]]) -> None:
    found = downgrade_steps(SCRIPTS, current, target)
    assert [(step.script.number, step.before, step.after) for step in found] == steps
    assert all(step.script is SCRIPTS[step.before] and step.direction is Direction.DOWNGRADE for step in found)


@pytest.mark.parametrize(
    ("plan", "current", "target", "error", "remedy"),
    [
        (upgrade_steps, 4, 3, UsageError, "invoke downgrade 3"),
        (downgrade_steps, 3, 4, UsageError, "invoke upgrade --version 4"),
        (upgrade_steps, 6, 5, DatabaseAhead, "git pull"),
        (upgrade_steps, 7, 7, DatabaseAhead, "git pull"),
        (downgrade_steps, 6, 0, DatabaseAhead, "git pull"),
    ],
)
def test_the_other_way_and_a_database_ahead_are_refused(
    plan: object, current: int, target: int, error: type[MigrationToolError], remedy: str
) -> None:
    assert callable(plan)
    with pytest.raises(error) as caught:
        plan(SCRIPTS, current, target)
    assert str(current) in caught.value.message and remedy in str(caught.value.remedy)
