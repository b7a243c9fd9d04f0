"""A client or a server killed at any moment, and the migration run again: the end must be as if nothing had been."""
