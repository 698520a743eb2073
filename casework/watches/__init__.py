"""Looking again by itself: whether what was to be corrected by a day is gone."""
