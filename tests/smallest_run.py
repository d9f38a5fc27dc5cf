"""The smallest use of an installed package: `python smallest_run.py FOLDER`, of a Python that has it installed.

It lists the presets, reads the shipped weights, builds a tiny GAN and adapts it to ten images in four steps. Nothing of
the checkout is read. The last line is JSON: what was seen.
"""

import json
import platform
import sys
from pathlib import Path


def main(folder):
    """Prints what was seen; see above.

    Args:
        folder: where the source and the RUN are written; must not exist.
    """
    import keras
    import numpy as np

    import keras_transfer_gen as ktg

    presets = [preset.name for preset in ktg.list_presets()]
    folder = Path(folder)
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(0)
    spec = ktg.ModelSpec(image_size=32, channels=3, latent_dim=8, arch="dcgan")
    widths = {"max_channels": 8, "min_channels": 8}
    gan = ktg.GAN(
        ktg.build_dcgan_generator(32, 3, 8, **widths), ktg.build_dcgan_discriminator(32, 3, **widths), spec
    )  # fmt: skip
    gan.compile()
    gan.save(folder / "tiny.keras")
    np.savez(folder / "images.npz", images=np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), np.uint8))
    result = ktg.fine_tune(
        ktg.FineTuneSettings(
            data=folder / "images.npz", source=folder / "tiny.keras", out=folder / "run", batch_size=4, kimg=0.016,
            feature_weight=0.0, latent_selection_kimg=0.0,
        )
    )  # fmt: skip
    images = ktg.load_gan(folder / "run").generate(2)
    print(json.dumps({
        "python": platform.python_version(), "version": ktg.__version__, "package": str(Path(ktg.__file__).parent),
        "presets": presets, "images": [*images.shape, str(images.dtype)], "result": type(result).__name__,
        "files": sorted(path.name for path in (folder / "run").iterdir()),
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
