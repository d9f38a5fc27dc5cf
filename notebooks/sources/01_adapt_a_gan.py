# %% [markdown]
# # 01 Adapt a GAN to your images
#
# A pretrained generator is adapted to 100 images that it has never seen. The same is one command: `ktg finetune --data
# IMAGES --source noto_gan_64 --out runs/mine`.
#
# This notebook writes to a temporary folder only.

# %%
FULL = False  # True: 20 kimg, about 15 minutes on 2 cores; the small size takes about 2
kimg, pool = (20, 4000) if FULL else (1, 1000)

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_transfer_gen as ktg

out = Path(tempfile.mkdtemp(prefix="ktg-"))
photos = "../examples/twemoji_people/train"  # your folder: 10 to a few thousand images


def sheet(*rows):
    """One image of rows of images, uint8 [N, S, S, 3] each."""
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))


# %% [markdown]
# ## Images
#
# Give a folder, a zip, an `.npz`, an array, a list of files or `"tfds:NAME"`. Files that can't be used are skipped and
# listed. An epoch is 1 kimg: a thousand images are shown, however few there are.

# %%
images = ktg.load_images(photos, image_size=64, batch_size=32)
print(len(images.image_set.images), "images,", len(images.image_set.skipped), "files skipped")
sheet(images.image_set.images[:8])

# %% [markdown]
# ## A source
#
# A preset by its name. A RUN folder, a `.keras` file, a SavedModel or a StyleGAN2 file works as well. Image i depends
# on the seed and on i alone.

# %%
gan = ktg.load_gan("noto_gan_64")
before = gan.generate(8, seed=0)
sheet(before)

# %% [markdown]
# ## What is trained
#
# Rules are regular expressions over paths. `freeze_d` is FreezeD: the first blocks of the discriminator are frozen.

# %%
report = ktg.freeze(gan, ktg.freeze_d(blocks=2))
print("\n".join(str(report).splitlines()[-3:]))

# %% [markdown]
# ## Training
#
# With few images the generator learns faster than the discriminator. `select_latents` limits the generator to the
# latents whose images are most like yours. `GAN` is a Keras model: `compile`, `fit`, callbacks.

# %%
gan.compile(
    augment=ktg.DiffAugment(),
    g_optimizer=keras.optimizers.Adam(8e-4, beta_1=0.0, beta_2=0.99),
    d_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.99),
)
gan = ktg.select_latents(gan, images, kimg=0.5 if FULL else 0.25, pool=pool)
history = gan.fit(images, epochs=kimg, callbacks=[ktg.SampleGrid(out / "cats", kimg=1)], verbose=0)
print({name: round(values[-1], 3) for name, values in history.history.items()})

# %% [markdown]
# Above: before. Middle: adapted. Below: training images. Nothing is selected. The style comes first; faces and figures
# are often still torn.

# %%
after = gan.generate(8, seed=0)
sheet(before, after, images.image_set.images[:8])

# %% [markdown]
# ## Scores, save, use
#
# Score against images that were not trained on ([04](04_how_good_is_it.ipynb) says what the numbers mean). Exports have
# a notebook of their own: [05](05_export.ipynb).

# %%
reference = "../examples/twemoji_people/reference"
print(ktg.evaluate(gan, reference, num=500 if FULL else 100))

# %%
gan.save(out / "mine.keras")
again = ktg.load_gan(out / "mine.keras")
print("the same images after loading:", (again.generate(4, seed=1) == gan.generate(4, seed=1)).all())
