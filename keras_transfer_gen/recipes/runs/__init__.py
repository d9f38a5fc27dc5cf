"""A RUN folder and what happens in it over time: folder, lock, checkpoints, training loop, phases."""
