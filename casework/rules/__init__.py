"""Rules as data: versions of the whole rule set, each from a moment on, and what a change would do."""
