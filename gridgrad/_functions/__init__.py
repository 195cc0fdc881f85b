"""The free functions."""
