-- The groups of group_membership_bitmask: its bits are these ids.
INSERT INTO user_group (user_group_id, group_name, description) VALUES (1, 'user', 'Everybody who has an account');
INSERT INTO user_group (user_group_id, group_name, description) VALUES (2, 'moderator', 'May hide what others wrote');
INSERT INTO user_group (user_group_id, group_name, description) VALUES (4, 'admin', 'May do everything');
