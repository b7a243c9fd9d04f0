"""What the guard does with a request, by where the database stands: `guard:` in config.yaml."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from giveaminute.errors import SettingsError
from giveaminute.settings import decimal, one_value, part
from giveaminute.versioning.status import Position
from giveaminute.webapp.standing import EVERY


class Treatment(Enum):
    """REFUSE: 503. READ_ONLY: GET, HEAD and OPTIONS pass, the others get 503. WARN: all pass, and the log says so."""

    REFUSE = "refuse"
    READ_ONLY = "read-only"
    WARN = "warn"
    PASS = "pass"


@dataclass(frozen=True)
class Policy:
    """A treatment for each position, and how a refusal looks.

    By itself it refuses where the application would meet a schema that its code does not know. It lets pass where the
    database is ahead, since during a deploy the old code runs on the new schema for a while, and where it cannot be
    reached, since then the application meets no schema at all, and knows best which of its pages do without.

    `every`: seconds between two questions to the database. `retry_after`: seconds, for clients. `exempt`: paths that
    always pass, with all below them. `message`: what visitors read; None is one of our own.
    """

    behind: Treatment = Treatment.REFUSE
    ahead: Treatment = Treatment.WARN
    half_applied: Treatment = Treatment.REFUSE
    migrating: Treatment = Treatment.REFUSE
    uncontrolled: Treatment = Treatment.REFUSE
    unknown: Treatment = Treatment.REFUSE
    unreachable: Treatment = Treatment.WARN
    every: float = EVERY
    retry_after: int = 10
    exempt: tuple[str, ...] = ("/migrations", "/migrations.json", "/healthz")
    message: str | None = None

    def treatment(self, position: Position) -> Treatment:
        """What is done with a request while the database is there."""
        if position is Position.CURRENT:
            return Treatment.PASS
        found = getattr(self, position.name.lower())
        assert isinstance(found, Treatment)
        return found

    def exempts(self, path: str) -> bool:
        """Whether a request for this path always passes."""
        return any(path == each or path.startswith(f"{each}/") for each in self.exempt)


def read_policy(config: Path | None) -> Policy:
    """That of `guard:` in this file. Raises SettingsError."""
    if config is None:
        return Policy()
    given = part(config, "guard", {each.name for each in fields(Policy)})
    return Policy(**{name: _value(name, value, config) for name, value in given.items() if value is not None})


def _value(name: str, value: Any, config: Path) -> Any:
    where = f"{config}: `guard: {name}`"
    if name == "exempt":
        return _paths(value, where)
    text = one_value(value, where)
    if name in ("every", "retry_after"):
        return _seconds(name, text, where)
    return text if name == "message" else _treatment(text, where)


def _treatment(text: str, where: str) -> Treatment:
    try:
        return Treatment(text)
    except ValueError:
        words = ", ".join(each.value for each in Treatment)
        raise SettingsError(f"{where} «{text}» is nothing that the guard does.", f"It is one of: {words}.") from None


def _seconds(name: str, text: str, where: str) -> float | int:
    least = 1.0 if name == "retry_after" else 0.1
    value = decimal(text)
    if not least <= value <= 86_400:
        raise SettingsError(f"{where} «{text}» is no number of seconds from {least:g} to 86400.", "Such as 5.")
    return round(value) if name == "retry_after" else value


def _paths(value: Any, where: str) -> tuple[str, ...]:
    given = value if isinstance(value, list) else str(value).split()
    for path in given:
        if not (isinstance(path, str) and path.startswith("/") and path.strip("/")):
            raise SettingsError(
                f"{where}: «{path}» is no path that could pass.", "Paths begin with a /, such as [/healthz, /about]."
            )
    return tuple(path.rstrip("/") for path in given)
