"""Runs the ways to do a thing in turn, and prints their medians with the ratios."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tools import Command, clean_environment


@dataclass(frozen=True)
class Way:
    """One way to do it. `prepare` and `check` are not timed; `check` raises where the work was not done.

    `measured`: the command prints its own seconds, which count instead of its wall time.
    """

    name: str
    command: Command
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    check: Callable[[], None] = lambda: None
    stdin: Path | None = None
    measured: bool = False

    def seconds(self) -> float:
        """Do it once."""
        self.prepare()
        took, said = _timed(self)
        self.check()
        return float(said.split()[-1]) if self.measured else took


@dataclass(frozen=True)
class Limit:
    """What the seconds of `way` may be at most: `most` times those of `base`."""

    way: str
    base: str
    most: float


Found = dict[str, list[float]]


def in_turn(title: str, ways: Sequence[Way], rounds: int) -> Found:
    """Seconds of each way in each round. Every other round goes backwards, so that no way is always the first."""
    found: Found = {way.name: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            found[way.name].append(way.seconds())
            print(f"{title}, round {number + 1}: {way.name} {found[way.name][-1]:.3f} s", file=sys.stderr, flush=True)
    return found


def show(title: str, found: Found, base: str, limits: Sequence[Limit] = ()) -> bool:
    """Print the table of one comparison, with the limits where there are any; False where one is not kept."""
    rounds = len(next(iter(found.values())))
    print(f"\n### {title}\n\nmedian of {rounds}, in seconds\n")
    print(f"| | median | from … to | of {base} |\n|---|---|---|---|")
    for name, seconds in found.items():
        ratio = f"{ratio_of(found, name, base):.2f}" if base in found else ""
        print(f"| {name} | {statistics.median(seconds):.3f} | {min(seconds):.3f} … {max(seconds):.3f} | {ratio} |")
    kept = [_kept(found, limit) for limit in limits]
    return all(kept)


def ratio_of(found: Found, way: str, base: str) -> float:
    """The ratio of two medians."""
    return statistics.median(found[way]) / statistics.median(found[base])


def _kept(found: Found, limit: Limit) -> bool:
    ratio = ratio_of(found, limit.way, limit.base)
    verdict = "kept" if ratio <= limit.most else "NOT kept"
    print(f"\n{limit.way} is {ratio:.2f} of {limit.base}; at most {limit.most:g}: {verdict}", flush=True)
    return ratio <= limit.most


def _timed(way: Way) -> tuple[float, str]:
    with (way.stdin or Path("/dev/null")).open("rb") as given:
        started = time.perf_counter()
        done = subprocess.run(
            [str(part) for part in way.command],
            cwd=way.folder,
            env=clean_environment(**way.environment),
            stdin=given,
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{way.name} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return took, done.stdout
