"""Footage: what was handed in, what became of it, and how much was looked at."""
