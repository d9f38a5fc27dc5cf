"""Trained models as files for inference: SavedModel and TFLite, each checked against the model it came from."""
