"""A class-conditional GAN of dense layers: labels enter the generator's style and the discriminator's projection."""

import keras

import keras_transfer_gen as ktg

SIDE, FEATURES = 8, 16


def build(spec, features):
    latents = keras.Input((spec.latent_dim,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    embedded = keras.layers.Embedding(spec.num_classes, spec.latent_dim, name="classes")(labels)
    styles = keras.layers.Dense(features, activation="leaky_relu", name="mapping")(latents + 3.0 * embedded)
    x = keras.layers.Dense(SIDE * SIDE * spec.channels, activation="tanh", name="render")(styles)
    generated = keras.layers.Reshape((SIDE, SIDE, spec.channels))(x)
    generator = keras.Model({"latents": latents, "labels": labels}, generated, name="generator")

    images = keras.Input((SIDE, SIDE, spec.channels), name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    x = keras.layers.Dense(features, activation="leaky_relu", name="features")(keras.layers.Flatten()(images))
    embedded = keras.layers.Embedding(spec.num_classes, features, name="classes")(labels)
    logits = keras.layers.Dense(1, name="logits")(x) + keras.layers.Dot(-1, name="projection")([x, embedded])
    return generator, keras.Model({"images": images, "labels": labels}, logits, name="discriminator")


ktg.register_architecture(
    "conditional_toy",
    ktg.Architecture(
        build,
        options=(ktg.Option("features", FEATURES, "width of the hidden layers"),),
        image_sizes=(SIDE,),
        latent_dim=4,
        intermediates={"styles": "mapping"},
    ),
    "a class-conditional GAN of dense layers",
)
