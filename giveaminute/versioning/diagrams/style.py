"""How a diagram looks: one table of looks, as a stylesheet for light and dark, and as attributes where none is taken.

A page that has the drawing in itself puts `STYLE` into its own stylesheet: no rule in it needs more than the class
names. Without any stylesheet (a strict Content-Security-Policy, a viewer that knows none) the attributes make it light.
Text has a contrast of 4.5 to 1 at least on all that it can stand on (WCAG 2.2, 1.4.3), lines 3 to 1 (1.4.11).
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT = {
    "page": "#ffffff",
    "panel": "#f6f8fa",
    "edge": "#d1d9e0",
    "card": "#ffffff",
    "frame": "#818b98",
    "head": "#e6ebf1",
    "ink": "#1f2328",
    "dim": "#59636e",
    "line": "#6e7781",
    "added": "#1a7f37",
    "removed": "#cf222e",
    "changed": "#9a6700",
    "renamed": "#0969da",
    "added-tint": "#dafbe1",
    "removed-tint": "#ffebe9",
    "changed-tint": "#fff8c5",
    "renamed-tint": "#ddf4ff",
}
DARK = {
    "page": "#0d1117",
    "panel": "#151b23",
    "edge": "#323b46",
    "card": "#0d1117",
    "frame": "#6b7580",
    "head": "#262f3a",
    "ink": "#f0f6fc",
    "dim": "#a3adb8",
    "line": "#8b949e",
    "added": "#4ac26b",
    "removed": "#ff8182",
    "changed": "#e3b341",
    "renamed": "#79c0ff",
    "added-tint": "#10331c",
    "removed-tint": "#43171b",
    "changed-tint": "#392d0b",
    "renamed-tint": "#11304f",
}
_MARKS = ("added", "removed", "changed", "renamed")
_LOOKS: Mapping[str, Mapping[str, str]] = {
    "er-page": {"fill": "page"},
    "er-panel": {"fill": "panel", "stroke": "edge"},
    "er-card": {"fill": "card", "stroke": "frame"},
    "er-head": {"fill": "head"},
    "er-rule": {"stroke": "edge"},
    "er-text": {"fill": "ink"},
    "er-dim": {"fill": "dim"},
    "er-line": {"stroke": "line"},
    "er-dot": {"fill": "line"},
    "er-open": {"fill": "panel", "stroke": "line"},
    **{f"er-{mark}": {"fill": mark} for mark in _MARKS},
    **{f"er-{mark}-tint": {"fill": f"{mark}-tint"} for mark in _MARKS},
    **{f"er-{mark}-frame": {"fill": "card", "stroke": mark} for mark in _MARKS},
    **{f"er-{mark}-line": {"stroke": mark} for mark in _MARKS},
    **{f"er-{mark}-open": {"fill": "panel", "stroke": mark} for mark in _MARKS},
}


def look(name: str) -> str:
    """The attributes of an element of this class, in light colours."""
    attributes = "".join(f' {attribute}="{LIGHT[colour]}"' for attribute, colour in _LOOKS[name].items())
    return f'class="{name}"{attributes}'


def _rules(palette: Mapping[str, str]) -> str:
    rules = []
    for name, attributes in _LOOKS.items():
        declarations = "; ".join(f"{attribute}: {palette[colour]}" for attribute, colour in attributes.items())
        rules.append(f".{name} {{ {declarations} }}\n")
    return "".join(rules)


STYLE = (
    f"{_rules(LIGHT)}@media (prefers-color-scheme: dark) {{\n{_rules(DARK)}}}\n"
    ".er-link:hover path { stroke-width: 3 }\n"
)
"""The stylesheet: of the file's own, or for the page that the drawing is put in."""
