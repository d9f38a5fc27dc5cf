"""What an exported generator is called with: latents, and labels where it has classes."""

import tensorflow as tf


def serving_function(make, spec, batch_size=None):
    """A function to be saved: of `latents` float32 `[N, latent_dim]` and, where there are classes, `labels` `[N]`.

    Args:
        make: {"latents": tensor, "labels": tensor} -> what the function returns; without classes there are no labels.
        spec: the generator's `ModelSpec`.
        batch_size: N where it is fixed, else None.

    Returns:
        `tf.function` with parameters of these names.

    Example:
        >>> from keras_transfer_gen.specs import ModelSpec
        >>> double = serving_function(lambda inputs: 2 * inputs["latents"], ModelSpec(32, 3, latent_dim=2))
        >>> double(tf.constant([[1.0, 2.0]])).numpy().tolist()
        [[2.0, 4.0]]
    """
    signature = [tf.TensorSpec((batch_size, spec.latent_dim), tf.float32, name="latents")]
    if not spec.num_classes:
        return tf.function(lambda latents: make({"latents": latents}), input_signature=signature, autograph=False)

    def of_both(latents, labels):
        return make({"latents": latents, "labels": labels})

    signature.append(tf.TensorSpec((batch_size,), tf.int32, name="labels"))
    return tf.function(of_both, input_signature=signature, autograph=False)
