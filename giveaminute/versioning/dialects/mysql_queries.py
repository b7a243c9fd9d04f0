"""The questions that `mysql_schema` asks of information_schema, each with its WHERE still to come.

They leave out what makes a server open every table's statistics (CARDINALITY, TABLE_ROWS,
AUTO_INCREMENT), and ORDER BY, which cost MySQL 9.7 as much again for the columns of 2,000 tables.
"""

from __future__ import annotations

SERVER = "SELECT DATABASE(), VERSION(), @@lower_case_table_names"

DEFAULTS = """
    SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME
    FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = :database"""

TABLES = """
    SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, CREATE_OPTIONS, TABLE_COMMENT
    FROM information_schema.TABLES"""

# What cannot hold the separator is sent as one text: a driver in Python takes longer for each value of a row
# than a server does for the row.
COLUMNS = """
    SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, COLUMN_COMMENT, GENERATION_EXPRESSION,
           CONCAT_WS('|', ORDINAL_POSITION, IS_NULLABLE, IFNULL(COLLATION_NAME, ''), EXTRA, COLUMN_TYPE)
    FROM information_schema.COLUMNS"""

#: To be formatted with what this server has for an invisible index and for an expression.
INDEXES = """
    SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, {expression}, INDEX_COMMENT,
           CONCAT_WS('|', SEQ_IN_INDEX, NON_UNIQUE, IFNULL(SUB_PART, ''), IFNULL(COLLATION, ''), INDEX_TYPE,
                     {invisible})
    FROM information_schema.STATISTICS"""

RULES = """
    SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE
    FROM information_schema.REFERENTIAL_CONSTRAINTS"""

REFERENCES = """
    SELECT TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, REFERENCED_TABLE_SCHEMA,
           REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
    FROM information_schema.KEY_COLUMN_USAGE"""

MARIADB_CHECKS = """
    SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE, 'YES', LEVEL
    FROM information_schema.CHECK_CONSTRAINTS"""

MYSQL_CHECKS = """
    SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE, t.ENFORCED, 'Table'
    FROM information_schema.CHECK_CONSTRAINTS c
    JOIN information_schema.TABLE_CONSTRAINTS t
      ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
     AND t.CONSTRAINT_TYPE = 'CHECK'"""

TRIGGERS = """
    SELECT EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, TRIGGER_NAME, ACTION_STATEMENT
    FROM information_schema.TRIGGERS"""

VIEWS = """
    SELECT TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, SECURITY_TYPE
    FROM information_schema.VIEWS"""

ROUTINES = """
    SELECT ROUTINE_TYPE, ROUTINE_NAME, DTD_IDENTIFIER, ROUTINE_DEFINITION, IS_DETERMINISTIC, SQL_DATA_ACCESS,
           SECURITY_TYPE, ROUTINE_COMMENT
    FROM information_schema.ROUTINES"""

PARAMETERS = """
    SELECT ROUTINE_TYPE, SPECIFIC_NAME, ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER
    FROM information_schema.PARAMETERS"""

PARTITIONS = """
    SELECT TABLE_NAME, PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION, PARTITION_NAME,
           SUBPARTITION_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, SUBPARTITION_METHOD,
           SUBPARTITION_EXPRESSION, PARTITION_DESCRIPTION
    FROM information_schema.PARTITIONS"""


def show_table(name: str) -> str:
    """The question for one table's CREATE TABLE."""
    return f"SHOW CREATE TABLE `{name.replace('`', '``')}`"
