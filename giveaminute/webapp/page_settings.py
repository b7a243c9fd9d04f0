"""Who may see the status page, and when it does what takes long: `status_page:` in config.yaml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from giveaminute.errors import SettingsError
from giveaminute.settings import decimal, one_value, part

TOKEN_VARIABLE = "GIVEAMINUTE_STATUS_TOKEN"
SHORTEST_TOKEN = 16
"""Characters: of one that nobody guesses at the rate that a page answers."""
A_TOKEN = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"

T = TypeVar("T")


class Checks(Enum):
    """When schemas are compared and migrations rehearsed, which takes a scratch database.

    ASKED: when somebody presses the button; AUTO: when the page is looked at and what it has is old.
    """

    ASKED = "asked"
    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True)
class PageSettings:
    """The page is seen by who has the token, and with `loopback` by whoever is on this machine; else it is off.

    `check_minutes`: the least between two checks of one kind.
    """

    token: str = field(default="", repr=False)
    loopback: bool = False
    checks: Checks = Checks.ASKED
    check_minutes: float = 5


def read_page_settings(config: Path | None, environ: Mapping[str, str] | None = None) -> PageSettings:
    """Those of `status_page:` in this file; a token in GIVEAMINUTE_STATUS_TOKEN goes before one there.

    Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    given = part(config, "status_page", [each.name for each in fields(PageSettings)]) if config else {}
    where = f"{config}: `status_page: "
    found = {name: _value(name, value, f"{where}{name}`") for name, value in given.items() if value is not None}
    if environ.get(TOKEN_VARIABLE):
        found["token"] = _token(environ[TOKEN_VARIABLE], TOKEN_VARIABLE)
    return PageSettings(**found)


def _value(name: str, value: Any, where: str) -> Any:
    text = one_value(value, where)
    if name == "token":
        return _token(text, where)
    if name == "loopback":
        return _choice(text, {"yes": True, "true": True, "no": False, "false": False}, where)
    if name == "checks":
        return _choice(text, {each.value: each for each in Checks}, where)
    return _minutes(text, where)


def _token(text: str, where: str) -> str:
    if text and (len(text) < SHORTEST_TOKEN or not (text.isascii() and text.isprintable()) or " " in text):
        raise SettingsError(f"{where}: no {SHORTEST_TOKEN} or more ASCII characters without a blank.", A_TOKEN)
    return text


def _choice(text: str, known: Mapping[str, T], where: str) -> T:
    if text.lower() not in known:
        raise SettingsError(f"{where} «{text}» is nothing that is known there.", f"It is one of: {', '.join(known)}.")
    return known[text.lower()]


def _minutes(text: str, where: str) -> float:
    value = decimal(text)
    if not 0 < value <= 10_000:
        raise SettingsError(f"{where} «{text}» is no number of minutes from above 0 to 10000.", "Such as 5.")
    return value
