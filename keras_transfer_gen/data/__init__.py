"""Disk, archives, arrays and datasets -> batches of uint8 images, and the audit of what was left out."""
