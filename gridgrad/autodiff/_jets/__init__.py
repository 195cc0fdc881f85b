"""Values with their derivatives."""
