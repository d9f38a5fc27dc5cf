"""Losses that keep an adapted model near its source: its weights, its posterior."""
