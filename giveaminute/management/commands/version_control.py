"""Put a database under version control, at the version that its schema shows, or at --version N."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.control import Adoption, Proof

OPTIONS = (
    Option("version", "The version that its schema is at (default: the one that it shows; 0 for an empty database)."),
    Option("force", "Record --version N although the schema contradicts it.", flag=True),
    *DATABASE,
    REPOSITORY,
    JSON,
)
_SHOWN = 5
"""Differences that are told; --json has all."""


def execute(settings: Settings, console: Console, version: object = None, force: bool = False) -> Adoption:
    """The version recorded, and what speaks for it."""
    from giveaminute.errors import UsageError
    from giveaminute.versioning.control import adopt, adoption
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    wanted = None if version is None else str(version)
    if force and wanted is None:
        raise UsageError(
            "--force needs the version that is meant.", "Say it: invoke version-control --version N --force"
        )
    with opened(settings.url, read_only=True) as asked:  # what is refused leaves no SQLite file behind
        planned = adoption(asked, repository, wanted, force=force, on_version=_teller(console))
    if not planned.changed:
        return planned
    with opened(settings.url, read_only=False) as database:
        return adopt(database, repository, planned)


def _teller(console: Console) -> Callable[[int, int], None]:
    def tell(version: int, last: int) -> None:
        console.hold(f"\r  looking at version {version} of {last}")

    return tell


def show(result: Adoption, console: Console) -> None:
    """One line, and what the schema says."""
    verb = "is now" if result.changed else "was already"
    console.say(f"{result.database} {verb} under version control at version {result.version}.", over=True)
    if result.proof is not None:
        for line in _evidence(result.version, result.proof):
            console.say(f"  {line}")


def _evidence(version: int, proof: Proof) -> Iterator[str]:
    if proof.untold is not None:
        yield f"Nothing proves it: {proof.untold}"
        return
    if version in proof.matches:
        shared = [str(each) for each in proof.matches if each != version]
        alike = f", as it is of {', '.join(shared)}" if shared else " and of no other"
        yield f"Its schema is that of this version{alike}; tables and views: {proof.found} of {proof.promised}."
    else:
        fits = (
            f"is that of version {' or '.join(map(str, proof.matches))}" if proof.matches else "is that of no version"
        )
        yield f"It was forced; the schema {fits}:"
    yield from (f"  {words}" for words in _cut(proof.differences))
    if proof.summary:
        yield "What differs without telling versions apart:"
        yield from (f"  {words}" for words in _cut(proof.summary))


def _cut(words: Sequence[str]) -> Iterator[str]:
    yield from words[:_SHOWN]
    if len(words) > _SHOWN:
        yield f"and {len(words) - _SHOWN} more"
