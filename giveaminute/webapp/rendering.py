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
            data = path.read_bytes()
            found[path.name] = StaticFile(path.name, _TYPES[path.suffix], data, hashlib.sha256(data).hexdigest()[:16])
    return found


@cache
def _templates() -> Any:
    return web.template.render(str(_FOLDER / "templates"), cache=True)


def rendered(template: str, view: object, frame: object) -> str:
    """A whole page."""
    content = getattr(_templates(), template)(view)
    return str(_templates().layout(frame, str(content)))
