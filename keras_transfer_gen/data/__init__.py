"""Disk, archives, arrays and datasets -> batches of uint8 pictures, and the audit of what was left out."""
