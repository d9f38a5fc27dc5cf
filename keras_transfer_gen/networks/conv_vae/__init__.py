"""Convolutional encoders and decoders for VAEs."""
