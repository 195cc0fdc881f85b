"""What is prescribed at walls: of one field, or for each component of a vector field."""
