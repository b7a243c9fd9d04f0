"""The rows of old installs: the same ones each time, and everything an upgrade has to get right.

Accented latin1 text, TEXT values that fill all 65,535 bytes, zero dates, NULLs, orphans of every reference
that will get a foreign key, `event_id` 0 and `quantity` 0. Each table has four rows or more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.golden import ColumnGolden, TableGolden

Value = str | None
Row = dict[str, Value]

IDS = ("1", "2", "5", "9")  # with gaps
ZERO_ROW, NULL_ROW, TOUCHED_ROW = 1, 2, 3
ZERO_DATE, ZERO_DATETIME = "0000-00-00", "0000-00-00 00:00:00"
TEXTS = (
    "Médiathèque de São Paulo",
    "Straße «ÿ» ½ ° ñ Æ Ø å",
    "",
    'O\'Brien said "100%" \\ back\nline\ttab  ',
    bytes(range(0xA1, 0x100)).decode("latin-1"),  # 95 characters: every one above the no-break space
)
# Bytes in latin1; in utf8mb4 every one of these characters takes two.
FULL_TEXT = ("é" * 65_534) + "ÿ"
LONG_TEXT = "ßü" * 32_500
UNICODE_TEXT = "Čo zmeniť v našom meste? „Áno“ €"  # for the one table of old installs whose columns are utf8

_CHOICES = {"tinyint(1)": ("0", "1", "7", "1"), "smallint(6)": ("0", "3", "-32768", "32767")}


def rows_for(tables: Mapping[str, TableGolden], version: int) -> dict[str, list[Row]]:
    """Rows for every table of an install at `version`, each row with every column."""
    special = _special_rows(version)
    made = {}
    for name, table in tables.items():
        rows = [_generic_row(table, number) for number in range(len(IDS))]
        given = special.get(name)
        made[name] = rows if given is None else _laid_over(table, rows, given)
    _fill_creators(made.get("project__user", []))
    return made


def _laid_over(table: TableGolden, rows: list[Row], given: Iterable[Row]) -> list[Row]:
    """Given values over generic ones; values of columns that this version does not have are left out."""
    names = {column.name for column in table.columns}
    return [
        {**rows[number % len(rows)], **{name: value for name, value in row.items() if name in names}}
        for number, row in enumerate(given)
    ]


def _generic_row(table: TableGolden, number: int) -> Row:
    keys = [index.columns for index in table.indexes if index.kind in ("PRIMARY KEY", "UNIQUE")]
    unique = {name for columns in keys for name in columns}
    return {
        column.name: _value(column, position, number, column.name in unique)
        for position, column in enumerate(table.columns)
    }


def _value(column: ColumnGolden, position: int, number: int, unique: bool) -> Value:
    if column.nullable and number == NULL_ROW:
        return None
    kind = column.type.partition("(")[0]
    if kind in ("timestamp", "datetime", "date"):
        return _moment(column, position, number)
    if kind == "enum":
        choices = column.type[len("enum('") : -len("')")].split("','")
        return choices[number % len(choices)]
    if kind == "decimal":
        return f"{40 + number}.712800"
    if kind == "bigint":
        return f"10000012345678{number}"
    if "int" in kind:
        return _CHOICES.get(column.type, IDS)[number]
    return _text(column, position, number, unique)


def _moment(column: ColumnGolden, position: int, number: int) -> str:
    """A time in UTC; zero in one row of each table, `updated_datetime` in another than the rest."""
    zero_row = TOUCHED_ROW if column.name == "updated_datetime" else ZERO_ROW
    if column.type == "date":
        return ZERO_DATE if number == zero_row else f"2011-03-{position + 1:02}"
    return ZERO_DATETIME if number == zero_row else f"2011-{number + 1:02}-{position + 1:02} 0{number}:30:59"


def _text(column: ColumnGolden, position: int, number: int, unique: bool) -> str:
    text = TEXTS[(number + position) % len(TEXTS)]
    if unique:
        text = f"{number} {text}"
    _, _, length = column.type.rstrip(")").partition("(")
    text = text[: int(length)] if length else text
    # A CHAR column gives its text back without the spaces at its end.
    return text.rstrip(" ") if column.type.startswith("char(") else text


def _special_rows(version: int) -> dict[str, list[Row]]:
    needs, volunteers = _needs(version), _volunteers()
    return {
        "direct_message": _messages(),
        "homepage_question": _questions(),
        "project_event": _events(),
        "project_place": _places(),
        "project_needs": needs,
        "project_need": needs,
        "project_need_volunteers": volunteers,
        "project_need_volunteer": volunteers,
    }


def _messages() -> list[Row]:
    texts = (FULL_TEXT, TEXTS[3], None, "")
    return [{"direct_message_id": id, "message": text} for id, text in zip(IDS, texts, strict=True)]


def _questions() -> list[Row]:
    texts = (UNICODE_TEXT, TEXTS[0], None, "")
    return [{"homepage_question_id": id, "question": text} for id, text in zip(IDS, texts, strict=True)]


def _events() -> list[Row]:
    """Projects are 1, 2, 5 and 9: an event of none, of one that is gone, and of number 0."""
    projects = (("1", "1"), ("2", "2"), ("5", None), ("9", "66"), ("10", "0"))
    return [{"id": id, "project_id": project} for id, project in projects]


def _places() -> list[Row]:
    """Place 4 is nobody's; place 3 joined is longer than an address may be."""
    return [
        {"id": "1", "name": "Médiathèque", "street": "12 rue de l'Église", "city": "Orléans"},
        {"id": "2", "name": "São João", "street": None, "city": "Nürnberg"},
        {"id": "3", "name": "é" * 200, "street": "ü" * 100, "city": "ß" * 256},
        {"id": "4", "name": None, "street": "Große Straße 1", "city": None},
    ]


def _needs(version: int) -> list[Row]:
    """id, project, event, address, description: projects 66 up, events 77 up and places 404 are gone.

    Need 11 has lost its project and its event; version 8 made event_id 0 NULL.
    """
    no_event = "0" if version < 8 else None
    needs: tuple[tuple[Value, ...], ...] = (
        ("1", "1", "1", "1", TEXTS[0]),
        ("2", "2", no_event, "2", LONG_TEXT),
        ("4", "5", None, None, None),
        ("5", "9", "77", "3", TEXTS[3]),
        ("7", "88", "2", "1", FULL_TEXT),
        ("11", "89", "78", "404", TEXTS[1]),
        ("12", "0", no_event, "0", ""),
        ("13", "1", "9", "404", TEXTS[4]),
    )
    names = ("id", "project_id", "event_id", "address_id", "description")
    return [dict(zip(names, need, strict=True)) for need in needs]


def _volunteers() -> list[Row]:
    """Need 7 exists until it is moved away with its project; needs 98, 99 and members 404, 405 never did."""
    volunteers = (
        ("1", "1", "2"),
        ("1", "2", "0"),
        ("2", "5", "0"),
        ("5", "9", "1"),
        ("4", "404", "0"),
        ("99", "1", "3"),
        ("98", "405", "0"),
        ("7", "1", "0"),
        ("7", "2", "4"),
    )
    return [{"need_id": need, "member_id": member, "quantity": n} for need, member, n in volunteers]


def _fill_creators(rows: list[Row]) -> None:
    """Where is_project_creator was added by hand, it was filled from is_project_admin: 1 where that is 1."""
    for row in rows:
        if "is_project_creator" in row:
            row["is_project_creator"] = "1" if row["is_project_admin"] == "1" else "0"
