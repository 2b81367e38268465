"""Decisions on trainings that had no part in choosing what is compared."""
