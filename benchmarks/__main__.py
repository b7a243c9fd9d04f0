"""Compare the commands with Alembic, Django's migrate and yoyo, installed from PyPI into environments of their own, on
SQLite and on a private MariaDB, in turn in one run. Prints a table a comparison, with versions and ratios.

    scripts/benchmark [--only no-op,from-empty,...] [--places sqlite,mariadb] [--peers django,yoyo] [--rounds 5]

Exit code 1 where a ratio is not kept, which is judged at the full sizes only. Each run is checked to have done its
work. All of it takes hours, most of them in the climbs to 5,000 migrations; `--only`, `--peers none` and the sizes make
it less. Other work on the machine shows in the ratios, most of all on its disk.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from benchmarks.cases import CASES, Bench, Sizes
from benchmarks.places import place


def _names(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(",") if name.strip()]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=_names, default=list(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--places", type=_names, default=["sqlite", "mariadb"], help="some of sqlite, mariadb")
    parser.add_argument(
        "--peers", type=_names, default=["django", "yoyo"], help="which beside Alembic: django, yoyo, or none"
    )
    for each in fields(Sizes):
        parser.add_argument(f"--{each.name}", type=int, default=each.default, help=f"(default: {each.default})")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / f"giveaminute-peers-{os.getuid()}",
        help="where the peers are installed (default: %(default)s)",
    )
    parser.add_argument(
        "--here", action="store_true", help="install nothing: the Alembic of this Python, no other peer"
    )
    return parser


def main() -> int:
    """Run, print; 1 where a limit is not kept."""
    parser = _options()
    chosen = parser.parse_args()
    unknown = [name for name in chosen.only if name not in CASES]
    unknown += [name for name in chosen.places if name not in ("sqlite", "mariadb")]
    unknown += [name for name in chosen.peers if name not in ("alembic", "django", "yoyo", "none")]
    if unknown:
        parser.error(f"«{unknown[0]}» is not known")
    sizes = Sizes(**{each.name: getattr(chosen, each.name) for each in fields(Sizes)})
    kept = []
    for family in chosen.places:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            with place(family, folder / "databases") as here:
                peers = [] if chosen.here else chosen.peers
                bench = Bench(here, folder, None if chosen.here else chosen.environments, sizes, peers)
                bench.install()
                told = [tool.version for tool in bench.tools]
                print(f"\n## {here.version}: {'; '.join(told)}; Python {platform.python_version()};", end=" ")
                print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start", flush=True)
                kept += [CASES[case](bench) for case in chosen.only]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
