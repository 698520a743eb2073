"""Hints from rejections: cameras and places with repeated false candidates, and a proposed cure.

A person accepts or dismisses; nothing is changed by itself. An accepted cure is carried out where it belongs: an
ignored zone in the camera's zones (versioned), a threshold in the rules.
"""
