"""Which models a command compares with: ours for our own scripts, another application's where it names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def metadata_of(settings: Settings, models: str | None) -> sqlalchemy.MetaData | None:
    """The models to compare with; None where nobody says which. Raises UsageError."""
    if models is not None:
        from giveaminute.versioning.model_loading import load

        return load(models)
    if not is_ours(settings):
        return None
    from giveaminute.models import Base

    return Base.metadata
