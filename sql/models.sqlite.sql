-- The schema of cbu at version 17, for SQLite.
-- Made from the migrations by `invoke generate-models`; do not edit. Load it with `invoke load-models`.

CREATE TABLE attachments (
	id INTEGER NOT NULL, 
	title VARCHAR(512) NOT NULL, 
	descriptions TEXT, 
	mirrored BOOLEAN DEFAULT 0 NOT NULL, 
	media_id VARCHAR(64), 
	type VARCHAR(64) DEFAULT 'file' NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE "badwords" (
	id INTEGER NOT NULL, 
	kill_words TEXT, 
	warn_words TEXT, 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (id)
);

CREATE TABLE "beta_invite_code" (
	code CHAR(10) NOT NULL, 
	user_id INTEGER, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (code)
);

CREATE TABLE "beta_invite_request" (
	beta_invite_request_id INTEGER NOT NULL, 
	email VARCHAR(100) NOT NULL, 
	comment TEXT, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (beta_invite_request_id)
);

CREATE TABLE community_leader (
	id INTEGER NOT NULL, 
	display_name VARCHAR(256), 
	title VARCHAR(256), 
	image_path VARCHAR(256), 
	"order" INTEGER, 
	PRIMARY KEY (id)
);

CREATE TABLE "digests" (
	digest_id INTEGER NOT NULL, 
	sender VARCHAR(255), 
	send_to VARCHAR(255), 
	recipients TEXT, 
	subject VARCHAR(255), 
	body TEXT, 
	start_datetime DATETIME, 
	end_datetime DATETIME, 
	sent_datetime DATETIME, 
	status CHAR(1), 
	worker_id VARCHAR(255), 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (digest_id)
);

CREATE TABLE "direct_message" (
	direct_message_id INTEGER NOT NULL, 
	to_user_id INTEGER NOT NULL, 
	from_user_id INTEGER NOT NULL, 
	message TEXT, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (direct_message_id)
);

CREATE TABLE facebook_user (
	facebook_id BIGINT NOT NULL, 
	user_id INTEGER NOT NULL, 
	PRIMARY KEY (user_id), 
	CONSTRAINT facebook_id UNIQUE (facebook_id)
);

CREATE TABLE "featured_project" (
	ordinal INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (ordinal)
);

CREATE TABLE "homepage_question" (
	homepage_question_id INTEGER NOT NULL, 
	question VARCHAR(200), 
	is_featured BOOLEAN DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP  DEFAULT CURRENT_TIMESTAMP , 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (homepage_question_id)
);

CREATE TABLE "idea" (
	idea_id INTEGER NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	location_id INTEGER DEFAULT '-1' NOT NULL, 
	submission_type VARCHAR(5) NOT NULL, 
	user_id INTEGER, 
	email VARCHAR(100), 
	phone VARCHAR(10), 
	first_name VARCHAR(50), 
	last_name VARCHAR(50), 
	num_flags SMALLINT DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (idea_id)
);

CREATE TABLE "images" (
	id INTEGER NOT NULL, 
	app VARCHAR(255) NOT NULL, 
	mirrored BOOLEAN DEFAULT 0, 
	created TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (id)
);

CREATE TABLE "keyword" (
	keyword VARCHAR(25) NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (keyword)
);

CREATE TABLE location (
	location_id INTEGER NOT NULL, 
	name VARCHAR(50) NOT NULL, 
	lat NUMERIC(9, 6) NOT NULL, 
	lon NUMERIC(9, 6) NOT NULL, 
	borough VARCHAR(50), 
	address VARCHAR(100), 
	city VARCHAR(50), 
	state CHAR(2), 
	PRIMARY KEY (location_id)
);

CREATE TABLE "project" (
	project_id INTEGER NOT NULL, 
	title VARCHAR(100) NOT NULL, 
	description VARCHAR(255), 
	image_id INTEGER, 
	location_id INTEGER, 
	keywords TEXT, 
	num_flags SMALLINT DEFAULT 0 NOT NULL, 
	is_official BOOLEAN DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP  DEFAULT CURRENT_TIMESTAMP , 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	organization VARCHAR(255), 
	PRIMARY KEY (project_id)
);

CREATE TABLE "project__idea" (
	project_id INTEGER NOT NULL, 
	idea_id INTEGER NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_id, idea_id)
);

