"""DCGAN generators and discriminators, and a discriminator that begins with trained weights."""
