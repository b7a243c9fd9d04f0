"""Two schemas side by side: every difference in words, in a stable order.

The words are for people; `kind`, `table` and `name` say the same to a program. A column that was put in or
taken out moves all that follow it, and so position is judged among the columns that both tables have: the
fewest columns that have to move for the one order to become the other are the ones that have moved.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from giveaminute.versioning.describe import (
    check_text,
    comment_text,
    determinism,
    foreign_key_text,
    generated,
    index_text,
    ordinal,
    parts_text,
)
from giveaminute.versioning.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    Routine,
    Schema,
    Table,
    Trigger,
    View,
)

T = TypeVar("T")


class Kind(str, Enum):
    """What is different: of an object on one side only its kind, of one on both what of it."""

    TABLE = "table"
    COLUMN = "column"
    POSITION = "position"
    TYPE = "type"
    NULLABLE = "nullable"
    DEFAULT = "default"
    ON_UPDATE = "on update"
    AUTO_INCREMENT = "auto_increment"
    COLLATION = "collation"
    COMMENT = "comment"
    GENERATED = "generated"
    VISIBILITY = "visibility"
    PRIMARY_KEY = "primary key"
    INDEX = "index"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"
    TRIGGER = "trigger"
    ENGINE = "engine"
    OPTION = "option"
    PARTITIONING = "partitioning"
    VIEW = "view"
    ROUTINE = "routine"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Wording:
    """How the sides are spoken of: «type was int, is bigint», «column a is missing»."""

    expected: str = "was"
    actual: str = "is"
    missing: str = "is missing"
    extra: str = "is unexpected"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `table` is None for views, routines and the database.

    `name` is the column, index or trigger that it is about, or the table itself; an unnamed check or
    reference is called by its text.
    """

    kind: Kind
    table: str | None
    name: str
    words: str

    def __str__(self) -> str:
        return self.words


def compare(expected: Schema, actual: Schema, wording: Wording = Wording()) -> list[Difference]:
    """Every difference: tables by name, in each the columns first; then views, routines, defaults."""
    if expected == actual:
        return []
    return [
        *_both(expected.tables, actual.tables, wording, Kind.TABLE, _table),
        *_both(expected.views, actual.views, wording, Kind.VIEW, _view),
        *_both(expected.routines, actual.routines, wording, Kind.ROUTINE, _routine),
        *_database(expected, actual, wording),
    ]


def compare_tables(expected: Table, actual: Table, wording: Wording = Wording()) -> list[Difference]:
    """Every difference between two tables of one name."""
    return list(_table(expected, actual, wording))


def _both(
    expected: Mapping[Any, T],
    actual: Mapping[Any, T],
    wording: Wording,
    kind: Kind,
    differences: Callable[[T, T, Wording], Iterator[Difference]],
) -> Iterator[Difference]:
    for key in sorted({**expected, **actual}):
        if key in expected and key in actual:
            if expected[key] != actual[key]:
                yield from differences(expected[key], actual[key], wording)
            continue
        name = key if isinstance(key, str) else key[1]
        told = f"{kind.value if isinstance(key, str) else key[0].lower()} {name}"
        yield Difference(kind, name if kind is Kind.TABLE else None, name, _one_sided(told, key in expected, wording))


def _one_sided(told: str, is_missing: bool, wording: Wording) -> str:
    return f"{told} {wording.missing if is_missing else wording.extra}"


def _was_is(told: str, was: object, now: object, wording: Wording) -> str:
    return f"{told} {wording.expected} {_value(was)}, {wording.actual} {_value(now)}"


def _value(value: object) -> str:
    return "none" if value in (None, "", ()) else str(value)


def _table(expected: Table, actual: Table, wording: Wording) -> Iterator[Difference]:
    name = expected.name
    yield from _columns(expected, actual, wording)
    if expected.primary_key != actual.primary_key:
        words = _was_is(
            f"{name}: primary key", parts_text(expected.primary_key), parts_text(actual.primary_key), wording
        )
        yield Difference(Kind.PRIMARY_KEY, name, name, words)
    yield from _members(Kind.INDEX, name, expected.indexes, actual.indexes, wording, index_text)
    yield from _members(Kind.FOREIGN_KEY, name, expected.foreign_keys, actual.foreign_keys, wording, foreign_key_text)
    yield from _members(Kind.CHECK, name, expected.checks, actual.checks, wording, check_text)
    yield from _triggers(name, expected.triggers, actual.triggers, wording)
    facts = (
        (Kind.ENGINE, expected.engine, actual.engine),
        (Kind.COLLATION, expected.collation, actual.collation),
        (Kind.COMMENT, comment_text(expected.comment), comment_text(actual.comment)),
        (Kind.PARTITIONING, expected.partitioning, actual.partitioning),
    )
    for kind, was, now in facts:
        if was != now:
            yield Difference(kind, name, name, _was_is(f"{name}: {kind.value}", was, now, wording))
    yield from _options(expected, actual, wording)


