"""A reader study: how readers agree with one another, and with the computed signs."""