CREATE TABLE "project__project_resource" (
	project_id INTEGER NOT NULL, 
	project_resource_id INTEGER NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_id, project_resource_id)
);

CREATE TABLE "project__user" (
	project_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	is_project_admin BOOLEAN DEFAULT 0 NOT NULL,
	is_project_creator BOOLEAN DEFAULT 0 NOT NULL
, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_id, user_id)
);

CREATE TABLE "project_endorsement" (
	project_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_id, user_id)
);

CREATE TABLE project_event (
	id INTEGER NOT NULL, 
	name VARCHAR(256), 
	details TEXT, 
	rsvp_url VARCHAR(2048), 
	start_datetime DATETIME, 
	end_datetime DATETIME, 
	address VARCHAR(256), 
	project_id INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_project_event_project_id FOREIGN KEY(project_id) REFERENCES project (project_id)
);

CREATE TABLE "project_invite" (
	project_invite_id INTEGER NOT NULL, 
	message VARCHAR(255), 
	project_id INTEGER NOT NULL, 
	inviter_user_id INTEGER NOT NULL, 
	invitee_idea_id INTEGER, 
	invitee_user_id INTEGER, 
	invitee_email INTEGER, 
	accepted_datetime TIMESTAMP, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_invite_id)
);

CREATE TABLE "project_leader" (
	user_id INTEGER NOT NULL, 
	title VARCHAR(100), 
	organization VARCHAR(255), 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (user_id)
);

CREATE TABLE "project_link" (
	project_link_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	title VARCHAR(100) NOT NULL, 
	url VARCHAR(255) NOT NULL, 
	image_id INTEGER, 
	num_flags SMALLINT DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_link_id)
);

CREATE TABLE "project_message" (
	project_message_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	message VARCHAR(255), 
	message_type VARCHAR(14), 
	idea_id INTEGER, 
	user_id INTEGER, 
	num_flags SMALLINT DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	file_id INTEGER, 
	PRIMARY KEY (project_message_id)
);

CREATE TABLE "project_need" (
	id INTEGER NOT NULL, 
	type VARCHAR(10), 
	"request" VARCHAR(64), 
	"quantity" INTEGER, 
	description TEXT, 
	project_id INTEGER NOT NULL, date DATE, time VARCHAR(32), duration VARCHAR(64), address VARCHAR(256), event_id INTEGER, subtype VARCHAR(10), 
	PRIMARY KEY (id), 
	CONSTRAINT fk_project_need_project_id FOREIGN KEY(project_id) REFERENCES project (project_id)
,CONSTRAINT fk_project_need_event_id FOREIGN KEY(event_id) REFERENCES project_event (id));

CREATE TABLE "project_need_volunteer" (
	need_id INTEGER NOT NULL, 
	member_id INTEGER NOT NULL, quantity INTEGER NOT NULL DEFAULT 1 , 
	PRIMARY KEY (need_id, member_id), 
	CONSTRAINT fk_project_need_volunteer_need_id FOREIGN KEY(need_id) REFERENCES "project_need" (id), 
	CONSTRAINT fk_project_need_volunteer_member_id FOREIGN KEY(member_id) REFERENCES user (user_id)
);

CREATE TABLE "project_resource" (
	project_resource_id INTEGER NOT NULL, 
	title VARCHAR(100) NOT NULL, 
	description VARCHAR(255), 
	url VARCHAR(255), 
	twitter_url VARCHAR(255), 
	facebook_url VARCHAR(255), 
	physical_address VARCHAR(255), 
	contact_name VARCHAR(255), 
	contact_email VARCHAR(100), 
	contact_user_id INTEGER, 
	image_id INTEGER, 
	location_id INTEGER, 
	keywords TEXT, 
	is_hidden BOOLEAN DEFAULT 0 NOT NULL, 
	is_official BOOLEAN DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP  DEFAULT CURRENT_TIMESTAMP , 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (project_resource_id)
);

