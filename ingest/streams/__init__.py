"""Live sources: network streams, snapshots, folders where a platform drops pictures.

One source per camera; :func:`ingest.streams.opening.open_live` opens each kind. Sources know nothing of each other.
"""
