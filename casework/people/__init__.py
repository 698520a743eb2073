"""Accounts, sessions, roles and who may do what."""
