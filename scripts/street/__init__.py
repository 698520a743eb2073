"""A procedural rendered street with exact ground truth: training pictures and the demonstration clips.

Everything is made in code (no downloaded models or textures) and rendered with Blender's Cycles on the CPU.
World frame: metres, x east, y north, z up, z = 0 on the pavement; the road lies `ROAD_Z` below it.
"""
