"""Text for XML: what the schema calls things, whatever it is."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML can have in it, even escaped (XML 1.0, 2.2)."""


def text(value: str) -> str:
    """As an element's content."""
    return escape(_FORBIDDEN.sub("�", value))


def attribute(value: str) -> str:
    """As an attribute's value, in its quotes."""
    return quoteattr(_FORBIDDEN.sub("�", value))
