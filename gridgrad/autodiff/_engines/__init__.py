"""What differentiates functions: jets, torch, JAX, sympy."""
