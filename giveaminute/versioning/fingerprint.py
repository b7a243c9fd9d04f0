"""A short text that is the same for equal schemas and different for different ones.

The journal keeps the fingerprints of the tables that a statement touches, from before it ran: after a crash
they say whether it took effect. So a change of what is hashed here, or of how the readers write it down,
needs a new `VERSION`: fingerprints of two versions are never equal, and never mistaken for each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any

from giveaminute.versioning.schema import Schema, Table, View

VERSION = "s1"


def fingerprint(part: Schema | Table | View) -> str:
    """`s1:` and 64 hexadecimal digits, whatever the order in which tables and views were read."""
    text = json.dumps(_plain(part), ensure_ascii=True, separators=(",", ":"))
    return f"{VERSION}:{sha256(text.encode('ascii')).hexdigest()}"


def _plain(value: Any) -> Any:
    """Lists and scalars: a dataclass as its name and compared fields, a mapping as sorted pairs."""
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(value[key])] for key in sorted(value)]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    kind = type(value).__name__
    return [kind, *(_plain(getattr(value, name)) for name in _compared(value.__class__))]


@cache
def _compared(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.compare)
