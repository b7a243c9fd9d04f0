"""Backups: taken while the application writes, whole or refused, and loaded back beside the live data.

archive     the file: its frames, its checksum, written beside and renamed when complete
shelf       the folder: names, what killed runs left, how many are kept
programs    the servers' own tools, found and run with the password in no argv and no environment
dumptext    a dump as it streams by: its rows counted, its statements told from its data
rewriting   what of a dump is sent where, and whose its views and programs become
mysql, sqlite                   the families; loading and swapping put a backup of a server back
mydumper, parallel              the rows over several connections at once, out and in
progress    how far it is, told to whoever shows it
taking, restoring, verifying    what the commands call
"""

from __future__ import annotations

from giveaminute.versioning.backups.progress import Progress
from giveaminute.versioning.backups.restoring import Restored, restore
from giveaminute.versioning.backups.taking import Backup, Options, backup

__all__ = ["Backup", "Options", "Progress", "Restored", "backup", "restore"]
