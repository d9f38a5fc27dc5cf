"""What a VAE supplies to a training."""
