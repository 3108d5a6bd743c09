"""Change against a prior study."""
