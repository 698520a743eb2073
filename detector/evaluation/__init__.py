"""How good a detector is on labelled pictures: matching, figures with intervals, thresholds, the worst errors.

Needs no torch. ``looks`` runs the detector once per picture; everything else works on what it kept.
"""
