"""Pure arithmetic on arrays: colour maps, residual detail, directions, arcs and distributions of latents."""
