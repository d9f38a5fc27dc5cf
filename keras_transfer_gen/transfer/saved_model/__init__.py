"""SavedModels of any origin: what they offer, as a Keras layer, as a measured generator."""
