"""Lesion masks to lesions: import, components, groups."""
