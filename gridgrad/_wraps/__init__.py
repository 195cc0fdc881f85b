"""What carries more than numbers: unwrapped, run on the numbers, wrapped again."""
