# %% [markdown]
# # 02 A TF Hub or SavedModel generator
#
# `hub.KerasLayer` does not work in Keras 3, and `keras.layers.TFSMLayer` hides the variables of a model.
# `ktg.SavedModelLayer` is a Keras layer around any SavedModel of TensorFlow 1 or 2. The variables are the layer's
# weights under their original names, so they can be frozen one by one, trained, saved and exported.
#
# This notebook needs no network: it writes a SavedModel and uses that. It writes to a temporary folder only.

# %%
FULL = False  # True: more steps, about 15 minutes on 2 cores; the small size takes about 2
epochs, steps = (300, 625) if FULL else (40, 40)

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_transfer_gen as ktg

out = Path(tempfile.mkdtemp(prefix="ktg-"))
photos = "../examples/twemoji_people/train"


def sheet(*rows):
    """One image of rows of images, uint8 [N, S, S, 3] each."""
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))


# %% [markdown]
# ## A model
#
# A generator as a SavedModel. If you put an address in its place, everything below stays as it is. A SavedModel is a
# program, so name only what you trust: addresses need `trust=True`.

# %%
source = ktg.export_saved_model("noto_gan_64", out / "model")
# The one line to change: source = "https://tfhub.dev/google/progan-128/1"

# %% [markdown]
# ## What is in it?
#
# `inspect_model` finds which functions it has, what they take and what they return. What no file states is measured.
# Where a measurement is wrong or impossible, state it with `ktg.SpecOverrides`.

# %%
inspection = ktg.inspect_model(source, trust=True)
spec = inspection.generator.spec
print(inspection.trained)
print(f"{spec.latent_dim} latents -> {spec.image_size} x {spec.image_size} x {spec.channels} in {spec.pixel_range}")
sheet(inspection.generator.generate(8))

# %% [markdown]
# ## A layer like any other
#
# A small task that shows everything: from 8 fixed latents the generator learns to draw 8 images. The last four blocks
# are trained; rules may also name variables.

# %%
images = ktg.read_images(photos, spec.image_size, spec.channels).images[:8]
low, high = spec.pixel_range
targets = np.float32(images / 255.0 * (high - low) + low)
latents = np.random.default_rng(0).standard_normal((8, spec.latent_dim), np.float32)

layer = ktg.SavedModelLayer(source)
report = ktg.freeze(layer, ktg.last_n(4))
model = keras.Sequential([keras.Input((spec.latent_dim,)), layer])
model.compile(keras.optimizers.Adam(2e-3), "mae")
before = np.array(model(latents))
losses = model.fit(latents, targets, epochs=epochs, verbose=0).history["loss"]
model.save(out / "tuned.keras")  # weights, flags and where the SavedModel lies
model.export(out / "tuned", verbose=False)  # a SavedModel again, for serving
print("\n".join(str(report).splitlines()[-2:]))
print(f"mean absolute error {losses[0]:.3f} -> {losses[-1]:.3f}")


# %%
def to_levels(pixels):
    """The layer's images as uint8."""
    return np.uint8((np.clip(pixels, low, high) - low) / (high - low) * 255.0)


sheet(to_levels(before), to_levels(np.array(model(latents))), images)

# %% [markdown]
# ## Adapt it as a GAN
#
# `load_gan` puts a new discriminator beside the generator, and `add_feature_heads` lets it judge what a network that
# was trained on photographs sees. It learns alone first. Then `select_latents` keeps the latents whose images are most
# like the new ones, and both learn. One command does it all: `ktg finetune --source SOURCE --trust --data photos/
# --out runs/cats`.
#
# Above: the source. Middle: the same after training. Below: training images. The small size shows the way, not how
# good it gets: the colours come first, faces and figures with `FULL = True`.

# %%
gan = ktg.add_feature_heads(ktg.load_gan(source))
data = ktg.load_images(photos, image_size=spec.image_size)
drawn = gan.generate(8, seed=0)
ktg.freeze(gan, {"generator/.*": False, "discriminator/.*": True})
gan.compile(augment="diffaugment", g_optimizer=keras.optimizers.Adam(8e-4, beta_1=0.0, beta_2=0.99))
gan.fit(data, epochs=1, steps_per_epoch=32 if FULL else 8, verbose=0)  # the discriminator alone
gan = ktg.select_latents(gan, data, kimg=0.2, pool=4000 if FULL else 500, keep=200 if FULL else 50)
gan.fit(data, epochs=1, steps_per_epoch=steps, verbose=0)
sheet(drawn, gan.generate(8, seed=0), ktg.read_images(photos, spec.image_size, spec.channels).images[:8])

# %% [markdown]
# The tuned layer is loaded again: it draws the same images, and the frozen weights did not change.

# %%
again = keras.models.load_model(out / "tuned.keras")
frozen = {name: variable.numpy() for name, variable in layer.named_variables.items() if not variable.trainable}
original = ktg.SavedModelLayer(source, trainable=False).named_variables
print("frozen weights as they were:", all(np.array_equal(value, original[name]) for name, value in frozen.items()))
print("the same images after loading:", np.allclose(again(latents), model(latents), atol=1e-5))
