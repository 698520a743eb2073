"""Labelled pictures: reading a folder of them, checking, counting, drawing, converting, writing."""
