"""Evidence: original pictures, clip and manifest, content-addressed, chained, never changed after."""
