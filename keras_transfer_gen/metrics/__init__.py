"""Images -> features -> statistics -> value; each step is a function that needs nothing else."""
