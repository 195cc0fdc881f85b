"""How it lies in memory: descriptors of sweeps."""
