"""Defects in a snapshot: an install that is made from it is not as its version promises, and `check` says where."""

from __future__ import annotations

from dataclasses import dataclass

MYSQL = "models.sql"
SQLITE = "models.sqlite.sql"


@dataclass(frozen=True)
class SnapshotDefect:
    """`find` is there once in the snapshot `file`; what is told of an install from it matches `words`."""

    name: str
    file: str
    find: str
    put: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def mysql(name: str, find: str, put: str, words: str) -> SnapshotDefect:
    return SnapshotDefect(name, MYSQL, find, put, words)


def sqlite(name: str, find: str, put: str, words: str) -> SnapshotDefect:
    return SnapshotDefect(name, SQLITE, find, put, words)


SNAPSHOT_DEFECTS = (
    mysql("lost column", "  `warn_words` mediumtext,\n", "", r"^badwords: column warn_words is missing"),
    mysql(
        "text too short",
        "`kill_words` mediumtext",
        "`kill_words` text",
        r"^badwords.kill_words: type was mediumtext, is text",
    ),
    mysql(
        "comment of a column",
        " COMMENT 'The display name -- the file name or title of the media'",
        "",
        r"^attachments.title: comment was «The display name -- .*», is none",
    ),
    mysql(
        "comment of a table",
        " COMMENT='Comment attachment descriptions'",
        "",
        r"^attachments: comment was «Comment attachment descriptions», is none",
    ),
    mysql(
        "default of another kind",
        "`type` varchar(64) NOT NULL DEFAULT 'file'",
        "`type` varchar(64) NOT NULL DEFAULT 'FILE'",
        r"^attachments.type: default was 'file', is 'FILE'",
    ),
    mysql(
        "collation of one column",
        "`image_path` varchar(256)",
        "`image_path` varchar(256) COLLATE utf8mb4_bin",
        r"^community_leader.image_path: collation was utf8mb4_unicode_ci, is utf8mb4_bin",
    ),
    mysql(
        "character set of one column",
        "`worker_id` varchar(255)",
        "`worker_id` varchar(255) CHARACTER SET latin1",
        r"^digests.worker_id: collation was utf8mb4_unicode_ci, is latin1_swedish_ci",
    ),
    mysql(
        "prefix of an index",
        "KEY `app` (`app`)",
        "KEY `app` (`app`(20))",
        r"^images: index app was \(app\), is \(app\(20\)\)",
    ),
    mysql(
        "index descending",
        "KEY `mirrored` (`mirrored`)",
        "KEY `mirrored` (`mirrored` DESC)",
        r"^images: index mirrored was \(mirrored\), is \(mirrored DESC\)",
    ),
    mysql(
        "unique key as an ordinary one",
        "UNIQUE KEY `twitter_id`",
        "KEY `twitter_id`",
        r"^twitter_user: index twitter_id was UNIQUE \(twitter_id\), is \(twitter_id\)",
    ),
    mysql(
        "FULLTEXT key as an ordinary one",
        "FULLTEXT KEY `description` (`description`)",
        "KEY `description` (`description`)",
        r"^idea: index description was FULLTEXT \(description\), is \(description\)",
    ),
    mysql(
        "AUTO_INCREMENT lost",
        "`direct_message_id` int NOT NULL AUTO_INCREMENT",
        "`direct_message_id` int NOT NULL",
        r"^direct_message.direct_message_id: was AUTO_INCREMENT, is not AUTO_INCREMENT",
    ),
    mysql(
        "zero as a default",
        "`redirect_link` varchar(255)",
        "`redirect_link` varchar(255) DEFAULT '0'",
        r"^unauthenticated_user.redirect_link: default was none, is '0'",
    ),
    mysql(
        "column generated",
        "`borough` varchar(50)",
        "`borough` varchar(50) GENERATED ALWAYS AS (concat(`name`, '')) STORED",
        r"^location.borough: generated was none, is .* STORED",
    ),
    mysql(
        "check too many",
        "  PRIMARY KEY (`keyword`)",
        "  PRIMARY KEY (`keyword`),\n  CONSTRAINT `not_empty` CHECK (`keyword` <> '')",
        r"^keyword: check not_empty .* is unexpected",
    ),
    mysql(
        "foreign key with an action",
        "REFERENCES `user` (`user_id`)",
        "REFERENCES `user` (`user_id`) ON DELETE CASCADE",
        r"^project_need_volunteer: foreign key fk_project_need_volunteer_member_id was .*, is .* ON DELETE CASCADE",
    ),
    mysql(
        "foreign key without a name of its own",
        "CONSTRAINT `fk_project_event_project_id` FOREIGN",
        "CONSTRAINT `project_event_ibfk_1` FOREIGN",
        (
            r"^project_event: foreign key (project_event_ibfk_1 .* is unexpected|"
            r"fk_project_event_project_id .* is missing)"
        ),
    ),
    mysql(
        "row format",
        (
            "`sms_stopped_phone` (\n  `phone` varchar(10) NOT NULL,\n  `created_datetime` timestamp "
            "NULL DEFAULT CURRENT_TIMESTAMP,\n  PRIMARY KEY (`phone`)\n) ENGINE=InnoDB"
        ),
        (
            "`sms_stopped_phone` (\n  `phone` varchar(10) NOT NULL,\n  `created_datetime` timestamp "
            "NULL DEFAULT CURRENT_TIMESTAMP,\n  PRIMARY KEY (`phone`)\n) ROW_FORMAT=COMPRESSED "
            "ENGINE=InnoDB"
        ),
        r"(?i)^sms_stopped_phone: row_format was none, is compressed",
    ),
    mysql(
        "table missing",
        "CREATE TABLE `beta_invite_request`",
        "CREATE TABLE `beta_requests`",
        r"^table (beta_invite_request is missing|beta_requests is unexpected)",
    ),
    mysql(
        "default of the database",
        "ALTER DATABASE DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "ALTER DATABASE DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        r"^database: default (charset|collation) was utf8mb4(_unicode_ci)?, is latin1(_swedish_ci)?$",
    ),
    sqlite("lost column", "image_path VARCHAR(256), \n", "", r"^community_leader: column image_path is missing"),
    sqlite("type", "lat NUMERIC(9, 6)", "lat FLOAT", r"^location.lat: type was NUMERIC\(9, 6\), is FLOAT"),
    sqlite("NULL", "sender VARCHAR(255)", "sender VARCHAR(255) NOT NULL", r"^digests.sender: was NULL, is NOT NULL"),
    sqlite(
        "collation of one column",
        "borough VARCHAR(50)",
        "borough VARCHAR(50) COLLATE NOCASE",
        r"^location.borough: collation was \w+, is NOCASE",
    ),
    sqlite(
        "index of other columns",
        "ON images (app)",
        "ON images (app, created)",
        r"^images: index app was \(app\), is \(app, created\)",
    ),
    sqlite(
        "partial index",
        "ON images (mirrored)",
        "ON images (mirrored) WHERE mirrored",
        r"^images: index mirrored was \(mirrored\), is \(mirrored\) WHERE mirrored",
    ),
    sqlite(
        "foreign key with an action",
        "REFERENCES project_event (id)",
        "REFERENCES project_event (id) ON DELETE SET NULL",
        r"^project_need: foreign key fk_project_need_event_id was .*, is .* ON DELETE SET NULL",
    ),
)
