"""Rows at single points of flat NumPy fields, and sweeps that they overwrite, by the compiled core."""
