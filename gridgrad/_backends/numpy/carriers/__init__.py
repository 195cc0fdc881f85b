"""Arrays of NumPy that carry more than their numbers: masks, and times."""
