"""Staggered grids: the faces between points, and what goes from points to faces and back."""
