"""`python -m giveaminute COMMAND`."""

from __future__ import annotations

from giveaminute.management.cli import main

if __name__ == "__main__":
    main()
