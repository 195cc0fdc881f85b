"""Operators without their fields: kinds, patterns of terms, and what was bound to their calls."""
