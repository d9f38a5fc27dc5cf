"""StyleGAN2: a mapping network, a synthesis network whose layers are modulated by styles, and a discriminator."""
