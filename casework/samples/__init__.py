"""Samples (抽检): random looks that raised nothing, which reviewers label, to estimate what is missed."""
