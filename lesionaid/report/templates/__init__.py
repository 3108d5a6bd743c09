"""Template and style of the report, as package data."""
