"""Which weights are trained: rules over paths, and the table that shows the outcome."""
