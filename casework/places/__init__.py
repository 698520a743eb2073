"""Squads, streets, shops, zones: where things are and what is allowed there."""
