"""Rules: read, evaluated in three-valued logic, weighed."""
