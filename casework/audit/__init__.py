"""The audit log: who did what to what, when. Append-only and chained."""
