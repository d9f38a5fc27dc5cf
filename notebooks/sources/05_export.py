# %% [markdown]
# # 05 Export to Serving, phone, browser
#
# Each export is loaded again and compared with the Keras model before it gets its name. What differs is not written.
#
# This notebook writes to a temporary folder only.

# %%
FULL = False  # True: also an int8 file, which needs 200 images for its ranges: about 2 minutes; the small size takes 1

# %%
import io
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

import keras_transfer_gen as ktg

out = Path(tempfile.mkdtemp(prefix="ktg-"))
model = "noto_gan_64"  # or a RUN folder, a `.keras` file, a SavedModel, a `GAN`, a `VAE`
gan = ktg.load_gan(model)


def size(path):
    """Megabytes of a file or a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


# %% [markdown]
# ## TF Serving
#
# A folder with a number as its name is a version for TF Serving: a compose file, clients and the card are written
# beside it. The signature `generate_png` takes a seed and gives PNG files.

# %%
folder = ktg.export_saved_model(gan, out / "serving" / "noto" / "1")
print(f"{size(folder):.1f} MB;", "beside it:", ", ".join(sorted(path.name for path in folder.parent.iterdir())))

served = tf.saved_model.load(str(folder))
numbers = {"num": tf.constant(4), "seed": tf.constant(0), "truncation": tf.constant(1.0)}
files = served.signatures["generate_png"](**numbers)["png_bytes"].numpy()
images = np.stack([np.array(Image.open(io.BytesIO(content))) for content in files])
print("differs from the model by at most", np.abs(images.astype(int) - gan.generate(4, seed=0)).max(), "of 255 levels")
Image.fromarray(np.concatenate(list(images), axis=1))

# %% [markdown]
# ## A phone
#
# A `.tflite` file holds one function: latents to images. `quantize=` makes it smaller; docs/export.md has programs for
# Android and iOS.

# %%
for kind in ("none", "float16", "dynamic", *(["int8"] if FULL else [])):
    path = ktg.export_tflite(gan, out / f"noto_{kind}.tflite", quantize=kind)
    print(f"{kind:8} {size(path):.2f} MB")

# %%
interpreter = tf.lite.Interpreter(str(out / "noto_float16.tflite"))
run = interpreter.get_signature_runner()
latents = np.random.default_rng(0).standard_normal((1, 128), np.float32)
image = run(latents=latents)["images"][0]
Image.fromarray(np.uint8(np.clip((image + 1) * 127.5, 0, 255))).resize((128, 128))

# %% [markdown]
# ## A browser
#
# A page that generates images in the browser, without a server program and without a request. `single.html` opens from
# disk.

# %%
page = ktg.export_web(gan, out / "page")
print({path.name: f"{size(path):.1f} MB" for path in sorted(page.iterdir())})

# %% [markdown]
# Other runtimes: `ktg export MODEL --format onnx` (or `openvino`, `safetensors`), each with an extra of its own.
