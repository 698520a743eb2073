"""Data sets from reviews: what people decided becomes labelled pictures for training."""
