"""Templates, which escape what they are given (web.template: every `$` in an .html), and the files beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import web

_FOLDER = Path(__file__).resolve().parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


@dataclass(frozen=True)
class StaticFile:
    """A file of the page's own. `tag`: of its content, for its address and for ETag."""

    name: str
    type: str
    data: bytes
    tag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All of them, by name."""
    found = {}
    for path in sorted((_FOLDER / "static").iterdir()):
        if path.suffix in _TYPES:
            found[path.name] = _file(path.name, path.read_bytes())
    from giveaminute.versioning.diagrams import STYLE

    found["diagram.css"] = _file("diagram.css", STYLE.encode())
    return found


def _file(name: str, data: bytes) -> StaticFile:
    return StaticFile(name, _TYPES[Path(name).suffix], data, hashlib.sha256(data).hexdigest()[:16])


@cache
def _templates() -> Any:
    return web.template.render(str(_FOLDER / "templates"), cache=True)


def rendered(template: str, view: object, frame: object) -> str:
    """A whole page."""
    content = getattr(_templates(), template)(view)
    return str(_templates().layout(frame, str(content)))
