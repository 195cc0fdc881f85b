"""What operators are applied to and made with: fields, their forms, units, and the coefficients of an operator."""
