"""Builders of generators and discriminators, and their layers; they know no loss."""
