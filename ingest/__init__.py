"""Where frames come from: recorded files, picture folders, live streams, tracks of positions.

Imports nothing of ours. What leaves this room is a :class:`ingest.frame.Frame`.
"""
