"""Defects seeded into copies of our migrations and of the snapshot: `test` and `check` must name every one."""
