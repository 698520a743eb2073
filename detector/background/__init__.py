"""What stands before a fixed camera though no class names it: a slowly learning background, and what is new before it.

Pictures come in as arrays, boxes go out; no file, clock or database is touched. docs/PLACE-AND-TIME.md says what is
promised.
"""
