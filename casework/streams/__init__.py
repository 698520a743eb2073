"""Street cameras: where their pictures come from, whose they are, how they fare."""
