"""What can be set for a run, with its defaults: shared, of GANs, of VAEs, methods of adapting."""
