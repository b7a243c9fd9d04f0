"""Make utf8 the default character set of the database and of its tables; the columns keep theirs.

Nothing to do on SQLite, which stores every text as Unicode.
"""

lint = {"blocks-writes": "MyISAM copies a table for every change of it"}

DATABASE = "(database)"
FORMER = "default collations"
LATIN1 = "latin1_swedish_ci"

TABLES = (
    "attachments",
    "badwords",
    "beta_invite_code",
    "beta_invite_request",
    "community_leader",
    "digests",
    "direct_message",
    "facebook_user",
    "featured_project",
    "homepage_question",
    "idea",
    "images",
    "keyword",
    "location",
    "project",
    "project__idea",
    "project__project_resource",
    "project__user",
    "project_endorsement",
    "project_event",
    "project_invite",
    "project_leader",
    "project_link",
    "project_message",
    "project_need",
    "project_need_volunteer",
    "project_resource",
    "site_feedback",
    "sms_stopped_phone",
    "tasks",
    "twitter_user",
    "unauthenticated_user",
    "user",
    "user__user_group",
    "user_group",
    "web_session",
)


def upgrade(op):
    if op.dialect != "mysql":
        return
    collations = default_collations(op)
    op.note(DATABASE, FORMER, collations)
    utf8 = three_byte_utf8(op)
    set_default_collations(op, dict.fromkeys(collations, utf8))


def downgrade(op):
    if op.dialect != "mysql":
        return
    noted = op.kept(DATABASE, FORMER)
    former = noted[0] if noted else {}
    set_default_collations(op, {name: former.get(name, LATIN1) for name in default_collations(op)})
    op.forget(DATABASE, FORMER)


def default_collations(op):
    """The default collation of the database and of each table of the application that is there, by name."""
    database = op.scalar("SELECT @@collation_database")
    rows = op.query(
        "SELECT table_name, table_collation FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
    )
    of_tables = dict(tuple(row) for row in rows)
    return {DATABASE: database, **{table: of_tables[table] for table in TABLES if table in of_tables}}


def three_byte_utf8(op):
    """The server's own name of the collation.

    «utf8» is three bytes to some servers and can be four to others; not all know «utf8mb3».
    """
    return op.scalar(
        "SELECT MAX(collation_name) FROM information_schema.collations"
        " WHERE collation_name IN ('utf8_general_ci', 'utf8mb3_general_ci')"
    )


def set_default_collations(op, collations):
    """A collation names its character set too, and a database left unnamed is the current one."""
    for name, collation in collations.items():
        what = "DATABASE" if name == DATABASE else f"TABLE `{name}`"
        op.execute(f"ALTER {what} DEFAULT COLLATE {collation}")
