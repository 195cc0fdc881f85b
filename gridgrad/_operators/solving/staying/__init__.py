"""The one axis that is not diagonalised: systems along it, for each set of coefficients of the others."""
