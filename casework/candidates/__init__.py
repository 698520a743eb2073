"""Candidates (疑似): a place, a type, a time span, pictures. One open candidate per place and type."""
