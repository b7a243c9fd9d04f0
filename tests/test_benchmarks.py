"""The benchmarks still run: each case at a small size, its own check of the work done included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cases import Bench, Sizes
from benchmarks.places import place

ROOT = Path(__file__).resolve().parent.parent
SMALL = "--few 2 --many 4 --climb 3 --tables 3 --scripts 4 --rounds 1".split()
ALL = os.environ.get("ALL_BENCHMARKS") == "1"


def benchmark(*options: str) -> str:
    """What `scripts/benchmark` prints with these options."""
    command = [sys.executable, "-m", "benchmarks", *SMALL, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_comparison_with_alembic_runs_on_sqlite() -> None:
    shown = benchmark("--here", "--places", "sqlite", "--only", "from-empty,schema")
    assert "SQLite" in shown and "alembic 1." in shown
    rows = [
        line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("| ") and "processor" not in line
    ]
    assert [*rows[:2], *rows[-2:]] == ["alembic", "giveaminute", "MetaData.reflect()", "ours"]


@pytest.mark.skipif(not ALL, reason="set ALL_BENCHMARKS=1 to try every case with every peer, from PyPI; a minute")
def test_every_comparison_runs_with_every_peer() -> None:
    shown = benchmark()
    assert shown.count("### ") == 11  # a new install has nothing to compare with on SQLite
    assert all(name in shown for name in ("alembic", "Django", "yoyo", "MariaDB", "mariadb < models.sql"))


def test_work_that_was_not_done_is_seen(tmp_path: Path) -> None:
    with place("sqlite", tmp_path / "databases") as here:
        bench = Bench(here, tmp_path, None, Sizes(), [])
        way = bench.way(bench.ours, "x", 2)
        way.once()
        here.run("x", ["UPDATE migrate_version SET version = 1"])
        with pytest.raises(AssertionError):
            way.check()
        here.run("x", ["UPDATE migrate_version SET version = 2", "DROP TABLE t00001"])
        with pytest.raises(AssertionError):
            way.check()
