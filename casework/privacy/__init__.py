"""Privacy: where faces and number plates are, copies for viewing without them, and who looked at them clear."""
