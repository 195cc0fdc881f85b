"""Tensors: their memory, their graphs."""
