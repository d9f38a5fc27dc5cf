"""Prior distributions of a VAE's latents."""
