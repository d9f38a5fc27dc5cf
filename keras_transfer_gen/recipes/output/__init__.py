"""Images and contact sheets written to disk, never over files of others."""
