-- The schema of cbu at version 17, for MySQL and MariaDB.
-- Made from the migrations by `invoke generate-models`; do not edit. Load it with `invoke load-models`.

SET NAMES utf8mb4;

SET FOREIGN_KEY_CHECKS = 0;

ALTER DATABASE DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE `attachments` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `title` varchar(512) NOT NULL COMMENT 'The display name -- the file name or title of the media',
  `descriptions` mediumtext,
  `mirrored` tinyint unsigned NOT NULL DEFAULT 0,
  `media_id` varchar(64) COMMENT 'The id of the media relative to its type (e.g., the Youtube ID, or uploaded file id, ...)',
  `type` varchar(64) NOT NULL DEFAULT 'file',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Comment attachment descriptions';

CREATE TABLE `badwords` (
  `id` int NOT NULL AUTO_INCREMENT,
  `kill_words` mediumtext,
  `warn_words` mediumtext,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `beta_invite_code` (
  `code` char(10) NOT NULL,
  `user_id` int,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `beta_invite_request` (
  `beta_invite_request_id` int NOT NULL AUTO_INCREMENT,
  `email` varchar(100) NOT NULL,
  `comment` mediumtext,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`beta_invite_request_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `community_leader` (
  `id` int NOT NULL AUTO_INCREMENT,
  `display_name` varchar(256),
  `title` varchar(256),
  `image_path` varchar(256),
  `order` int,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `digests` (
  `digest_id` int NOT NULL AUTO_INCREMENT,
  `sender` varchar(255),
  `send_to` varchar(255),
  `recipients` mediumtext,
  `subject` varchar(255),
  `body` mediumtext,
  `start_datetime` datetime,
  `end_datetime` datetime,
  `sent_datetime` datetime,
  `status` char(1),
  `worker_id` varchar(255),
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`digest_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `direct_message` (
  `direct_message_id` int NOT NULL AUTO_INCREMENT,
  `to_user_id` int NOT NULL,
  `from_user_id` int NOT NULL,
  `message` mediumtext,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`direct_message_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `facebook_user` (
  `facebook_id` bigint NOT NULL,
  `user_id` int NOT NULL,
  PRIMARY KEY (`user_id`),
  UNIQUE KEY `facebook_id` (`facebook_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `featured_project` (
  `ordinal` int NOT NULL,
  `project_id` int NOT NULL,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`ordinal`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `homepage_question` (
  `homepage_question_id` int NOT NULL AUTO_INCREMENT,
  `question` varchar(200),
  `is_featured` tinyint(1) NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`homepage_question_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `idea` (
  `idea_id` int NOT NULL AUTO_INCREMENT,
  `description` varchar(255) NOT NULL,
  `location_id` int NOT NULL DEFAULT -1,
  `submission_type` enum('web','sms','email') NOT NULL,
  `user_id` int,
  `email` varchar(100),
  `phone` varchar(10),
  `first_name` varchar(50),
  `last_name` varchar(50),
  `num_flags` smallint NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`idea_id`),
  FULLTEXT KEY `description` (`description`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `images` (
  `id` int NOT NULL AUTO_INCREMENT,
  `app` varchar(255) NOT NULL,
  `mirrored` tinyint(1) DEFAULT 0,
  `created` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  KEY `app` (`app`),
  KEY `mirrored` (`mirrored`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `keyword` (
  `keyword` varchar(25) NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`keyword`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `location` (
  `location_id` int NOT NULL,
  `name` varchar(50) NOT NULL,
  `lat` decimal(9,6) NOT NULL,
  `lon` decimal(9,6) NOT NULL,
  `borough` varchar(50),
  `address` varchar(100),
  `city` varchar(50),
  `state` char(2),
  PRIMARY KEY (`location_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project` (
  `project_id` int NOT NULL AUTO_INCREMENT,
  `title` varchar(100) NOT NULL,
  `description` varchar(255),
  `image_id` int,
  `location_id` int,
  `keywords` mediumtext,
  `num_flags` smallint NOT NULL DEFAULT 0,
  `is_official` tinyint(1) NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `organization` varchar(255),
  PRIMARY KEY (`project_id`),
  FULLTEXT KEY `title` (`title`, `description`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project__idea` (
  `project_id` int NOT NULL,
  `idea_id` int NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_id`, `idea_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project__project_resource` (
  `project_id` int NOT NULL,
  `project_resource_id` int NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_id`, `project_resource_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project__user` (
  `project_id` int NOT NULL,
  `user_id` int NOT NULL,
  `is_project_admin` tinyint(1) NOT NULL DEFAULT 0,
  `is_project_creator` tinyint(1) NOT NULL DEFAULT 0,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_id`, `user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_endorsement` (
  `project_id` int NOT NULL,
  `user_id` int NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_id`, `user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_event` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(256),
  `details` mediumtext,
  `rsvp_url` varchar(2048),
  `start_datetime` datetime,
  `end_datetime` datetime,
  `address` varchar(256),
  `project_id` int,
  PRIMARY KEY (`id`),
  KEY `project_event_project_id` (`project_id`),
  CONSTRAINT `fk_project_event_project_id` FOREIGN KEY (`project_id`) REFERENCES `project` (`project_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_invite` (
  `project_invite_id` int NOT NULL AUTO_INCREMENT,
  `message` varchar(255),
  `project_id` int NOT NULL,
  `inviter_user_id` int NOT NULL,
  `invitee_idea_id` int,
  `invitee_user_id` int,
  `invitee_email` int,
  `accepted_datetime` timestamp NULL DEFAULT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_invite_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_leader` (
  `user_id` int NOT NULL,
  `title` varchar(100),
  `organization` varchar(255),
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_link` (
  `project_link_id` int NOT NULL AUTO_INCREMENT,
  `project_id` int NOT NULL,
  `title` varchar(100) NOT NULL,
  `url` varchar(255) NOT NULL,
  `image_id` int,
  `num_flags` smallint NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_link_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_message` (
  `project_message_id` int NOT NULL AUTO_INCREMENT,
  `project_id` int NOT NULL,
  `message` varchar(255),
  `message_type` enum('member_comment','admin_comment','join','endorsement'),
  `idea_id` int,
  `user_id` int,
  `num_flags` smallint NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `file_id` int,
  PRIMARY KEY (`project_message_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_need` (
  `id` int NOT NULL AUTO_INCREMENT,
  `type` varchar(10),
  `request` varchar(64),
  `quantity` int,
  `description` mediumtext,
  `project_id` int NOT NULL,
  `date` date,
  `time` varchar(32),
  `duration` varchar(64),
  `address` varchar(256),
  `event_id` int,
  `subtype` varchar(10),
  PRIMARY KEY (`id`),
  KEY `event_id` (`event_id`),
  KEY `project_id` (`project_id`),
  CONSTRAINT `fk_project_need_event_id` FOREIGN KEY (`event_id`) REFERENCES `project_event` (`id`),
  CONSTRAINT `fk_project_need_project_id` FOREIGN KEY (`project_id`) REFERENCES `project` (`project_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_need_volunteer` (
  `need_id` int NOT NULL,
  `member_id` int NOT NULL,
  `quantity` int NOT NULL DEFAULT 1,
  PRIMARY KEY (`need_id`, `member_id`),
  KEY `member_id` (`member_id`),
  CONSTRAINT `fk_project_need_volunteer_member_id` FOREIGN KEY (`member_id`) REFERENCES `user` (`user_id`),
  CONSTRAINT `fk_project_need_volunteer_need_id` FOREIGN KEY (`need_id`) REFERENCES `project_need` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `project_resource` (
  `project_resource_id` int NOT NULL AUTO_INCREMENT,
  `title` varchar(100) NOT NULL,
  `description` varchar(255),
  `url` varchar(255),
  `twitter_url` varchar(255),
  `facebook_url` varchar(255),
  `physical_address` varchar(255),
  `contact_name` varchar(255),
  `contact_email` varchar(100),
  `contact_user_id` int,
  `image_id` int,
  `location_id` int,
  `keywords` mediumtext,
  `is_hidden` tinyint(1) NOT NULL DEFAULT 0,
  `is_official` tinyint(1) NOT NULL DEFAULT 0,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`project_resource_id`),
  FULLTEXT KEY `title` (`title`, `description`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `site_feedback` (
  `site_feedback_id` int NOT NULL AUTO_INCREMENT,
  `submitter_name` varchar(100),
  `submitter_email` varchar(100),
  `comment` mediumtext,
  `is_responded` tinyint(1) NOT NULL DEFAULT 0,
  `responded_user_id` int,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `feedback_type` varchar(100),
  PRIMARY KEY (`site_feedback_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sms_stopped_phone` (
  `phone` varchar(10) NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`phone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `tasks` (
  `task_id` int NOT NULL AUTO_INCREMENT,
  `task_name` varchar(255),
  `status` char(1),
  `owner_id` varchar(255),
  `frequency` varchar(20),
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`task_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `twitter_user` (
  `twitter_id` int NOT NULL,
  `twitter_username` varchar(255) NOT NULL,
  `user_id` int NOT NULL,
  PRIMARY KEY (`user_id`),
  UNIQUE KEY `twitter_id` (`twitter_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `unauthenticated_user` (
  `auth_guid` char(36) NOT NULL,
  `email` varchar(100) NOT NULL,
  `password` varchar(255) NOT NULL,
  `salt` varchar(255) NOT NULL,
  `phone` varchar(10),
  `first_name` varchar(50),
  `last_name` varchar(50),
  `redirect_link` varchar(255),
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`auth_guid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `user` (
  `user_id` int NOT NULL AUTO_INCREMENT,
  `user_key` varchar(10) NOT NULL,
  `email` varchar(100) NOT NULL,
  `password` varchar(255) NOT NULL,
  `salt` varchar(255) NOT NULL,
  `phone` varchar(10),
  `first_name` varchar(50),
  `last_name` varchar(50),
  `full_display_name` varchar(255),
  `image_id` int,
  `location_id` int,
  `description` varchar(255),
  `affiliation` varchar(100),
  `group_membership_bitmask` tinyint(1) NOT NULL DEFAULT 1,
  `is_oncall` tinyint(1) NOT NULL DEFAULT 0,
  `email_notification` enum('none','digest') NOT NULL DEFAULT 'digest',
  `last_account_page_access_datetime` timestamp NULL DEFAULT NULL,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`user_id`),
  UNIQUE KEY `email` (`email`),
  UNIQUE KEY `phone` (`phone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `user__user_group` (
  `user_id` int NOT NULL,
  `user_group_id` int NOT NULL,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`user_id`, `user_group_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `user_group` (
  `user_group_id` int NOT NULL,
  `group_name` varchar(50) NOT NULL,
  `description` varchar(255),
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `created_datetime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`user_group_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `web_session` (
  `session_id` char(128) NOT NULL,
  `atime` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `data` mediumtext,
  UNIQUE KEY `session_id` (`session_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

SET FOREIGN_KEY_CHECKS = 1;

CREATE TABLE migrate_version (repository_id VARCHAR(250) NOT NULL PRIMARY KEY, repository_path TEXT, version INT) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT INTO migrate_version (repository_id, repository_path, version) VALUES ('cbu', 'giveaminute/migrations', 17);
