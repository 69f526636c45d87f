"""Fitted models in an instance: taken in, put to use, watched, and recalibrated on what became of its own patients."""
