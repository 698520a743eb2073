"""The pipeline: footage in, candidates with sealed evidence out."""
