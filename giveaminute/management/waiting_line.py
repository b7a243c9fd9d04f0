"""Who is waited for, told once each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.versioning.lease import Holder


def words(holder: Holder | None) -> str:
    """What is said of a holder of the lease; None is one that holds only the locks beside it."""
    return f"Waiting for {holder.words if holder else 'another process, which backs up or is ending'}"


def telling(console: Console) -> Callable[[Holder | None], None]:
    """To be called as often as one likes."""
    told: set[str] = set()

    def tell(holder: Holder | None) -> None:
        text = words(holder)
        if text not in told:
            told.add(text)
            console.say(text)

    return tell
