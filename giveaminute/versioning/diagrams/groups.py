"""Which tables stand together.

A table's words are its name, split at `_`; a first word that all tables share is left out.

1. Tables whose names begin with the same word are a family: `project`, `project_need`, `project__user`. One alone is
   none.
2. A table of no family joins the one that it refers to, or that refers to it: by most references, then by those that
   are enforced, then by name; a table that joined so brings no others.
3. Tables still alone that refer to one another are a group, called after the one most referred to.
4. All others are the last group, which has no name.

Families with more tables come first. In a group the tables are in order of their names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from giveaminute.versioning.diagrams.facts import Box, Group, Link


def groups(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[Group, ...]:
    """The boxes in groups; none is in two, and none is left out."""
    family = _families([box.name for box in boxes])
    joined = {**family, **_joined(family, links)}
    together = {**joined, **_components(joined, boxes, links)}
    members: dict[str, list[Box]] = defaultdict(list)
    for box in sorted(boxes, key=lambda box: box.name):
        members[together.get(box.name, "")].append(box)
    order = sorted(members, key=lambda name: (name == "", -len(members[name]), name))
    return tuple(Group(name, tuple(members[name])) for name in order)


def _families(names: Sequence[str]) -> dict[str, str]:
    """The family of each table that has one."""
    words = {name: _words(name) for name in names}
    firsts = {each[0] for each in words.values()}
    if len(firsts) == 1 and len(names) > 1:
        words = {name: each[1:] or each for name, each in words.items()}
    sizes = Counter(each[0] for each in words.values())
    return {name: each[0] for name, each in words.items() if sizes[each[0]] > 1}


def _words(name: str) -> list[str]:
    return [word for word in name.lower().split("_") if word] or [name]


def _joined(family: dict[str, str], links: Iterable[Link]) -> dict[str, str]:
    """The family that each table without one joins."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for link in links:
        for one, other in ((link.child, link.parent), (link.parent, link.child)):
            if one not in family and other in family:
                counts[one][family[other]] += 100 if link.implied else 101
    return {name: min(found, key=lambda each: (-found[each], each)) for name, found in counts.items()}


def _components(joined: dict[str, str], boxes: Sequence[Box], links: Sequence[Link]) -> dict[str, str]:
    """The group of each table that has none yet and refers to another such."""
    inner = [link for link in links if link.child not in joined and link.parent not in joined]
    root = {box.name: box.name for box in boxes}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    referred = Counter(link.parent for link in inner if link.parent != link.child)
    for link in inner:
        root[find(link.child)] = find(link.parent)
    members: dict[str, list[str]] = defaultdict(list)
    for name in sorted({name for link in inner for name in (link.child, link.parent)}):
        members[find(name)].append(name)
    found = {}
    for names in members.values():
        if len(names) > 1:
            called = min(names, key=lambda name: (-referred[name], name))
            found.update(dict.fromkeys(names, called))
    return found
