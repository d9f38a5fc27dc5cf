"""What a GAN supplies to a training."""
