"""The patient's anatomy: template, registration, regions, distances."""
