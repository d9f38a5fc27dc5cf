"""ImageSet -> features -> statistics -> value: each arrow is a function that needs nothing else."""
