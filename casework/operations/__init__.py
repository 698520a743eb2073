"""How the whole goes, in figures for monitoring."""
