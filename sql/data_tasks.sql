-- The background tasks; S is stopped, so that a new install sends nothing until somebody starts them.
INSERT INTO tasks (task_name, status, frequency) VALUES ('send_digests', 'S', 'daily');
INSERT INTO tasks (task_name, status, frequency) VALUES ('clean_sessions', 'S', 'hourly');
