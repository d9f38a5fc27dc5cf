"""A family of networks of its own: blocks with other names, an option, an intermediate, a fresh discriminator."""

import keras

import keras_transfer_gen as ktg


def build_generator(spec, width):
    side = spec.image_size // 4
    latents = keras.Input((spec.latent_dim,), name="latents")
    x = keras.layers.Dense(width, activation="leaky_relu", name="mapping")(latents)
    x = keras.layers.Dense(side * side * width, name="seed")(x)
    x = keras.layers.Reshape((side, side, width), name="map")(x)
    x = keras.layers.Conv2DTranspose(width, 4, 2, "same", activation="leaky_relu", name="grow")(x)
    generated = keras.layers.Conv2DTranspose(spec.channels, 4, 2, "same", activation="tanh", name="render")(x)
    return keras.Model(latents, generated, name="generator")


def build_discriminator(spec, trained=None, width=4):
    images = keras.Input((spec.image_size, spec.image_size, spec.channels), name="images")
    x = keras.layers.Conv2D(width, 4, 2, "same", activation="leaky_relu", name="look")(images)
    x = keras.layers.Conv2D(width, 4, 2, "same", activation="leaky_relu", name="think")(x)
    logits = keras.layers.Dense(1, name="logits")(keras.layers.Flatten(name="flat")(x))
    return keras.Model(images, logits, name="discriminator")


def build(spec, width):
    return build_generator(spec, width), build_discriminator(spec, width=width)


def find_blocks(role, paths):
    """From the image's side on."""
    names = {"generator": ("render", "grow", "seed", "mapping"), "discriminator": ("look", "think", "logits")}
    return [f"{role}/{name}" for name in names[role]]


ktg.register_architecture(
    "tiny_family",
    ktg.Architecture(
        build,
        options=(ktg.Option("width", 4, "channels of each map"),),
        latent_dim=6,
        build_discriminator=build_discriminator,
        find_blocks=find_blocks,
        intermediates={"styles": "mapping"},
    ),
    "two convolutions each",
)