CREATE TABLE "site_feedback" (
	site_feedback_id INTEGER NOT NULL, 
	submitter_name VARCHAR(100), 
	submitter_email VARCHAR(100), 
	comment TEXT, 
	is_responded BOOLEAN DEFAULT 0 NOT NULL, 
	responded_user_id INTEGER, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP  DEFAULT CURRENT_TIMESTAMP , 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , feedback_type VARCHAR(100), 
	PRIMARY KEY (site_feedback_id)
);

CREATE TABLE "sms_stopped_phone" (
	phone VARCHAR(10) NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (phone)
);

CREATE TABLE "tasks" (
	task_id INTEGER NOT NULL, 
	task_name VARCHAR(255), 
	status CHAR(1), 
	owner_id VARCHAR(255), 
	frequency VARCHAR(20), 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (task_id)
);

CREATE TABLE twitter_user (
	twitter_id INTEGER NOT NULL, 
	twitter_username VARCHAR(255) NOT NULL, 
	user_id INTEGER NOT NULL, 
	PRIMARY KEY (user_id), 
	CONSTRAINT twitter_id UNIQUE (twitter_id)
);

CREATE TABLE "unauthenticated_user" (
	auth_guid CHAR(36) NOT NULL, 
	email VARCHAR(100) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	salt VARCHAR(255) NOT NULL, 
	phone VARCHAR(10), 
	first_name VARCHAR(50), 
	last_name VARCHAR(50),
	redirect_link VARCHAR(255)
, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (auth_guid)
);

CREATE TABLE "user" (
	user_id INTEGER NOT NULL, 
	user_key VARCHAR(10) NOT NULL, 
	email VARCHAR(100) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	salt VARCHAR(255) NOT NULL, 
	phone VARCHAR(10), 
	first_name VARCHAR(50), 
	last_name VARCHAR(50), 
	full_display_name VARCHAR(255), 
	image_id INTEGER, 
	location_id INTEGER, 
	description VARCHAR(255), 
	affiliation VARCHAR(100), 
	group_membership_bitmask SMALLINT DEFAULT 1 NOT NULL, 
	is_oncall BOOLEAN DEFAULT 0 NOT NULL, 
	email_notification VARCHAR(6) DEFAULT 'digest' NOT NULL, 
	last_account_page_access_datetime TIMESTAMP, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP  DEFAULT CURRENT_TIMESTAMP , 
	updated_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (user_id), 
	CONSTRAINT email UNIQUE (email), 
	CONSTRAINT phone UNIQUE (phone)
);

CREATE TABLE "user__user_group" (
	user_id INTEGER NOT NULL, 
	user_group_id INTEGER NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (user_id, user_group_id)
);

CREATE TABLE "user_group" (
	user_group_id INTEGER NOT NULL, 
	group_name VARCHAR(50) NOT NULL, 
	description VARCHAR(255), 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_datetime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	PRIMARY KEY (user_group_id)
);

CREATE TABLE "web_session" (
	session_id CHAR(128) NOT NULL, 
	atime TIMESTAMP DEFAULT CURRENT_TIMESTAMP , 
	data TEXT, 
	CONSTRAINT session_id UNIQUE (session_id)
);

CREATE INDEX app ON images (app);

CREATE INDEX event_id ON project_need (event_id);

CREATE INDEX member_id ON "project_need_volunteer" (member_id);

CREATE INDEX mirrored ON images (mirrored);

CREATE INDEX project_event_project_id ON project_event (project_id);

CREATE INDEX project_id ON "project_need" (project_id);

CREATE TABLE migrate_version (repository_id VARCHAR(250) NOT NULL PRIMARY KEY, repository_path TEXT, version INT);

INSERT INTO migrate_version (repository_id, repository_path, version) VALUES ('cbu', 'giveaminute/migrations', 17);
