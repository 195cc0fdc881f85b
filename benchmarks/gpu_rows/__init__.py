"""What benchmarks/gpu.py measures on a CUDA device, and how."""
