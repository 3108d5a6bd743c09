"""Measurements: pure functions on arrays, listed in one catalogue."""