def _options(expected: Table, actual: Table, wording: Wording) -> Iterator[Difference]:
    was, now = dict(expected.options), dict(actual.options)
    for option in sorted({**was, **now}):
        if was.get(option) != now.get(option):
            told = _was_is(f"{expected.name}: {option}", was.get(option), now.get(option), wording)
            yield Difference(Kind.OPTION, expected.name, option, told)


def _columns(expected: Table, actual: Table, wording: Wording) -> Iterator[Difference]:
    was = {column.name: (place, column) for place, column in enumerate(expected.columns, 1)}
    now = {column.name: (place, column) for place, column in enumerate(actual.columns, 1)}
    table = expected.name
    for name in was:
        if name not in now:
            yield Difference(Kind.COLUMN, table, name, _one_sided(f"{table}: column {name}", True, wording))
    for name in now:
        if name not in was:
            yield Difference(Kind.COLUMN, table, name, _one_sided(f"{table}: column {name}", False, wording))
    moved = _moved([name for name in was if name in now], [name for name in now if name in was])
    for name in was:
        if name in moved:
            words = _was_is(f"{table}: column {name}", ordinal(was[name][0]), ordinal(now[name][0]), wording)
            yield Difference(Kind.POSITION, table, name, words)
    for name in was:
        if name in now and was[name][1] != now[name][1]:
            yield from _column(table, was[name][1], now[name][1], wording)


def _moved(was: Sequence[str], now: Sequence[str]) -> frozenset[str]:
    """The fewest names that have to move to turn the one order into the other."""
    place = {name: number for number, name in enumerate(now)}
    order = [place[name] for name in was]
    ends: list[int] = []  # ends[n]: the smallest last place of an increasing run of n + 1
    lengths: list[int] = []
    for number in order:
        length = bisect_left(ends, number)
        ends[length : length + 1] = [number]
        lengths.append(length)
    kept: set[str] = set()
    wanted = len(ends) - 1
    for name, length in zip(reversed(was), reversed(lengths), strict=True):
        if length == wanted and all(place[name] < place[later] for later in kept):
            kept.add(name)
            wanted -= 1
    return frozenset(was) - kept


def _column(table: str, expected: Column, actual: Column, wording: Wording) -> Iterator[Difference]:
    facts: tuple[tuple[Kind, Callable[[Column], object]], ...] = (
        (Kind.TYPE, lambda column: column.type),
        (Kind.NULLABLE, lambda column: "NULL" if column.nullable else "NOT NULL"),
        (Kind.DEFAULT, lambda column: column.default),
        (Kind.ON_UPDATE, lambda column: column.on_update),
        (
            Kind.AUTO_INCREMENT,
            lambda column: "AUTO_INCREMENT" if column.auto_increment else "not AUTO_INCREMENT",
        ),
        (Kind.COLLATION, lambda column: column.collation),
        (Kind.COMMENT, lambda column: comment_text(column.comment)),
        (Kind.GENERATED, generated),
        (Kind.VISIBILITY, lambda column: "invisible" if column.invisible else "visible"),
    )
    told = f"{table}.{expected.name}"
    speaks_for_itself = (Kind.NULLABLE, Kind.AUTO_INCREMENT, Kind.VISIBILITY)
    for kind, fact in facts:
        was, now = fact(expected), fact(actual)
        if was != now:
            words = _was_is(f"{told}:" if kind in speaks_for_itself else f"{told}: {kind.value}", was, now, wording)
            yield Difference(kind, table, expected.name, words)


Member = TypeVar("Member", Index, ForeignKey, Check)


