"""Large tables changed while the application goes on; MySQL and MariaDB only.

`guard.py` stands between a run and the driver: before the start it judges the pending steps by a rehearsal, and each
statement on a large table goes in the mildest way that the server takes. `lookout.py` tells how far a long one is.
`tool.py` is what a program for the rest has to do, `pt_osc.py` and `gh_ost.py` those that are known, `running.py` one
at work, `verifying.py` the comparison before its copy is taken, `leftovers.py` what a killed one left.
"""

from __future__ import annotations

from enum import Enum


class Consent(Enum):
    """What may be done where a change would stop the writers of a large table."""

    NONE = "none"
    ONLINE = "online"
    BLOCKING = "blocking"
