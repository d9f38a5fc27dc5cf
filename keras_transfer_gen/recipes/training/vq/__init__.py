"""What a VQ-VAE supplies to a training."""
