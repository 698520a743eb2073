"""Review (审核): leases, decisions, the queue. A decision has a person, a time and a reason."""
