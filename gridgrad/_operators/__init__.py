"""Operators on a grid as objects."""
