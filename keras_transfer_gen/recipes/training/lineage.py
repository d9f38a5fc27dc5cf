"""Where a trained model comes from, in words, for its spec and its card."""


def adapted_from(settings, before):
    """Text of an adapted model; `before` is what is known of its source's own origin, or ""."""
    sentence = f"Adapted from {settings.source} on {settings.data}."
    return f"{sentence} The source: {before}" if before else sentence


def trained_on(settings):
    """Text of a model that was trained from new weights."""
    return f"Trained from nothing on {settings.data}."
