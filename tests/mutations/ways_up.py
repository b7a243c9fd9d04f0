"""Defects that make an upgrade another one than installs have run: `check schema` must find each, seeded all together.

The schema that is promised is then the defective one: what is told is «was» the defect, «is» as it should be.
"""

from __future__ import annotations

from tests.mutations.seeding import SQLITE, Defect
from tests.mutations.ways_down import NO_CHARSETS, NO_COMMENTS, NO_ENGINES, NO_ON_UPDATE

NO_FULLTEXT = {SQLITE: "SQLite has no FULLTEXT keys"}
NO_ENUMS = {SQLITE: "an enum is a VARCHAR of its longest member there, with no list of them"}
NO_COUNTING = {SQLITE: "SQLite counts every INTEGER PRIMARY KEY"}
NO_UNSIGNED = {SQLITE: "the type is MySQL's"}
EARLY = 10
"""The version at which defects of the scripts up to it are looked for: 011 to 014 make much of them equal again."""
LATE = 18


def column(name: str, old: str, new: str, words: str, **more: dict[str, str]) -> Defect:
    return Defect(name, 1, ((old, new),), words, **more)  # type: ignore[arg-type]


UPGRADES = (
    column(
        "lost column",
        '        sa.Column("affiliation", sa.String(100)),\n',
        "",
        r"^user: column affiliation is unexpected",
    ),
    column(
        "column renamed",
        '"physical_address"',
        '"street_address"',
        r"^project_resource: column (street_address is missing|physical_address is unexpected)",
    ),
    column(
        "column order",
        'sa.Column("contact_name", sa.String(255)),\n        sa.Column("contact_email", sa.String(100)),',
        'sa.Column("contact_email", sa.String(100)),\n        sa.Column("contact_name", sa.String(255)),',
        r"^project_resource: column contact_(name|email) was \d.., is \d",
    ),
    column(
        "integer too small",
        '"facebook_id", sa.BigInteger',
        '"facebook_id", sa.Integer',
        r"^facebook_user.facebook_id: type was (int|INTEGER), is (bigint|BIGINT)",
    ),
    column(
        "length",
        '"submitter_name", sa.String(100)',
        '"submitter_name", sa.String(255)',
        r"(?i)^site_feedback.submitter_name: type was varchar\(255\), is varchar\(100\)",
    ),
    column(
        "digits behind the point",
        '"lat", sa.Numeric(9, 6)',
        '"lat", sa.Numeric(9, 5)',
        r"(?i)^location.lat: type was (decimal|numeric)\(9, ?5\), is (decimal|numeric)\(9, ?6\)",
    ),
    column(
        "boolean as a number",
        '"mirrored", sa.Boolean, server_default=NO)',
        '"mirrored", sa.SmallInteger, server_default=NO)',
        r"(?i)^images.mirrored: type was smallint, is (tinyint\(1\)|boolean)",
    ),
    column(
        "timestamp as datetime",
        '"created", sa.TIMESTAMP',
        '"created", sa.DateTime',
        r"(?i)^images.created: type was datetime, is timestamp",
    ),
    column(
        "char as varchar",
        '"session_id", sa.CHAR(128)',
        '"session_id", sa.String(128)',
        r"(?i)^web_session.session_id: type was varchar\(128\), is char\(128\)",
    ),
    column(
        "text as varchar",
        '"data", sa.Text',
        '"data", sa.String(2000)',
        r"(?i)^web_session.data: type was varchar\(2000\), is text",
    ),
    column(
        "unsigned lost",
        "mysql.INTEGER(unsigned=True)",
        "mysql.INTEGER()",
        r"^attachments.id: type was int, is int unsigned",
        nothing_on=NO_UNSIGNED,
    ),
    column(
        "enum member lost",
        'sa.Enum("web", "sms", "email")',
        'sa.Enum("web", "email")',
        r"^idea.submission_type: type was enum\('web','email'\)",
        nothing_on=NO_ENUMS,
    ),
    column(
        "enum members in another order",
        'sa.Enum("member_comment", "admin_comment",',
        'sa.Enum("admin_comment", "member_comment",',
        r"^project_message.message_type: type was enum\('admin_comment','member_comment'",
        nothing_on=NO_ENUMS,
    ),
    column(
        "NOT NULL",
        '"invitee_email", sa.Integer',
        '"invitee_email", sa.Integer, nullable=False',
        r"^project_invite.invitee_email: was NOT NULL, is NULL",
    ),
    column(
        "NULL",
        'sa.Column("group_name", sa.String(50), nullable=False)',
        'sa.Column("group_name", sa.String(50))',
        r"^user_group.group_name: was NULL, is NOT NULL",
    ),
    column(
        "another default",
        'server_default="digest"',
        'server_default="none"',
        r"^user.email_notification: default was 'none', is 'digest'",
    ),
    column(
        "default without its sign",
        'server_default="-1"',
        'server_default="1"',
        r"^idea.location_id: default was '?1'?, is '?-1",
    ),
    column("default lost", ', server_default="file"', "", r"^attachments.type: default was none, is 'file'"),
    column(
        "default too many",
        'sa.Column("status", sa.CHAR(1))',
        'sa.Column("status", sa.CHAR(1), server_default="N")',
        r"^tasks.status: default was 'N', is none",
    ),
    column(
        "empty text as default",
        'sa.Column("owner_id", sa.String(255))',
        'sa.Column("owner_id", sa.String(255), server_default="")',
        r"^tasks.owner_id: default was '', is none",
    ),
    column(
        "comment of a column",
        "The display name -- the file name or title of the media",
        "The display name",
        r"^attachments.title: comment was «The display name», is «The display name -- ",
        nothing_on=NO_COMMENTS,
    ),
    column(
        "comment of a table",
        "Comment attachment descriptions",
        "Attachments",
        r"^attachments: comment was «Attachments», is «Comment attachment",
        nothing_on=NO_COMMENTS,
    ),
    column(
        "engine",
        (
            'sa.Column("frequency", sa.String(20)),\n        sa.Column("updated_datetime", '
            "sa.TIMESTAMP, nullable=False, server_default=NOW),\n        **OPTIONS"
        ),
        (
            'sa.Column("frequency", sa.String(20)),\n        sa.Column("updated_datetime", '
            "sa.TIMESTAMP, nullable=False, server_default=NOW),\n        **{**OPTIONS, "
            '"mysql_engine": "MyISAM"}'
        ),
        r"^tasks: engine was MyISAM, is InnoDB",
        nothing_on=NO_ENGINES,
    ),
    column(
        "collation of a table",
        '"sms_stopped_phone", sa.Column("phone", sa.String(10), primary_key=True), created(), **OPTIONS',
        (
            '"sms_stopped_phone", sa.Column("phone", sa.String(10), primary_key=True), created(), '
            '**{**OPTIONS, "mysql_collate": "latin1_bin"}'
        ),
        r"^sms_stopped_phone(\.phone)?: collation was latin1_bin, is latin1_swedish_ci",
        nothing_on=NO_CHARSETS,
    ),
    column(
        "character set of a table",
        'sa.Column("keyword", sa.String(25), primary_key=True), created(), **OPTIONS',
        (
            'sa.Column("keyword", sa.String(25), primary_key=True), created(), **{**OPTIONS, '
            '"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}'
        ),
        r"^keyword(\.keyword)?: collation was utf8mb4_bin, is latin1_swedish_ci",
        nothing_on=NO_CHARSETS,
    ),
    column(
        "collation of one column",
        '"borough", sa.String(50)',
        '"borough", sa.String(50, collation="latin1_bin" if op.dialect == "mysql" else "NOCASE")',
        r"^location.borough: collation was (latin1_bin|NOCASE), is (latin1_swedish_ci|BINARY|none)",
    ),
    column(
        "ON UPDATE lost",
        'sa.Column("warn_words", sa.Text),\n        updated(op)',
        (
            'sa.Column("warn_words", sa.Text),\n        sa.Column("updated_datetime", sa.TIMESTAMP, '
            "nullable=False, server_default=NOW)"
        ),
        r"^badwords.updated_datetime: on update was none, is CURRENT_TIMESTAMP",
        nothing_on=NO_ON_UPDATE,
    ),
    column(
        "ON UPDATE too many",
        'sa.Column("message", sa.Text),\n        created()',
        'sa.Column("message", sa.Text),\n        created(touched_now(op))',
        r"^direct_message.created_datetime: on update was CURRENT_TIMESTAMP, is none",
        nothing_on=NO_ON_UPDATE,
    ),
    column(
        "AUTO_INCREMENT lost",
        'sa.Column("project_link_id", sa.Integer, primary_key=True)',
        'key("project_link_id")',
        r"^project_link.project_link_id: was not AUTO_INCREMENT, is AUTO_INCREMENT",
        nothing_on=NO_COUNTING,
    ),
    column(
        "AUTO_INCREMENT too many",
        'key("location_id")',
        'sa.Column("location_id", sa.Integer, primary_key=True)',
        r"^location.location_id: was AUTO_INCREMENT, is not AUTO_INCREMENT",
        nothing_on=NO_COUNTING,
    ),
    column(
        "primary key of fewer columns",
        '"project__idea", key("project_id"), key("idea_id")',
        '"project__idea", key("project_id"), sa.Column("idea_id", sa.Integer, nullable=False)',
        r"^project__idea: primary key was \(project_id\), is \(project_id, idea_id\)",
    ),
    column(
        "primary key lost",
        'sa.Column("code", sa.CHAR(10), primary_key=True)',
        'sa.Column("code", sa.CHAR(10), nullable=False)',
        r"^beta_invite_code: primary key was none, is \(code\)",
    ),
    column(
        "index missing",
        '    op.create_index("app", "images", ["app"])\n',
        "",
        r"^images: index app \(app\) is unexpected",
    ),
    column(
        "index of other columns",
        'op.create_index("mirrored", "images", ["mirrored"])',
        'op.create_index("mirrored", "images", ["mirrored", "created"])',
        r"^images: index mirrored was \(mirrored, created\), is \(mirrored\)",
    ),
    column(
        "FULLTEXT key of fewer columns",
        '"project", ["title", "description"], mysql_prefix',
        '"project", ["title"], mysql_prefix',
        r"^project: index title was FULLTEXT \(title\), is FULLTEXT \(title, description\)",
        nothing_on=NO_FULLTEXT,
    ),
    column(
        "FULLTEXT key as an ordinary one, of prefixes",
        '"project_resource", ["title", "description"], mysql_prefix="FULLTEXT"',
        '"project_resource", ["title", "description"], mysql_length={"description": 100}',
        r"^project_resource: index title was \(title, description\(100\)\), is FULLTEXT",
        nothing_on=NO_FULLTEXT,
    ),
    column(
        "FULLTEXT key missing",
        '        op.create_index("description", "idea", ["description"], mysql_prefix="FULLTEXT")',
        "        pass",
        r"^idea: index description FULLTEXT \(description\) is unexpected",
        nothing_on=NO_FULLTEXT,
    ),
    column(
        "unique key lost",
        '        sa.UniqueConstraint("twitter_id", name="twitter_id"),\n',
        "",
        r"^twitter_user: index .*UNIQUE \(twitter_id\) is unexpected",
    ),
    column(
        "unique key too many",
        '"submitter_email", sa.String(100)',
        '"submitter_email", sa.String(100), unique=True',
        r"^site_feedback: index .*UNIQUE \(submitter_email\) is missing",
    ),
    column(
        "unique key of another column",
        'sa.UniqueConstraint("email", name="email")',
        'sa.UniqueConstraint("user_key", name="email")',
        r"^user: index .*UNIQUE \(user_key\)",
    ),
    column(
        "foreign key missing",
        '        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name="fk_project_need_project_id"),\n',
        "",
        r"^project_need: foreign key fk_project_need_project_id .* is unexpected",
    ),
    column(
        "foreign key with an action",
        'name="fk_project_need_volunteer_member_id")',
        'name="fk_project_need_volunteer_member_id", ondelete="CASCADE")',
        r"^project_need_volunteer: foreign key fk_project_need_volunteer_member_id was .* ON DELETE CASCADE, is ",
    ),
    Defect(
        "foreign key with another name",
        5,
        (('name="fk_project_event_project_id"', 'name="fk_event"'),),
        r"^project_event: foreign key fk_(event .*is missing|project_event_project_id .*is unexpected)",
    ),
    Defect(
        "index on another column",
        5,
        (
            (
                'op.create_index("event_id", "project_need", ["event_id"])',
                'op.create_index("event_id", "project_need", ["event_id", "date"])',
            ),
        ),
        r"^project_need: index event_id was \(event_id, date\), is \(event_id\)",
    ),
    Defect(
        "length of an added column",
        6,
        (('"feedback_type", sa.String(100)', '"feedback_type", sa.String(10)'),),
        r"(?i)^site_feedback.feedback_type: type was varchar\(10\), is varchar\(100\)",
    ),
    Defect(
        "default for the old rows left",
        7,
        (('    op.alter_column("project_need_volunteer", "quantity", server_default=None)\n', ""),),
        r"^project_need_volunteer.quantity: default was '?0'?, is none",
    ),
    Defect(
        "column not added",
        9,
        (('        op.add_column("project_need", sa.Column("subtype", sa.String(10)))', "        pass"),),
        r"^project_need: column subtype is unexpected",
    ),
    Defect(
        "table too many",
        4,
        (
            (
                "def downgrade",
                '    op.create_table("leaders", sa.Column("id", sa.Integer, primary_key=True))\n\n\ndef downgrade',
            ),
        ),
        r"^table leaders is missing",
    ),
)
LATER = (
    Defect(
        "column in another place",
        12,
        ((', after="is_project_admin")', ")"),),
        r"^project__user: column (is_project_creator|created_datetime) was \d.., is \d",
    ),
    Defect(
        "one table left as it was",
        13,
        (('    "web_session",\n', ""),),
        r"^web_session(\.\w+)?: (collation was (latin1_swedish_ci|utf8mb3_general_ci)|type was text), is ",
        nothing_on=NO_CHARSETS,
    ),
    Defect(
        "default of the database left as it was",
        13,
        ((' op.execute(f"ALTER DATABASE DEFAULT CHARACTER SET {CHARSET} COLLATE {COLLATION}")', " pass"),),
        r"^database: default (charset|collation) was utf8mb3(_general_ci)?, is utf8mb4(_unicode_ci)?$",
        nothing_on=NO_CHARSETS,
    ),
    Defect(
        "one column forgotten",
        14,
        (('    "badwords": ["updated_datetime"],\n', ""),),
        r"^badwords.updated_datetime: was NOT NULL, is NULL",
    ),
    Defect(
        "default not changed",
        14,
        (('nullable=True, server_default=sa.text("CURRENT_TIMESTAMP"))', "nullable=True)"),),
        (
            r"^(project|project_resource|site_feedback|user|homepage_question).created_datetime: "
            r"default was '0000-00-00 00:00:00', is CURRENT_TIMESTAMP"
        ),
    ),
    Defect(
        "another number",
        15,
        (('server_default=sa.text("1"))', 'server_default=sa.text("2"))'),),
        r"^project_need_volunteer.quantity: default was '?2'?, is '?1",
    ),
    Defect(
        "index not renamed",
        17,
        (('        op.rename_index("project_event", "project_id", "project_event_project_id")', "        pass"),),
        r"^project_event: index project_(id .*is missing|event_project_id .*is unexpected)",
        nothing_on={SQLITE: "the index has that name there from the first"},
    ),
    Defect(
        "trigger of another body",
        18,
        (
            (
                (
                    '"mysql": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal FOR EACH ROW SET '
                    "NEW.nick = COALESCE(NEW.nick, 'x')\""
                ),
                (
                    '"mysql": "CREATE TRIGGER zoo_named BEFORE INSERT ON zoo_animal FOR EACH ROW SET '
                    "NEW.nick = COALESCE(NEW.nick, 'y')\""
                ),
            ),
            ("BEGIN SELECT COALESCE(NEW.nick, 'x'); END", "BEGIN SELECT COALESCE(NEW.nick, 'y'); END"),
        ),
        r"^trigger zoo_named on zoo_animal: body differs",
    ),
    Defect(
        "view of other rows",
        18,
        (("FROM zoo_animal WHERE age > 1", "FROM zoo_animal WHERE age > 2"),),
        r"^view zoo_list: definition differs",
    ),
    Defect(
        "check of another number",
        18,
        (("CHECK (age <> 13)", "CHECK (age <> 14)"),),
        r"^zoo_animal: check zoo_age was .*14.*, is .*13",
    ),
    Defect(
        "generated column stored",
        18,
        (("AS (concat(name, '!')) VIRTUAL", "AS (concat(name, '!')) STORED"),),
        r"^zoo_animal.label: generated was .*STORED, is .*VIRTUAL",
    ),
    Defect(
        "composite key swapped",
        18,
        (("PRIMARY KEY (city, number)", "PRIMARY KEY (city, number), UNIQUE (number, city)"),),
        r"^zoo_house: index .*UNIQUE \(number, city\) is missing",
    ),
    Defect(
        "action of a composite foreign key",
        18,
        (("ON DELETE CASCADE ON UPDATE CASCADE", "ON DELETE CASCADE"),),
        r"^zoo_animal: foreign key zoo_animal_house was .* ON DELETE CASCADE, is .* ON UPDATE CASCADE",
    ),
    Defect(
        "index with one part descending",
        18,
        (("zoo_animal (name, nick)", "zoo_animal (name DESC, nick)"),),
        r"^zoo_animal: index zoo_animal_name was \(name DESC, nick\), is \(name, nick\)",
    ),
    Defect(
        "float of fewer digits",
        18,
        (("weight DOUBLE NULL", "weight FLOAT NULL"),),
        r"(?i)^zoo_animal.weight: type was float, is double",
    ),
)
