"""Defects in a migration that drops and makes again what ours have none of, and moves data (019 of the zoo)."""

from __future__ import annotations

from tests.mutations.seeding import SQLITE, Defect

PUT_LABEL = (
    'op.add_column("zoo_animal", sa.Column("label", sa.String(80), sa.Computed(LABEL[op.dialect], persisted=False)))'
)
PUT_KEY = '["city", "number"], ["city", "number"],\n        ondelete="CASCADE", onupdate="CASCADE",'
PUT_INDEX = 'op.create_index("zoo_animal_name", "zoo_animal", ["name", "nick"])'
PUT_CHECK = 'op.create_check_constraint("zoo_age", "zoo_animal", "age <> 13")'
PUT_TRIGGER = "    op.execute(TRIGGER[op.dialect])\n    op.execute(VIEW)"
PUT_VISITS = "INSERT INTO zoo_visit (day, who) SELECT day, who FROM zoo_day"
MOVE_VISITS = "INSERT INTO zoo_day (day, who) SELECT day, who FROM zoo_visit"
MOVE = '" SELECT id, notes, weight, price, born, seen FROM zoo_animal"'
VALUE = "        value = name\n"
NO_DATES = r"with another (born|seen)"


def moved(column: str, value: str) -> tuple[tuple[str, str], ...]:
    """The column is written back as this expression of it."""
    return ((VALUE, f'        value = "{value}" if name == "{column}" else name\n'),)


def defect(name: str, old: str, new: str, words: str, **more: dict[str, str]) -> Defect:
    return Defect(name, 19, ((old, new),), words, **more)  # type: ignore[arg-type]


def value(name: str, column: str, expression: str, words: str, **more: dict[str, str]) -> Defect:
    return Defect(name, 19, moved(column, expression), words, **more)  # type: ignore[arg-type]


