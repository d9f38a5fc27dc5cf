"""`GAN` and what it is given: latents, averages, augmentation, callbacks, devices, precision, checkpoints."""
