"""How far signs and verdict hold when the mask, the slices or the alignment were a little off."""
