"""Cameras and vehicles: keys, mounting, approvals (Penalty Law art. 41)."""
