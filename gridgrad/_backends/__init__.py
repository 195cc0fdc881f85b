"""Where it is computed: one room for each library of arrays."""
