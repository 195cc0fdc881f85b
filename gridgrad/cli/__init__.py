"""The command ``gridgrad``: derivatives of variables in NetCDF, Zarr and npy files, from file to file."""

from ._run import main

__all__ = ["main"]
