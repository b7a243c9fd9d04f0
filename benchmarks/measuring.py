"""Runs the ways to do a thing in turn, and prints their medians with the ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tools import Command, clean_environment


@dataclass(frozen=True)
class Timing:
    """Seconds of one run: on the wall, and of the processor for its processes, without the server's."""

    wall: float
    cpu: float


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

    def once(self) -> Timing:
        """Do it once."""
        self.prepare()
        timing, said = _timed(self)
        self.check()
        return Timing(float(said.split()[-1]), timing.cpu) if self.measured else timing


@dataclass(frozen=True)
class Limit:
    """What the seconds of `way` may be at most: `most` times those of `base`."""

    way: str
    base: str
    most: float


Found = dict[str, list[Timing]]


def in_turn(title: str, ways: Sequence[Way], rounds: int) -> Found:
    """What each way took in each round. Every other round goes backwards, so that no way is always the first."""
    found: Found = {way.name: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            add(found, way, f"{title}, round {number + 1}")
    return found


def add(found: Found, way: Way, title: str) -> None:
    """Do it once more, and say so."""
    found[way.name].append(way.once())
    print(f"{title}: {way.name} {found[way.name][-1].wall:.3f} s", file=sys.stderr, flush=True)


def show(title: str, found: Found, base: str, limits: Sequence[Limit] = ()) -> bool:
    """Print the table of one comparison, with the limits where there are any; False where one is not kept."""
    print(f"\n### {title}\n\nmedians of {len(found[base])}, in seconds\n")
    print(f"| | median | from … to | of {base} | processor | of {base} |\n|---|---|---|---|---|---|")
    for name, timings in found.items():
        walls = [timing.wall for timing in timings]
        print(
            f"| {name} | {median(timings):.3f} | {min(walls):.3f} … {max(walls):.3f}"
            f" | {median(timings) / median(found[base]):.2f}"
            f" | {processor(timings):.3f} | {processor(timings) / max(processor(found[base]), 0.001):.2f} |"
        )
    kept = [_kept(found, limit) for limit in limits]
    return all(kept)


def median(timings: Sequence[Timing]) -> float:
    """Seconds on the wall."""
    return statistics.median(timing.wall for timing in timings)


def processor(timings: Sequence[Timing]) -> float:
    """Seconds of the processor: other work on the machine shows less in them."""
    return statistics.median(timing.cpu for timing in timings)


def _kept(found: Found, limit: Limit) -> bool:
    ratio = median(found[limit.way]) / median(found[limit.base])
    verdict = "kept" if ratio <= limit.most else "NOT kept"
    print(f"\n{limit.way} is {ratio:.2f} of {limit.base}; at most {limit.most:g}: {verdict}", flush=True)
    return ratio <= limit.most


def _timed(way: Way) -> tuple[Timing, str]:
    with (way.stdin or Path("/dev/null")).open("rb") as given, tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in way.command],
            cwd=way.folder,
            env=clean_environment(**way.environment),
            stdin=given,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(f"{way.name} failed:\n{text[-3000:]}")
    return Timing(wall, used.ru_utime + used.ru_stime), text
