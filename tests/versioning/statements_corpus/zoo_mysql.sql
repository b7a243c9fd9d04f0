# Everything of a MySQL schema that has a semicolon, a quote or a backslash where it hurts; don't tidy it.
--no blank after these
/* a comment; with a 'quote */
SET NAMES utf8mb4;
CREATE TABLE person (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s; the key', -- don't
  name varchar(255) NOT NULL DEFAULT 'no; name', # can't
  `group; of` text,
  `back\slash``tick` int,
  delimiter char(1) DEFAULT ';',
  begin int, /* ; */ end int,
  kind enum('a;b', 'c''d', "e\"f") COMMENT "a \\ b"
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE log (line text) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO person (name, `group; of`, kind) VALUES ('O\'Brien; Jr', 'back\\slash\\', 'a;b'), ("say ""hi"";", '\0\n\r\Z\t', 'c''d');
INSERT INTO person (name) VALUES ('two
lines; -- no comment
# nor this; /* nor this'), ('DELIMITER //'), ('
DELIMITER //
'), ('é 日本 😀'), (concat(5--1, 3 /* ; */ - 2, 6/*!+ 1 */));
INSERT INTO log VALUES ('ended by backslash g')\g
INSERT INTO log SELECT \N \G
CREATE TRIGGER person_simple BEFORE INSERT ON person FOR EACH ROW SET NEW.begin = IF(NEW.end, CASE 1 WHEN 1 THEN 2 END, 3);
DELIMITER $$
CREATE TRIGGER person_added AFTER INSERT ON person FOR EACH ROW
BEGIN
  -- it's; inside
  INSERT INTO log VALUES (concat('added; ', NEW.name)); # END $ $
  IF NEW.begin > 1 THEN
    INSERT INTO log VALUES ("begin \"quoted\";");
  END IF;
END$$
CREATE PROCEDURE visit(IN many int) COMMENT 'visits; many'
again: BEGIN
  DECLARE i int DEFAULT 0;
  WHILE i < many DO
    INSERT INTO log VALUES (CASE i WHEN 0 THEN 'none;' ELSE 'some;' END);
    SET i = i + 1;
  END WHILE;
END again$$
DELIMITER ;
delimiter //
CREATE FUNCTION half(a int) RETURNS int DETERMINISTIC
BEGIN
  RETURN a / 2; /* rounded; */
END
//
CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE COMMENT 'sweeps; up' DO
BEGIN
  DELETE FROM log;
  DELETE FROM person WHERE name = '//;';
END//
DELIMITER ;
CREATE EVENT simple ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 00:00:00' DISABLE DO DELETE FROM log;
SET @saved = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES';
DELIMITER ;;
CREATE TRIGGER log_added BEFORE INSERT ON log FOR EACH ROW BEGIN SET NEW.line = concat(NEW.line, '\'); SET @b = '\;'; END;;
DELIMITER ;
SET sql_mode = 'ANSI_QUOTES';
DELIMITER ;;
CREATE TRIGGER log_removed BEFORE DELETE ON log FOR EACH ROW BEGIN SET @"a\" = 'it\'s;'; SET @b = 1; END;;
DELIMITER ;
SET sql_mode = @saved;
/*!50001 CREATE VIEW names AS SELECT concat(name, ';', '\'') AS name FROM person */;
CALL visit(2);
INSERT INTO person (name) VALUES ('after the triggers')
