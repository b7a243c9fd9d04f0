-- The words that no idea or message may hold, and those that are looked at by a person: comma-separated, to be extended.
INSERT INTO badwords (kill_words, warn_words) VALUES ('', '');
