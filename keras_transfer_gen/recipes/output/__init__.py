"""Writes images and contact sheets, and never replaces files that this package did not write."""
