-- Everything of an SQLite schema that has a semicolon or a quote where it hurts.
CREATE TABLE person (
    id INTEGER PRIMARY KEY, -- it's the key;
    name TEXT NOT NULL DEFAULT 'no; name',
    "group; of" TEXT,
    [odd; column] TEXT CHECK ([odd; column] <> 'a''b;'),
    visits INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE log (line TEXT);
INSERT INTO person (name, "group; of") VALUES ('O''Brien; Jr', 'back\slash\');
INSERT INTO person (name) VALUES ('two
lines; -- no comment'), ('/* neither */'), ('é 日本 😀');
CREATE INDEX person_name ON person (name);
CREATE TRIGGER person_added AFTER INSERT ON person
BEGIN
    INSERT INTO log VALUES ('added; ' || NEW.name); -- END;
    UPDATE person SET visits = CASE WHEN NEW.visits > 0 THEN NEW.visits ELSE 1 END WHERE id = NEW.id;
END;
CREATE TRIGGER person_removed AFTER DELETE ON person WHEN OLD.visits > 0 BEGIN SELECT 1; DELETE FROM log; END;
CREATE VIEW names AS SELECT name || ';' AS name FROM person;
INSERT INTO person (name) VALUES ('after the triggers')
