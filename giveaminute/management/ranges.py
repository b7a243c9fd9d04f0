"""Several migrations named by one word: `N`, `N..M`, each a number, `head`, `+n` or `-n`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.errors import UsageError

if TYPE_CHECKING:
    from giveaminute.settings import Settings
    from giveaminute.versioning.repository import Repository


def migrations_named(settings: Settings, repository: Repository, text: object) -> tuple[int, int]:
    """The first and last of `N` or `N..M`; None is the newest. Raises UsageError for one that is not there.

    `+n` and `-n` count from where the database is, which is asked only then.
    """
    from giveaminute.versioning.plan import target_version

    ends = str("head" if text is None else text).split("..")
    if len(ends) > 2:
        raise UsageError(f"«{text}» is no version to try.", "Give one, or some as N..M.")
    relative = any(end.startswith(("+", "-")) for end in ends)
    current = _current(settings, repository) if relative else 0
    first, last = (target_version(end, current, repository.head) for end in (ends[0], ends[-1]))
    if first > last:
        raise UsageError(f"«{text}» is reversed: {first} comes after {last}.", f"Write it {ends[-1]}..{ends[0]}.")
    return first, last


def _current(settings: Settings, repository: Repository) -> int:
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.runner import current_version

    with opened(settings.url, read_only=True) as database:
        return current_version(database, repository)
