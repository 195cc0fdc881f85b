"""Labelled arrays: names to axes and spacings, one call of the function on the numbers, and the labels of what it gives."""
