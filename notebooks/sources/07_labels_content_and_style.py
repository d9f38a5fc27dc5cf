# %% [markdown]
# # 07 Labels, content and style
#
# A generator with classes is told what to draw. Here a small one is trained from nothing, on two classes at 32 pixels,
# and then adapted to another style: the classes stay.
#
# This notebook writes to a temporary folder only.

# %%
FULL = False  # True: 60 and 20 kimg, about 30 minutes on 2 cores; the small size takes about 2
kimg, style_steps = (60, 625) if FULL else (2, 24)

# %%
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_transfer_gen as ktg

out = Path(tempfile.mkdtemp(prefix="ktg-"))


def sheet(*rows):
    """One image of rows of images, uint8 [N, S, S, 3] each, enlarged."""
    image = Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST)


# %% [markdown]
# ## Labels are folders, a table, or part of the data
#
# `labels="folders"` takes the name of the first sub-folder. A CSV with the columns `file,label` does the same.

# %%
for name, folder in (("people", "twemoji_people"), ("photographs", "photo_patches")):
    shutil.copytree(f"../examples/{folder}/train", out / "data" / name, ignore=shutil.ignore_patterns("NOTICE*"))
images = ktg.load_images(out / "data", image_size=32, labels="folders")
labels = images.image_set.labels
print(images.image_set.class_names, np.bincount(labels))
sheet(*(images.image_set.images[labels == number][:8] for number in (0, 1)))

# %% [markdown]
# ## Train with labels

# %%
settings = ktg.PretrainSettings(
    data=str(out / "data"), labels="folders", arch="dcgan_conditional", image_size=32, out=str(out / "run"), kimg=kimg,
    max_channels=64, latent_dim=32,
)  # fmt: skip
metrics = ktg.pretrain(settings)
gan = ktg.load_gan(out / "run")
sheet(gan.generate(8, seed=0, label="people"), gan.generate(8, seed=0, label="photographs"))

# %% [markdown]
# After so few images they are blobs, but each class has its own colours. `recognised` is the share of generated images
# that a probe takes for the class that was asked for.

# %%
print({name: round(values["recognised"], 2) for name, values in metrics["per_class"].items()})

# %% [markdown]
# ## The content stays, the style changes
#
# The same classes in another style: here the colours are inverted. Only people are given. The class "photographs"
# follows into the new style without an image of its own. `ktg finetune --labels folders` does it in one command, and
# matches the classes by name.

# %%
inverted = 255 - images.image_set.images[labels == 0]
style = ktg.load_images(inverted, image_size=32, labels=np.zeros(len(inverted), int))  # class 0: people
gan.compile(augment="diffaugment", g_optimizer=keras.optimizers.Adam(8e-4, beta_1=0.0, beta_2=0.99))
gan.fit(style, epochs=1, steps_per_epoch=style_steps, verbose=0)
sheet(gan.generate(8, seed=0, label="people"), gan.generate(8, seed=0, label="photographs"))

# %% [markdown]
# ## More than one label
#
# Further columns of a CSV are read too. Batches then hold a dict of labels, for networks of your own that take content
# and style apart.

# %%
rows = [f"{path.name},{path.stem.split('_')[0]},twemoji" for path in sorted((out / "data" / "people").glob("*_*.png"))]
(out / "labels.csv").write_text("\n".join(["file,label,style", *rows]))
names = [row.split(",")[0] for row in rows]
several = ktg.read_images([out / "data" / "people" / name for name in names], 32, labels=str(out / "labels.csv"))
print(several.class_names[:4], several.more_labels["style"].names)
