"""`python -m giveaminute COMMAND`."""

from __future__ import annotations

import sys

try:
    from giveaminute.management.signals import heed

    heed()
    from giveaminute.management.cli import main
except KeyboardInterrupt:  # while a tenth of a second of modules is loaded
    sys.stderr.write("Interrupted. Nothing was done.\n")
    sys.exit(130)

if __name__ == "__main__":
    main()
