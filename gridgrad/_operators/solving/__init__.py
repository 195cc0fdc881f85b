"""Solves: the inverses of operators, by transforms, by factors of their matrices, and by iteration."""
