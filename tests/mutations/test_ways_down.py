"""A rehearsal names every defect in a way down, or in a way up that no way down can make good; and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from random import Random

import pytest

from tests.mutations.bench import Bench
from tests.mutations.moves import MOVES
from tests.mutations.seeding import FAMILIES, MARIADB, MYSQL, SQLITE, Defect, originals
from tests.mutations.ways_down import DOWNGRADES
from tests.mutations.ways_down_later import LATER_DOWNGRADES
from tests.mutations.zoo import SCRIPTS as ZOO

DEFECTS = (*DOWNGRADES, *LATER_DOWNGRADES, *MOVES)
SAMPLED = 24
"""On MySQL, where a statement of DDL takes ten times as long, only so many are tried; all with ALL_MUTATIONS=1."""
SHARE = {SQLITE: 3, MARIADB: 6}
"""Elsewhere one of so many; and on MariaDB all that mean nothing on SQLite."""


def chosen(family: str) -> Sequence[Defect]:
    """The defects to try on this family: all, or a sample that is the same at every run."""
    if os.environ.get("ALL_MUTATIONS") == "1":
        return DEFECTS
    if family == MYSQL:
        return Random(SAMPLED).sample(DEFECTS, SAMPLED)
    everywhere = [each for each in DEFECTS if each.pattern(SQLITE) is not None]
    drawn = set(map(id, Random(family).sample(everywhere, len(everywhere) // SHARE[family])))
    alone = family != SQLITE
    return [each for each in DEFECTS if id(each) in drawn or (alone and each.pattern(SQLITE) is None)]


def tried(family: str) -> list[int]:
    """The scripts to try as they are: on a server those that ours lack, since test_rehearsal tries ours there."""
    everything = family == SQLITE or os.environ.get("ALL_MUTATIONS") == "1"
    extra = {int(name[:3]) for name in ZOO} | {defect.script for defect in DEFECTS if defect.without_keys}
    return [number for number in originals() if everything or number in extra]


ORIGINALS = [pytest.param(family, each, id=f"{family}-{each}") for family in FAMILIES for each in tried(family)]
CASES = [pytest.param(family, each, id=f"{family}-{each}") for family in FAMILIES for each in chosen(family)]


@pytest.mark.parametrize(("bench", "script"), ORIGINALS, indirect=["bench"])
def test_the_scripts_as_they_are_raise_no_alarm(bench: Bench, script: int) -> None:
    assert bench.told(script) == []
    if script in {defect.script for defect in DEFECTS if defect.without_keys}:
        assert bench.told(script, without_keys=True) == []


@pytest.mark.parametrize(("bench", "defect"), CASES, indirect=["bench"])
def test_a_rehearsal_names_the_defect(bench: Bench, defect: Defect) -> None:
    pattern = defect.pattern(bench.family)
    told = bench.told(defect.script, defect.edits, without_keys=defect.without_keys)
    if pattern is None:
        assert told == []
    else:
        assert [words for words in told if re.search(pattern, words)], told


def test_there_are_enough_defects_and_each_has_a_name_of_its_own() -> None:
    assert len({str(defect) for defect in DEFECTS}) == len(DEFECTS) > 150