def _members(
    kind: Kind,
    table: str,
    expected: Sequence[Member],
    actual: Sequence[Member],
    wording: Wording,
    text: Callable[[Member], str],
) -> Iterator[Difference]:
    """Indexes, foreign keys or checks: matched by name, and by what they say where they have none."""
    was = {member.name or text(member): member for member in expected}
    now = {member.name or text(member): member for member in actual}
    for key in sorted({**was, **now}):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        told = f"{table}: {kind.value}"
        if before is not None and after is not None:
            words = _was_is(f"{told} {key}", text(before), text(after), wording)
        else:
            words = _one_sided(f"{told} {_described(key, before or after, text)}", before is not None, wording)
        yield Difference(kind, table, key, words)


def _described(key: str, member: Member | None, text: Callable[[Member], str]) -> str:
    if member is None or text(member) == key:
        return key
    return f"{key} {text(member)}" if isinstance(member, Index) else f"{key} ({text(member)})"


def _triggers(
    table: str, expected: Sequence[Trigger], actual: Sequence[Trigger], wording: Wording
) -> Iterator[Difference]:
    was = {trigger.name: trigger for trigger in expected}
    now = {trigger.name: trigger for trigger in actual}
    for name in sorted({**was, **now}):
        if (name in was) != (name in now):
            yield Difference(Kind.TRIGGER, table, name, _one_sided(f"trigger {name} on {table}", name in was, wording))
        elif was[name] != now[name]:
            yield Difference(Kind.TRIGGER, table, name, _trigger_words(was[name], now[name], wording))
    for moment in sorted({(trigger.timing, trigger.event) for trigger in expected}):
        orders = [
            [t.name for t in mine if (t.timing, t.event) == moment and _moment(theirs.get(t.name)) == moment]
            for mine, theirs in ((expected, now), (actual, was))
        ]
        if orders[0] != orders[1]:
            told = f"{table}: order of the triggers {' '.join(moment)}"
            yield Difference(
                Kind.TRIGGER, table, table, _was_is(told, ", ".join(orders[0]), ", ".join(orders[1]), wording)
            )


def _moment(trigger: Trigger | None) -> tuple[str, str] | None:
    return (trigger.timing, trigger.event) if trigger else None


def _trigger_words(expected: Trigger, actual: Trigger, wording: Wording) -> str:
    told = f"trigger {expected.name} on {expected.table}"
    was, now = f"{expected.timing} {expected.event}", f"{actual.timing} {actual.event}"
    return f"{told}: body differs" if was == now else _was_is(f"{told}:", was, now, wording)


def _text_words(told: str, was: str, now: str) -> str:
    """An empty text is one that the server keeps from this user: nobody can say whether it differs."""
    return f"{told} differs" if was and now else f"{told} cannot be seen with this user's rights"


def _view(expected: View, actual: View, wording: Wording) -> Iterator[Difference]:
    told = f"view {expected.name}"
    if expected.definition != actual.definition:
        words = _text_words(f"{told}: definition", expected.definition, actual.definition)
        yield Difference(Kind.VIEW, None, expected.name, words)
    for what, was, now in (
        ("check option", expected.check_option, actual.check_option),
        ("security", expected.security, actual.security),
    ):
        if was != now:
            yield Difference(Kind.VIEW, None, expected.name, _was_is(f"{told}: {what}", was, now, wording))
    yield from _triggers(expected.name, expected.triggers, actual.triggers, wording)


def _routine(expected: Routine, actual: Routine, wording: Wording) -> Iterator[Difference]:
    told = f"{expected.kind.lower()} {expected.name}"
    if expected.body != actual.body:
        words = _text_words(f"{told}: body", expected.body, actual.body)
        yield Difference(Kind.ROUTINE, None, expected.name, words)
    facts = (
        ("parameters", ", ".join(expected.parameters), ", ".join(actual.parameters)),
        ("return type", expected.returns, actual.returns),
        ("determinism", determinism(expected), determinism(actual)),
        ("data access", expected.data_access, actual.data_access),
        ("security", expected.security, actual.security),
        ("comment", comment_text(expected.comment), comment_text(actual.comment)),
    )
    for what, was, now in facts:
        if was != now:
            yield Difference(Kind.ROUTINE, None, expected.name, _was_is(f"{told}: {what}", was, now, wording))


def _database(expected: Schema, actual: Schema, wording: Wording) -> Iterator[Difference]:
    for what, was, now in (
        ("default charset", expected.charset, actual.charset),
        ("default collation", expected.collation, actual.collation),
    ):
        if was != now:
            yield Difference(Kind.DATABASE, None, what, _was_is(f"database: {what}", was, now, wording))