NOTES = r"after down: zoo_animal: \d+ rows? with another notes"
MOVES = (
    defect(
        "trigger does not come back",
        PUT_TRIGGER,
        "    op.execute(VIEW)",
        r"after down: trigger zoo_named on zoo_animal is missing",
    ),
    defect(
        "trigger comes back with another body",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("[op.dialect]", """[op.dialect].replace("'x'", "'y'")"""),
        r"after down: trigger zoo_named on zoo_animal: body differs",
    ),
    defect(
        "trigger comes back at another time",
        PUT_TRIGGER,
        PUT_TRIGGER.replace(
            "[op.dialect]", '[op.dialect].replace("BEFORE", "AFTER").replace("SET NEW.nick", "SET @nick")'
        ),
        r"after down: trigger zoo_named on zoo_animal: was BEFORE INSERT, is AFTER INSERT",
    ),
    defect(
        "trigger comes back for another event",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("[op.dialect]", '[op.dialect].replace("INSERT", "UPDATE")'),
        r"after down: trigger zoo_named on zoo_animal: was BEFORE INSERT, is BEFORE UPDATE",
    ),
    defect(
        "trigger comes back with another name",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("[op.dialect]", '[op.dialect].replace("zoo_named", "zoo_name")'),
        r"after down: trigger zoo_name on zoo_animal is unexpected",
    ),
    defect(
        "view does not come back",
        PUT_TRIGGER,
        "    op.execute(TRIGGER[op.dialect])",
        r"after down: view zoo_list is missing",
    ),
    defect(
        "view comes back with another condition",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("(VIEW)", '(VIEW.replace("> 1", ">= 1"))'),
        r"after down: view zoo_list: definition differs",
    ),
    defect(
        "view comes back with its columns in another order",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("(VIEW)", '(VIEW.replace("name, nick", "nick, name"))'),
        r"after down: view zoo_list: definition differs",
    ),
    defect(
        "view comes back with every column",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("(VIEW)", '(VIEW.replace("id, name, nick", "*"))'),
        r"after down: view zoo_list: definition differs",
    ),
    defect(
        "view went stale: made before its column came back",
        PUT_TRIGGER,
        PUT_TRIGGER.replace(
            "(VIEW)", '(VIEW.replace("name, nick", "name"))\n    op.execute("UPDATE zoo_animal SET age = age")'
        ),
        r"after down: view zoo_list: definition differs",
    ),
    defect(
        "view comes back as a table",
        PUT_TRIGGER,
        PUT_TRIGGER.replace("(VIEW)", '(VIEW.replace("VIEW", "TABLE"))'),
        r"after down: (table zoo_list is unexpected|view zoo_list is missing)",
    ),
    defect(
        "generated column does not come back",
        f"    {PUT_LABEL}\n",
        "",
        r"after down: zoo_animal: column label is missing",
    ),
    defect(
        "generated column comes back as an ordinary one",
        PUT_LABEL,
        'op.add_column("zoo_animal", sa.Column("label", sa.String(80)))',
        r"after down: zoo_animal.label: generated was .*VIRTUAL, is none",
    ),
    defect(
        "generated column comes back with another expression",
        PUT_LABEL,
        PUT_LABEL.replace("LABEL[op.dialect]", 'LABEL[op.dialect].replace("!", "?")'),
        r"after down: zoo_animal.label: generated was ",
    ),
    defect(
        "generated column comes back stored",
        PUT_LABEL,
        PUT_LABEL.replace("persisted=False", "persisted=True"),
        r"after down: zoo_animal.label: generated was .*VIRTUAL, is .*STORED",
    ),
    defect("check does not come back", f"    {PUT_CHECK}\n", "", r"after down: zoo_animal: check zoo_age .*is missing"),
    defect(
        "check comes back with another number",
        PUT_CHECK,
        PUT_CHECK.replace("13", "14"),
        r"after down: zoo_animal: check zoo_age was .*13.*, is .*14",
    ),
    defect(
        "check comes back with another name",
        PUT_CHECK,
        PUT_CHECK.replace('"zoo_age"', '"zoo_years"'),
        r"after down: zoo_animal: check zoo_years .*is unexpected",
    ),
    defect(
        "composite foreign key with its columns swapped",
        PUT_KEY,
        PUT_KEY.replace('["city", "number"], ["city", "number"]', '["number", "city"], ["city", "number"]'),
        r"after down: zoo_animal: foreign key zoo_animal_house was city, number .*, is number, city|zoo_animal_house",
    ),
    defect(
        "composite foreign key without ON DELETE",
        PUT_KEY,
        PUT_KEY.replace('ondelete="CASCADE", ', ""),
        r"after down: zoo_animal: foreign key zoo_animal_house was .*ON DELETE CASCADE.*, is (?!.*ON DELETE)",
    ),
    defect(
        "composite foreign key with SET NULL",
        PUT_KEY,
        PUT_KEY.replace('ondelete="CASCADE"', 'ondelete="SET NULL"'),
        r"after down: zoo_animal: foreign key zoo_animal_house was .*ON DELETE CASCADE.*, is .*ON DELETE SET NULL",
    ),
    defect(
        "composite index with its columns in another order",
        PUT_INDEX,
        PUT_INDEX.replace('["name", "nick"]', '["nick", "name"]'),
        r"after down: zoo_animal: index zoo_animal_name was \(name, nick\), is \(nick, name\)",
    ),
    defect(
        "composite index of fewer columns",
        PUT_INDEX,
        PUT_INDEX.replace('["name", "nick"]', '["name"]'),
        r"after down: zoo_animal: index zoo_animal_name was \(name, nick\), is \(name\)",
    ),
    defect(
        "composite index with one part descending",
        PUT_INDEX,
        'op.execute("CREATE INDEX zoo_animal_name ON zoo_animal (name, nick DESC)")',
        r"after down: zoo_animal: index zoo_animal_name was \(name, nick\), is \(name, nick DESC\)",
    ),
    value("values cut at 255 characters", "notes", "SUBSTR(notes, 1, 255)", NOTES),
    value("blanks at the end trimmed", "notes", "RTRIM(notes)", NOTES),
    value("case changed", "notes", "LOWER(notes)", NOTES),
    value("quotes lost", "notes", "REPLACE(notes, CHAR(34), '')", NOTES),
    value("line ends changed", "notes", "REPLACE(notes, CHAR(10), ' ')", NOTES),
    value("empty text became NULL", "notes", "NULLIF(notes, '')", NOTES),
    value("NULL became an empty text", "notes", "COALESCE(notes, '')", NOTES),
    value("NULL became the word", "notes", "COALESCE(notes, 'None')", NOTES),
    value("four-byte characters lost", "notes", "REPLACE(notes, '🎈', '?')", NOTES),
    value("accents lost", "notes", "REPLACE(notes, 'é', 'e')", NOTES),
    value(
        "a number of few digits", "weight", "ROUND(weight, 0)", r"after down: zoo_animal: \d+ rows? with another weight"
    ),
    value(
        "negative numbers cut to zero",
        "weight",
        "ABS(weight)",
        r"after down: zoo_animal: \d+ rows? with another weight",
    ),
    value(
        "cents lost",
        "price",
        "ROUND(price)",
        r"after down: zoo_animal: \d+ rows? with another price|Out of range value for column 'price'",
    ),
    value("NULL became zero", "price", "COALESCE(price, 0)", r"after down: zoo_animal: \d+ rows? with another price"),
    value("zero became NULL", "price", "NULLIF(price, 0)", r"after down: zoo_animal: \d+ rows? with another price"),
    value(
        "zero date became NULL",
        "born",
        "NULLIF(born, '0000-00-00 00:00:00')",
        r"after down: zoo_animal: \d+ rows? with another born",
    ),
    value(
        "time of day lost",
        "born",
        "CONCAT(DATE(born), ' 00:00:00')",
        r"after down: zoo_animal: \d+ rows? with another born",
        words_on={SQLITE: r"no such function: CONCAT|with another born"},
    ),
    Defect(
        "moved an hour, as from one time zone to another",
        19,
        (
            (
                '    op.drop_table("zoo_detail")\n',
                (
                    '    hour = "born - INTERVAL 1 HOUR" if op.dialect == "mysql" else "datetime(born, \'-1 '
                    'hour\')"\n    op.execute(f"UPDATE zoo_animal SET born = {hour} WHERE born > '
                    "'1000-02-01' AND born < '9000-01-01'\")\n    op.drop_table(\"zoo_detail\")\n"
                ),
            ),
        ),
        r"after down: zoo_animal: \d+ rows? with another born",
    ),
    Defect(
        "every second column of a pair swapped",
        19,
        ((VALUE, '        value = {"notes": "price", "price": "weight"}.get(name, name)\n'),),
        r"zoo_animal: \d+ rows? with another (notes|price)|zoo_animal.*(price|notes)|price",
    ),
    defect(
        "rows without notes are not moved (INNER JOIN)",
        MOVE,
        MOVE.replace('"' + " SELECT", '"' + " SELECT").replace('zoo_animal"', 'zoo_animal WHERE notes IS NOT NULL"'),
        r"after down: zoo_animal: 1 row with another (born|price|seen|weight)",
    ),
    defect(
        "the moved rows begin a row too late",
        MOVE,
        MOVE.replace('zoo_animal"', 'zoo_animal WHERE id > 1"'),
        r"after down: zoo_animal: 1 row with another notes",
    ),
    Defect(
        "the way back takes another row's values",
        19,
        (
            (
                "WHERE zoo_detail.animal_id = zoo_animal.id",
                "WHERE zoo_detail.animal_id = (SELECT MIN(animal_id) FROM zoo_detail)",
            ),
        ),
        NOTES,
    ),
    defect(
        "equal rows collapse (DISTINCT)",
        PUT_VISITS,
        PUT_VISITS.replace("SELECT", "SELECT DISTINCT"),
        r"after down: zoo_visit: \d+ rows? gone",
    ),
    defect(
        "equal rows collapse on the way up (GROUP BY)",
        MOVE_VISITS,
        MOVE_VISITS + " GROUP BY day, who",
        r"after down: zoo_visit: \d+ rows? gone",
    ),
    defect(
        "rows doubled (UNION ALL)",
        PUT_VISITS,
        PUT_VISITS + " UNION ALL SELECT day, who FROM zoo_day WHERE day = '2012-02-29'",
        r"after down: zoo_visit: \d+ rows? that were not there",
    ),
    defect("rows lost to a LIMIT", PUT_VISITS, PUT_VISITS + " LIMIT 3", r"after down: zoo_visit: \d+ rows? gone"),
    defect(
        "no row comes back",
        PUT_VISITS,
        PUT_VISITS + " WHERE day = 'never'",
        r"after down: zoo_visit: \d+ rows? gone|zoo_visit",
    ),
    Defect(
        "children deleted with their parents (CASCADE)",
        19,
        (
            (
                '    op.drop_index("zoo_animal_name", table_name="zoo_animal")\n',
                (
                    '    op.drop_index("zoo_animal_name", table_name="zoo_animal")\n    op.execute("DELETE '
                    'FROM zoo_animal WHERE city = 1")\n'
                ),
            ),
        ),
        r"after down: zoo_animal: \d+ rows? gone",
    ),
    Defect(
        "a row of another table changes",
        19,
        (
            (
                '    op.drop_table("zoo_detail")\n',
                (
                    '    op.drop_table("zoo_detail")\n    op.execute("UPDATE zoo_house SET name = \'\' WHERE '
                    'name IS NULL")\n'
                ),
            ),
        ),
        r"after down: zoo_house: \d+ rows? with another name",
    ),
    Defect(
        "up again is refused: a table of the upgrade stays",
        19,
        (('    op.drop_table("zoo_detail")\n', ""),),
        r"after down: table zoo_detail is unexpected",
    ),
    Defect(
        "an order that references do not allow",
        19,
        ((PUT_TRIGGER, PUT_TRIGGER + '\n    op.drop_table("zoo_house")'),),
        r"zoo_house",
    ),
)
