"""Change By Us: a web.py application whose database is kept at the right schema by `giveaminute.management`."""

from __future__ import annotations

__version__ = "1.0.0.dev0"
