"""What is in a frame (``backends``), and what it means (``scene``): standing things, zones, dwell, rules.

From detections to violations nothing here touches a file, socket, database or clock.
"""
