"""What was seen, look by look, kept for a while so that other rules can be tried on it without a model."""
