"""The names of the tool's own tables."""

from __future__ import annotations

#: Tables of the tool's own: a comparison of two schemas leaves them out.
BOOKKEEPING = frozenset(
    {
        "migrate_version",
        "migrate_history",
        "migrate_journal",
        "migrate_lease",
        "migrate_kept",
        "migrate_scratch",
        "migrate_restore",
    }
)
