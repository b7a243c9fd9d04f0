"""Which models a command compares with: ours for our own scripts, another application's where it names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.command import Option

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.settings import Settings

MODELS = Option(
    "models", "The models, as MODULE or MODULE:ATTRIBUTE, a MetaData or declarative base (default: those of ours)."
)


def is_ours(settings: Settings) -> bool:
    """Whether the scripts are those of this package."""
    from giveaminute.settings import DEFAULT_REPOSITORY

    return settings.repository.resolve() == DEFAULT_REPOSITORY


def snapshots_of(settings: Settings, folder: str | None) -> Path:
    """Where the snapshots of these scripts lie. Raises UsageError where nobody says: ours are of our scripts only."""
    from giveaminute.settings import SNAPSHOTS

    if folder:
        return Path(folder)
    if not is_ours(settings):
        raise UsageError("Where the snapshots of these scripts lie is not known.", "Say it: --folder FOLDER")
    return SNAPSHOTS


def metadata_of(settings: Settings, models: str | None) -> sqlalchemy.MetaData | None:
    """The models to compare with; None where nobody says which. Raises UsageError."""
    if models is not None:
        from giveaminute.versioning.model_loading import load

        return load(models)
    if not is_ours(settings):
        return None
    from giveaminute.models import Base

    return Base.metadata
