"""The verdict: which pattern, what rests on what, what could not be assessed."""
