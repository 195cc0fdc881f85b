"""NumPy arrays and the compiled core."""
