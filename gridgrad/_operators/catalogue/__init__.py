"""The blackboard: each operator of a grid, declared once, as its list of terms."""
