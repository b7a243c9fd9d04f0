"""The rows of a large table changed in batches, each committed together with its place in the journal.

`request` is what a script asked for; `keyset` the SQL for a range of keys; `walk` makes the batches, as large as `pace`
says; `throttle` rests between them while the server is busy or a person wants it (`pauses`); `running` ties them to a
run, `pacing` is what that was told.
"""

from __future__ import annotations
