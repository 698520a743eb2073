"""The demonstration: a fictional district, rendered footage with its truth, and the main job run over both."""
