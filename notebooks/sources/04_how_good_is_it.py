# %% [markdown]
# # 04 How good is it?
#
# Scores that can be trusted need three things: images that were not trained on, a floor to compare with, and a look at
# what a score can't see.
#
# This notebook writes nothing.

# %%
FULL = False  # True: 500 images a score, about 5 minutes on 2 cores; the small size takes about 2
num = 500 if FULL else 100

# %%
import numpy as np
from PIL import Image

import keras_transfer_gen as ktg

train = ktg.read_images("../examples/twemoji_people/train", image_size=64).images
reference = ktg.read_images("../examples/twemoji_people/reference", image_size=64).images
gan = ktg.load_gan("noto_gan_64")


def sheet(*rows):
    """One image of rows of images, uint8 [N, S, S, 3] each."""
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))


# %% [markdown]
# ## One call
#
# Generated images against images that nothing was trained on. The number after ± is one standard deviation: a
# difference that is smaller may be chance.

# %%
result = ktg.evaluate(gan, reference, num=num)
print(result)

# %% [markdown]
# Generated images (above) and, for each, the real image that is nearest in features (below).

# %%
sheet(result.generated[:8], result.neighbours[:8])

# %% [markdown]
# ## The floor
#
# No generator can be expected to score better than other real images. So score the training images as if they were
# generated.

# %%
real = ktg.extract_features(reference)
floor = ktg.kid(real, ktg.extract_features(train))
print(f"KID x 1000 of the source: {result.kid['value']:.1f}; of real images: {1000 * floor:.1f}")

# %% [markdown]
# ## The number of images changes FID, not KID
#
# The same generator, scored with more and more of its images. FID falls by itself; KID varies around one value. So
# compare FID only at equal numbers, and KID where numbers differ.

# %%
features = ktg.extract_features(result.generated)
for count in (25, 50, num):
    some = features[:count]
    print(f"{count:4} images: FID {ktg.fid(real, some):6.1f}   KID x 1000 {1000 * ktg.kid(real, some):6.1f}")

# %% [markdown]
# ## A generator that copies
#
# Copies of the training images get the best KID against the training images. The share of near-copies tells.

# %%
learnt = ktg.extract_features(train)
copies = ktg.memorisation(train, learnt, train, learnt)
drawn = ktg.memorisation(result.generated, features, train, learnt)
for name, shares in (("copies", copies), ("generated images", drawn)):
    print(f"near-copies among {name}: {shares.near_copy_share:.2f}")

# %% [markdown]
# ## A generator that repeats itself
#
# Ten images, each ten times: every image looks real, few kinds of images are there. Precision stays, recall falls.

# %%
few = np.tile(reference[:10], (num // 10, 1, 1, 1))
for name, images in (("ten images again and again", few), ("training images", train)):
    precision, recall = ktg.precision_recall(real, ktg.extract_features(images))
    print(f"{name:28} precision {precision:.2f}  recall {recall:.2f}")

# %% [markdown]
# Then look at the images. Features describe surfaces and parts better than layout: a person whose parts are in wrong
# places may still score well. `ktg finetune` therefore scores every run by three views, see docs/scores.md.
