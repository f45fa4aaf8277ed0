"""Reproducible neural architecture search on tiny devices."""

__version__ = "0.1.0"
