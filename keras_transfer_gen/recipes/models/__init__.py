"""From what a user calls a model to the model: resolve, load, describe, export."""
