# %% [markdown]
# # 06 More GPUs and machines
#
# `ktg finetune` uses all GPUs of a machine by itself. In Python, load and compile a model within the scope of a
# strategy of `tf.distribute`; the rest stays as it is.
#
# This notebook shows it without a GPU: the CPU is split into two devices. So it is not faster; it computes the same.

# %%
FULL = False  # True: 4 kimg; the small size takes about 2 minutes on 2 cores
steps = 125 if FULL else 12

# %%
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

if not tf.config.list_physical_devices("GPU"):  # two devices of one CPU, before anything else runs
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras_transfer_gen as ktg

kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
devices = [device.name for device in tf.config.list_logical_devices(kind)]
print(devices)

# %% [markdown]
# ## One scope
#
# The batch size is that of all devices together. Each replica draws its own latents and augmentations.

# %%
strategy = tf.distribute.MirroredStrategy(devices)
with strategy.scope():
    gan = ktg.load_gan("noto_gan_64")
    gan.compile(augment="diffaugment")
images = ktg.load_images("../examples/twemoji_people/train", image_size=64, batch_size=32)
history = gan.fit(images, epochs=1, steps_per_epoch=steps, verbose=0)
losses = {name: round(value[-1], 3) for name, value in history.history.items()}
print(strategy.num_replicas_in_sync, "replicas;", losses)

# %% [markdown]
# ## All replicas hold the same weights

# %%
copies = [strategy.experimental_local_results(variable.value) for variable in gan.generator.trainable_variables]
print(len(copies[0]), "copies of each weight")
print("equal on all devices:", all(np.array_equal(first, other) for first, *rest in copies for other in rest))

# %% [markdown]
# ## Save here, load anywhere
#
# A model that was trained on several devices is a file like any other.

# %%
path = Path(tempfile.mkdtemp(prefix="ktg-")) / "mine.keras"
gan.save(path)
alone = ktg.load_gan(path)
print("the same images on one device:", np.array_equal(alone.generate(4, seed=0), gan.generate(4, seed=0)))
