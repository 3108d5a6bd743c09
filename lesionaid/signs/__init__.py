"""Signs: the reader's vocabulary, derived from measurements or typed in."""
