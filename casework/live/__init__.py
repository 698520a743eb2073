"""Looks of live cameras: a camera's day is a footage that grows, its looks are rows until the day is over."""
