"""A schema as a picture, or what changes between two of them: `Schema` values in, text out, and no database.

`diagram(after, before)` says what is to be seen (`facts`): `renames` finds what only got another name, `boxes` makes
the tables and views, `links` the references, `groups` what stands together. `svg` draws that: each table is a card
(`cards`), `arranging` gives it its column, `placing` its height, `routing` each reference its way between the cards,
and `layout` turns that into points; `wiring` draws the lines, `legend` what stands above, and `style` knows the
colours. `mermaid` writes the facts in the language of that name; `texts` makes every name harmless in XML.
"""

from giveaminute.versioning.diagrams.drawing import diagram
from giveaminute.versioning.diagrams.facts import Box, Diagram, Group, Link, Mark, Note, Row
from giveaminute.versioning.diagrams.mermaid import markdown, mermaid
from giveaminute.versioning.diagrams.style import STYLE
from giveaminute.versioning.diagrams.svg import svg

__all__ = ["STYLE", "Box", "Diagram", "Group", "Link", "Mark", "Note", "Row", "diagram", "markdown", "mermaid", "svg"]
