"""Who runs this, as the history and the lease name them."""

from __future__ import annotations

import getpass
import socket
from functools import cache

_MAX_USER = 80


@cache
def user() -> str:
    """The operating system's user; `unknown` where it has no name."""
    try:
        return getpass.getuser()[:_MAX_USER]
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def host() -> str:
    """This machine."""
    return socket.gethostname()
