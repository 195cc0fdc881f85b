"""Where fields and their blocks lie, and values put at some of their points."""
