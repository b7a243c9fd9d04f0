"""Create the tables that Change By Us began with in 2011.

A unique key is a constraint of its table, not an index: SQLite's index names are shared by all tables.
FULLTEXT and ON UPDATE exist on MySQL and MariaDB only.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "latin1", "mysql_collate": "latin1_swedish_ci"}
NOW = sa.text("CURRENT_TIMESTAMP")
NEVER = sa.text("'0000-00-00 00:00:00'")
NO = sa.text("0")
YES = sa.text("1")

# In the order in which foreign keys allow them to be created.
TABLES = (
    "user",
    "user_group",
    "user__user_group",
    "facebook_user",
    "twitter_user",
    "unauthenticated_user",
    "web_session",
    "beta_invite_code",
    "beta_invite_request",
    "project",
    "project__user",
    "project_leader",
    "project_endorsement",
    "project_invite",
    "project_link",
    "project_message",
    "project_resource",
    "project__project_resource",
    "featured_project",
    "project_needs",
    "project_need_volunteers",
    "idea",
    "project__idea",
    "keyword",
    "location",
    "direct_message",
    "sms_stopped_phone",
    "attachments",
    "images",
    "badwords",
    "site_feedback",
    "tasks",
)


def upgrade(op):
    create_users(op)
    create_groups(op)
    create_accounts_elsewhere(op)
    create_visitors(op)
    create_projects(op)
    create_project_members(op)
    create_project_contents(op)
    create_project_resources(op)
    create_needs(op)
    create_ideas(op)
    create_messages(op)
    create_files(op)
    create_site(op)


def downgrade(op):
    for table in reversed(TABLES):
        op.drop_table(table)


def key(name):
    """A column of a primary key whose values the database does not hand out."""
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def flag(name, default):
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def flags_raised():
    return sa.Column("num_flags", sa.SmallInteger, nullable=False, server_default=NO)


def created(default=NOW):
    return sa.Column("created_datetime", sa.TIMESTAMP, nullable=False, server_default=default)


def touched_now(op):
    """The default of a timestamp that follows every change of its row, where the database can do that."""
    return sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP") if op.dialect == "mysql" else NOW


def updated(op):
    return sa.Column("updated_datetime", sa.TIMESTAMP, nullable=False, server_default=touched_now(op))


def create_users(op):
    op.create_table(
        "user",
        sa.Column("user_id", sa.Integer, primary_key=True),
        sa.Column("user_key", sa.String(10), nullable=False),
        sa.Column("email", sa.String(100), nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("salt", sa.String(255), nullable=False),
        sa.Column("phone", sa.String(10)),
        sa.Column("first_name", sa.String(50)),
        sa.Column("last_name", sa.String(50)),
        sa.Column("full_display_name", sa.String(255)),
        sa.Column("image_id", sa.Integer),
        sa.Column("location_id", sa.Integer),
        sa.Column("description", sa.String(255)),
        sa.Column("affiliation", sa.String(100)),
        sa.Column(
            "group_membership_bitmask",
            sa.SmallInteger().with_variant(mysql.TINYINT(1), "mysql"),
            nullable=False,
            server_default=YES,
        ),
        flag("is_oncall", NO),
        sa.Column("email_notification", sa.Enum("none", "digest"), nullable=False, server_default="digest"),
        sa.Column("last_account_page_access_datetime", sa.TIMESTAMP),
        flag("is_active", YES),
        created(NEVER),
        updated(op),
        sa.UniqueConstraint("email", name="email"),
        sa.UniqueConstraint("phone", name="phone"),
        **OPTIONS,
    )


def create_groups(op):
    op.create_table(
        "user_group",
        key("user_group_id"),
        sa.Column("group_name", sa.String(50), nullable=False),
        sa.Column("description", sa.String(255)),
        flag("is_active", YES),
        created(),
        **OPTIONS,
    )
    op.create_table("user__user_group", key("user_id"), key("user_group_id"), created(), **OPTIONS)


def create_accounts_elsewhere(op):
    op.create_table(
        "facebook_user",
        sa.Column("facebook_id", sa.BigInteger, nullable=False),
        key("user_id"),
        sa.UniqueConstraint("facebook_id", name="facebook_id"),
        **OPTIONS,
    )
    op.create_table(
        "twitter_user",
        sa.Column("twitter_id", sa.Integer, nullable=False),
        sa.Column("twitter_username", sa.String(255), nullable=False),
        key("user_id"),
        sa.UniqueConstraint("twitter_id", name="twitter_id"),
        **OPTIONS,
    )


def create_visitors(op):
    op.create_table(
        "unauthenticated_user",
        sa.Column("auth_guid", sa.CHAR(36), primary_key=True),
        sa.Column("email", sa.String(100), nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("salt", sa.String(255), nullable=False),
        sa.Column("phone", sa.String(10)),
        sa.Column("first_name", sa.String(50)),
        sa.Column("last_name", sa.String(50)),
        created(touched_now(op)),
        **OPTIONS,
    )
    op.create_table(
        "web_session",
        sa.Column("session_id", sa.CHAR(128), nullable=False),
        sa.Column("atime", sa.TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("data", sa.Text),
        sa.UniqueConstraint("session_id", name="session_id"),
        **OPTIONS,
    )
    op.create_table(
        "beta_invite_code",
        sa.Column("code", sa.CHAR(10), primary_key=True),
        sa.Column("user_id", sa.Integer),
        created(),
        **OPTIONS,
    )
    op.create_table(
        "beta_invite_request",
        sa.Column("beta_invite_request_id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(100), nullable=False),
        sa.Column("comment", sa.Text),
        created(),
        **OPTIONS,
    )


def create_projects(op):
    op.create_table(
        "project",
        sa.Column("project_id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("image_id", sa.Integer),
        sa.Column("location_id", sa.Integer),
        sa.Column("keywords", sa.Text),
        flags_raised(),
        flag("is_official", NO),
        flag("is_active", YES),
        created(NEVER),
        updated(op),
        sa.Column("organization", sa.String(255)),
        **OPTIONS,
    )
    if op.dialect == "mysql":
        op.create_index("title", "project", ["title", "description"], mysql_prefix="FULLTEXT")


def create_project_members(op):
    op.create_table(
        "project__user", key("project_id"), key("user_id"), flag("is_project_admin", NO), created(), **OPTIONS
    )
    op.create_table(
        "project_leader",
        key("user_id"),
        sa.Column("title", sa.String(100)),
        sa.Column("organization", sa.String(255)),
        created(),
        **OPTIONS,
    )
    op.create_table("project_endorsement", key("project_id"), key("user_id"), created(), **OPTIONS)
    op.create_table(
        "project_invite",
        sa.Column("project_invite_id", sa.Integer, primary_key=True),
        sa.Column("message", sa.String(255)),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("inviter_user_id", sa.Integer, nullable=False),
        sa.Column("invitee_idea_id", sa.Integer),
        sa.Column("invitee_user_id", sa.Integer),
        sa.Column("invitee_email", sa.Integer),
        sa.Column("accepted_datetime", sa.TIMESTAMP),
        created(),
        **OPTIONS,
    )


def create_project_contents(op):
    op.create_table(
        "project_link",
        sa.Column("project_link_id", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("url", sa.String(255), nullable=False),
        sa.Column("image_id", sa.Integer),
        flags_raised(),
        flag("is_active", YES),
        created(),
        **OPTIONS,
    )
    op.create_table(
        "project_message",
        sa.Column("project_message_id", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("message", sa.String(255)),
        sa.Column("message_type", sa.Enum("member_comment", "admin_comment", "join", "endorsement")),
        sa.Column("idea_id", sa.Integer),
        sa.Column("user_id", sa.Integer),
        flags_raised(),
        flag("is_active", YES),
        created(),
        sa.Column("file_id", sa.Integer),
        **OPTIONS,
    )


def create_project_resources(op):
    op.create_table(
        "project_resource",
        sa.Column("project_resource_id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("url", sa.String(255)),
        sa.Column("twitter_url", sa.String(255)),
        sa.Column("facebook_url", sa.String(255)),
        sa.Column("physical_address", sa.String(255)),
        sa.Column("contact_name", sa.String(255)),
        sa.Column("contact_email", sa.String(100)),
        sa.Column("contact_user_id", sa.Integer),
        sa.Column("image_id", sa.Integer),
        sa.Column("location_id", sa.Integer),
        sa.Column("keywords", sa.Text),
        flag("is_hidden", NO),
        flag("is_official", NO),
        flag("is_active", YES),
        created(NEVER),
        updated(op),
        **OPTIONS,
    )
    if op.dialect == "mysql":
        op.create_index("title", "project_resource", ["title", "description"], mysql_prefix="FULLTEXT")
    op.create_table(
        "project__project_resource", key("project_id"), key("project_resource_id"), created(), **OPTIONS
    )
    op.create_table(
        "featured_project",
        key("ordinal"),
        sa.Column("project_id", sa.Integer, nullable=False),
        updated(op),
        **OPTIONS,
    )


def create_needs(op):
    op.create_table(
        "project_needs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("type", sa.String(10)),
        sa.Column("item_needed", sa.String(64)),
        sa.Column("num_needed", sa.Integer),
        sa.Column("description", sa.Text),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name="fk_project_need_project_id"),
        **OPTIONS,
    )
    op.create_index("project_id", "project_needs", ["project_id"])
    op.create_table(
        "project_need_volunteers",
        key("need_id"),
        key("member_id"),
        sa.ForeignKeyConstraint(["need_id"], ["project_needs.id"], name="fk_project_need_volunteer_need_id"),
        sa.ForeignKeyConstraint(["member_id"], ["user.user_id"], name="fk_project_need_volunteer_member_id"),
        **OPTIONS,
    )
    op.create_index("member_id", "project_need_volunteers", ["member_id"])


def create_ideas(op):
    op.create_table(
        "idea",
        sa.Column("idea_id", sa.Integer, primary_key=True),
        sa.Column("description", sa.String(255), nullable=False),
        # As text: SQLAlchemy puts the bare -1 in parentheses, which MySQL 8 keeps as an expression.
        sa.Column("location_id", sa.Integer, nullable=False, server_default="-1"),
        sa.Column("submission_type", sa.Enum("web", "sms", "email"), nullable=False),
        sa.Column("user_id", sa.Integer),
        sa.Column("email", sa.String(100)),
        sa.Column("phone", sa.String(10)),
        sa.Column("first_name", sa.String(50)),
        sa.Column("last_name", sa.String(50)),
        flags_raised(),
        flag("is_active", YES),
        created(),
        **OPTIONS,
    )
    if op.dialect == "mysql":
        op.create_index("description", "idea", ["description"], mysql_prefix="FULLTEXT")
    op.create_table("project__idea", key("project_id"), key("idea_id"), created(), **OPTIONS)
    op.create_table("keyword", sa.Column("keyword", sa.String(25), primary_key=True), created(), **OPTIONS)
    op.create_table(
        "location",
        key("location_id"),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("lat", sa.Numeric(9, 6), nullable=False),
        sa.Column("lon", sa.Numeric(9, 6), nullable=False),
        sa.Column("borough", sa.String(50)),
        sa.Column("address", sa.String(100)),
        sa.Column("city", sa.String(50)),
        sa.Column("state", sa.CHAR(2)),
        **OPTIONS,
    )


def create_messages(op):
    op.create_table(
        "direct_message",
        sa.Column("direct_message_id", sa.Integer, primary_key=True),
        sa.Column("to_user_id", sa.Integer, nullable=False),
        sa.Column("from_user_id", sa.Integer, nullable=False),
        sa.Column("message", sa.Text),
        created(),
        **OPTIONS,
    )
    op.create_table(
        "sms_stopped_phone", sa.Column("phone", sa.String(10), primary_key=True), created(), **OPTIONS
    )


def create_files(op):
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"), primary_key=True),
        sa.Column(
            "title",
            sa.String(512),
            nullable=False,
            comment="The display name -- the file name or title of the media",
        ),
        sa.Column("descriptions", sa.Text),
        sa.Column(
            "mirrored",
            sa.Boolean().with_variant(mysql.TINYINT(1, unsigned=True), "mysql"),
            nullable=False,
            server_default=NO,
        ),
        sa.Column(
            "media_id",
            sa.String(64),
            comment=(
                "The id of the media relative to its type (e.g., the Youtube ID, or uploaded file id, ...)"
            ),
        ),
        sa.Column("type", sa.String(64), nullable=False, server_default="file"),
        comment="Comment attachment descriptions",
        **OPTIONS,
    )
    op.create_table(
        "images",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("app", sa.String(255), nullable=False),
        sa.Column("mirrored", sa.Boolean, server_default=NO),
        sa.Column("created", sa.TIMESTAMP, nullable=False, server_default=NOW),
        **OPTIONS,
    )
    op.create_index("app", "images", ["app"])
    op.create_index("mirrored", "images", ["mirrored"])


def create_site(op):
    op.create_table(
        "badwords",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kill_words", sa.Text),
        sa.Column("warn_words", sa.Text),
        updated(op),
        **OPTIONS,
    )
    op.create_table(
        "site_feedback",
        sa.Column("site_feedback_id", sa.Integer, primary_key=True),
        sa.Column("submitter_name", sa.String(100)),
        sa.Column("submitter_email", sa.String(100)),
        sa.Column("comment", sa.Text),
        flag("is_responded", NO),
        sa.Column("responded_user_id", sa.Integer),
        flag("is_active", YES),
        created(NEVER),
        updated(op),
        **OPTIONS,
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Integer, primary_key=True),
        sa.Column("task_name", sa.String(255)),
        sa.Column("status", sa.CHAR(1)),
        sa.Column("owner_id", sa.String(255)),
        sa.Column("frequency", sa.String(20)),
        sa.Column("updated_datetime", sa.TIMESTAMP, nullable=False, server_default=NOW),
        **OPTIONS,
    )
