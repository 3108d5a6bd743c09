"""What leaves the program: JSON, TSV, label map, one HTML page."""
