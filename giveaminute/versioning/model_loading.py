"""An application's models, found by the import path that a person gives."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from giveaminute.errors import UsageError

USUAL = ("metadata", "Base")
"""What is looked for in a module where nothing is named."""


def load(text: str) -> sa.MetaData:
    """The MetaData at `MODULE` or `MODULE:ATTRIBUTE`, or that of the declarative base there. Raises UsageError."""
    module_name, _, attribute = text.partition(":")
    module = _module(module_name)
    names = [attribute] if attribute else USUAL
    for name in names:
        found = _metadata(_attribute(module, name))
        if found is not None:
            return found
    if attribute:
        there = (
            "is no MetaData and no declarative base" if _attribute(module, attribute) is not None else "is not there"
        )
        raise UsageError(
            f"--models: {attribute} of {module_name} {there}.", "Give MODULE:ATTRIBUTE, such as app.models:Base"
        )
    raise UsageError(
        f"--models: {module_name} has neither metadata nor Base.", f"Say what it is called: --models {module_name}:NAME"
    )


def _module(name: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path:  # as `python -m` does, and a script such as invoke does not
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = f"there is no module {error.name}" if error.name else "that is no module's name"
        raise UsageError(
            f"--models «{name}» cannot be imported: {missing}.",
            "Start the command in the application's folder, or set PYTHONPATH.",
        ) from error
    except Exception as error:
        raise UsageError(
            f"--models «{name}» cannot be imported: {type(error).__name__}: {error}", "Mend the module, and try again."
        ) from error


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _metadata(found: Any) -> sa.MetaData | None:
    metadata = getattr(found, "metadata", found)
    return metadata if isinstance(metadata, sa.MetaData) else None
