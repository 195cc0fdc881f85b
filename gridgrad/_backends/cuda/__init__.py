"""CuPy arrays and the CUDA kernel."""
