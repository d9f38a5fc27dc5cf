"""What is done with a trained VAE: encode, decode, reconstruct, interpolate, edit, restyle, fit a prior."""
