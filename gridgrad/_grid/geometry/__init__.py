"""Coordinates whose lengths depend on where they are: what they make of an axis."""
