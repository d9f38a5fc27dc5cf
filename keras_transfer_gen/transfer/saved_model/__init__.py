"""SavedModels of any origin: what functions they have, as a Keras layer, as a measured generator."""
