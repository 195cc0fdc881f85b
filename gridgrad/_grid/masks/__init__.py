"""Where a field has gaps: which points count, and the runs of them along each axis."""
