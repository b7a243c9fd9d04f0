"""All of it, by one command: `python -m tests.faults`, or `scripts/faults`.

Kills the client before, inside and after every statement of every migration of ours and of the awkward ones, both
ways, and at a sample of the tool's own queries; then the server at a sample; then both anywhere in runs over all of
them. After each kill the command is run again,
and schema and rows must be those of the undisturbed run. Exits with 1 where one is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from giveaminute.settings import DEFAULT_REPOSITORY
from giveaminute.versioning.repository import Repository
from tests.faults import awkward
from tests.faults.suite import Tally, anywhere, bench, climbs, every_statement, faults, sampled
from tests.repositories import make_repository
from tests.servers import private_mariadb


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--others", type=int, default=6, help="queries of the tool's own, for each migration")
    parser.add_argument("--server-kills", type=int, default=4, help="for each migration")
    parser.add_argument("--climbs", type=int, default=40, help="kills in runs over all migrations, of each victim")
    options = parser.parse_args()
    started = time.monotonic()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="cbu-") as name:
        folder = Path(name)
        scripts = make_repository(folder / "awkward", awkward.SCRIPTS)
        with private_mariadb(folder, "--innodb-flush-log-at-trx-commit=1") as server:
            for what, repository in (("awkward", scripts), ("ours", DEFAULT_REPOSITORY)):
                head = Repository(repository).head
                for victim in ("client", "server"):
                    dies = victim == "server"
                    choose = (
                        sampled(options.seed, options.server_kills)
                        if dies
                        else every_statement(options.seed, options.others)
                    )
                    with bench(server, repository, folder) as made:
                        tally = faults(made, head, choose, _tell, server=dies)
                    wrong += len(tally.wrong)
                    _report(what, victim, tally, time.monotonic() - started)
                    with bench(server, repository, folder) as made:
                        tally = climbs(made, head, anywhere(options.seed, options.climbs), _tell, server=dies)
                    wrong += len(tally.wrong)
                    _report(f"{what}, all in one run", victim, tally, time.monotonic() - started)
    return 1 if wrong else 0


def _tell(text: str) -> None:
    print(f"  {text}", flush=True)


def _report(what: str, victim: str, tally: Tally, seconds: float) -> None:
    print(
        f"{what}, {victim} killed: {tally.kills} kills, {len(tally.wrong)} wrong ({seconds:.0f} s so far)", flush=True
    )
    for words in tally.wrong:
        print(f"    {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
