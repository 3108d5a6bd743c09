"""Cases typed in by a reader: the way through the knowledge alone, without images."""
