"""The month's figures: definitions as data, one query a table, and the list behind every number."""
