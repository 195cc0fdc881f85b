"""Axes: their spacing and their ends, one by one and together."""
