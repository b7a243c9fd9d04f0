"""Two more migrations, with what ours lack: triggers, views, generated columns, checks, composite keys, moved data."""

OBJECTS = '''"""Keep animals, their houses and their visitors."""

OPTIONS = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"

HOUSE = """
CREATE TABLE zoo_house (
  city INT NOT NULL,
  number INT NOT NULL,
  name VARCHAR(80) NULL,
  PRIMARY KEY (city, number)
)"""

ANIMAL = """
CREATE TABLE zoo_animal (
  id INT NOT NULL PRIMARY KEY,
  city INT NULL,
  number INT NULL,
  name VARCHAR(60) NULL,
  nick VARCHAR(60) NULL DEFAULT 'none',
  notes VARCHAR(900) NULL,
  weight DOUBLE NULL,
  price NUMERIC(9, 2) NULL,
  born DATETIME NULL,
  seen DATETIME NULL,
  age INT NOT NULL DEFAULT 0,
  label VARCHAR(80) GENERATED ALWAYS AS (concat(name, '!')) VIRTUAL,
  CONSTRAINT zoo_age CHECK (age <> 13),
  CONSTRAINT zoo_animal_house FOREIGN KEY (city, number) REFERENCES zoo_house (city, number)
    ON DELETE CASCADE ON UPDATE CASCADE
)"""

VISIT = "CREATE TABLE zoo_visit (day DATE NULL, who VARCHAR(40) NULL)"

TRIGGER = {
    "mysql": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal FOR EACH ROW SET NEW.nick = COALESCE(NEW.nick, 'x')",
    "sqlite": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal BEGIN SELECT COALESCE(NEW.nick, 'x'); END",
}
VIEW = "CREATE VIEW zoo_list AS SELECT id, name, nick FROM zoo_animal WHERE age > 1"


def upgrade(op):
    mysql = op.dialect == "mysql"
    for create in (HOUSE, ANIMAL, VISIT):
        op.execute(create + OPTIONS if mysql else create.replace("concat(name, '!')", "name || '!'"))
    op.execute("CREATE INDEX zoo_animal_place ON zoo_animal (city, number)")
    op.execute("CREATE INDEX zoo_animal_name ON zoo_animal (name, nick)")
    op.execute(TRIGGER[op.dialect])
    op.execute(VIEW)


def downgrade(op):
    op.execute("DROP VIEW zoo_list")
    for table in ("zoo_visit", "zoo_animal", "zoo_house"):
        op.drop_table(table)
'''

MOVES = '''"""Move what is known of an animal into a table of its own, and visits into days."""

import sqlalchemy as sa

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
LABEL = {"mysql": "concat(name, '!')", "sqlite": "name || '!'"}
TRIGGER = {
    "mysql": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal FOR EACH ROW SET NEW.nick = COALESCE(NEW.nick, 'x')",
    "sqlite": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal BEGIN SELECT COALESCE(NEW.nick, 'x'); END",
}
VIEW = "CREATE VIEW zoo_list AS SELECT id, name, nick FROM zoo_animal WHERE age > 1"


def details():
    return [
        sa.Column("notes", sa.String(900)),
        sa.Column("weight", sa.Double),
        sa.Column("price", sa.Numeric(9, 2)),
        sa.Column("born", sa.DateTime),
        sa.Column("seen", sa.DateTime),
    ]


def upgrade(op):
    op.execute("DROP VIEW zoo_list")
    op.execute("DROP TRIGGER zoo_named")
    op.create_table(
        "zoo_detail", sa.Column("animal_id", sa.Integer, primary_key=True, autoincrement=False), *details(), **OPTIONS
    )
    op.execute(
        "INSERT INTO zoo_detail (animal_id, notes, weight, price, born, seen)"
        " SELECT id, notes, weight, price, born, seen FROM zoo_animal"
    )
    for column in details():
        op.drop_column("zoo_animal", column.name)
    op.drop_column("zoo_animal", "label")
    op.drop_constraint("zoo_age", "zoo_animal", type_="check")
    op.drop_constraint("zoo_animal_house", "zoo_animal", type_="foreignkey")
    op.drop_index("zoo_animal_name", table_name="zoo_animal")
    op.create_table("zoo_day", sa.Column("day", sa.Date), sa.Column("who", sa.String(40)), **OPTIONS)
    op.execute("INSERT INTO zoo_day (day, who) SELECT day, who FROM zoo_visit")
    op.drop_table("zoo_visit")


def downgrade(op):
    op.create_table("zoo_visit", sa.Column("day", sa.Date), sa.Column("who", sa.String(40)), **OPTIONS)
    op.execute("INSERT INTO zoo_visit (day, who) SELECT day, who FROM zoo_day")
    op.drop_table("zoo_day")
    after = "nick"
    for column in details():
        op.add_column("zoo_animal", column, after=after)
        after = column.name
    op.add_column("zoo_animal", sa.Column("label", sa.String(80), sa.Computed(LABEL[op.dialect], persisted=False)))
    for name in ("notes", "weight", "price", "born", "seen"):
        value = name
        op.execute(
            f"UPDATE zoo_animal SET {name} ="
            f" (SELECT {value} FROM zoo_detail WHERE zoo_detail.animal_id = zoo_animal.id)"
        )
    op.drop_table("zoo_detail")
    op.create_check_constraint("zoo_age", "zoo_animal", "age <> 13")
    op.create_foreign_key(
        "zoo_animal_house", "zoo_animal", "zoo_house", ["city", "number"], ["city", "number"],
        ondelete="CASCADE", onupdate="CASCADE",
    )
    op.create_index("zoo_animal_name", "zoo_animal", ["name", "nick"])
    op.execute(TRIGGER[op.dialect])
    op.execute(VIEW)
'''

SCRIPTS = {"018_Keep_animals.py": OBJECTS, "019_Move_what_is_known.py": MOVES}
