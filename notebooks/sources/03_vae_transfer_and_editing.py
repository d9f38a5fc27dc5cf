# %% [markdown]
# # 03 VAE transfer and editing
#
# A VAE has an encoder (images to latents) and a decoder (latents to images). Its images are softer than those of a GAN.
# Use it for latents, reconstructions, edits and changes of colour.
#
# This notebook writes nothing.

# %%
FULL = False  # True: 2 kimg, about 5 minutes on 2 cores; the small size takes about 2
steps = 63 if FULL else 12  # of 32 images

# %%
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_transfer_gen as ktg

photos = "../examples/twemoji_people/train"


def sheet(*rows):
    """One image of rows of images, uint8 [N, S, S, 3] each."""
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))


# %% [markdown]
# ## Encode and reconstruct
#
# The source has never seen these images. Above: images; below: what it makes of them.

# %%
image_set = ktg.read_images(photos, image_size=64)
vae = ktg.load_vae("noto_vae_64")
z_mean, z_log_var = vae.encode(image_set.images)
print("latents:", z_mean.shape)
sheet(image_set.images[:8], vae.reconstruct(image_set.images[:8]))

# %% [markdown]
# ## Adapt the decoder
#
# The encoder is frozen, so latents keep their meaning. `VAE` is a Keras model. The ELBO is measured on images that were
# not trained on; higher is better. One command does it all: `ktg finetune --source noto_vae_64 --method decoder --data
# photos/ --out runs/mine`.

# %%
images = ktg.load_images(photos, image_size=64, batch_size=32)
reference = ktg.read_images("../examples/twemoji_people/reference", image_size=64).images
before = vae.evaluate(reference, return_dict=True, verbose=0)["elbo"]
adapted = ktg.load_vae("noto_vae_64")
ktg.freeze(adapted, {"encoder/.*": False})
adapted.compile(keras.optimizers.Adam(1e-3))
adapted.fit(images, epochs=1, steps_per_epoch=steps, verbose=0)
ktg.fit_prior(adapted, image_set.images)  # new images are drawn from it
after = adapted.evaluate(reference, return_dict=True, verbose=0)["elbo"]
print(f"ELBO {before:.0f} -> {after:.0f} nats per image")
sheet(image_set.images[:8], adapted.reconstruct(image_set.images[:8]), adapted.generate(8, seed=0))

# %% [markdown]
# Third row: new images. They are drawn from a prior that was fitted to the latents of the training images.
#
# ## From one image to another

# %%
frames = ktg.interpolate(adapted, start=image_set.images[0], end=image_set.images[20], frames=8)
sheet(frames)

# %% [markdown]
# ## Edit
#
# Two sets of examples define a direction: here women and men. Every image moves along it.

# %%
women, men = sorted(Path(photos).glob("*woman*.png")), sorted(Path(photos).glob("*man*.png"))
men = [path for path in men if "woman" not in path.name]
edited = ktg.edit(adapted, image_set.images[:8], positive=women, negative=men, strength=2.0, detail=0.5)
print(f"{len(women)} and {len(men)} examples; position {edited.before:.2f} -> {edited.after:.2f}")
sheet(image_set.images[:8], edited.images)

# %% [markdown]
# ## Style: other images in the colours of yours
#
# `restyle` encodes images with the source's encoder and decodes them with the adapted decoder. It keeps the detail of
# the image and changes its colours alone, by a small amount. The images here come from `noto_gan_64`.

# %%
others = ktg.load_gan("noto_gan_64").generate(8, seed=3)
restyled = ktg.restyle(adapted, others, source="noto_vae_64")
print(f"outlines kept: {restyled.kept:.2f} times as similar as a plain reconstruction's")
sheet(others, restyled.images)
