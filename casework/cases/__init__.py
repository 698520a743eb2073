"""Cases: the seven stages as a table of allowed transitions, with append-only, chained events."""
