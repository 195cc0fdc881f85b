"""Coordinates that vary from point to point: an axis whose points lie elsewhere on each line along it."""
