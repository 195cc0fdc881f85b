"""Rows beside gaps: along lines, of the pieces that gaps cut these into."""
