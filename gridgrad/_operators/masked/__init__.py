"""Operators that end beside gaps: the rows there, and what overwrites a sweep with them."""
