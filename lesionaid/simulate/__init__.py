"""Simulated studies with known answers; never presented as patients."""
