"""Files to studies: the gate, NIfTI reading, scans, BIDS names."""
