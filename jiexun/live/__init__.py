"""Live cameras: due looks from the database, pictures, detections, judgement, written down once."""
