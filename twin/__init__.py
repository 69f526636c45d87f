"""A patient digital twin, watched over years."""

__version__ = "0.1.0"
