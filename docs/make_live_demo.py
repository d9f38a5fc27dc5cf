"""Writes the live demo of the documentation: a page that generates images of a shipped model in the browser.

    python docs/make_live_demo.py [--model noto_gan_64] [--out docs/live_demo]

It is what `ktg export MODEL --format web --quantize dynamic` writes, without the page in a single file. `make docs`
runs this before it builds the site, which then shows the demo on the page "A page for browsers". It is not kept in
the repository: most of its 5 MB are LiteRT.js once more.
"""

import argparse
from pathlib import Path

MODEL = "noto_gan_64"
OUT = Path(__file__).parent / "live_demo"  # docs/hooks/live_demo.py looks for it


def make_live_demo(model, out):
    """Writes the folder, whole or not at all.

    Args:
        model: preset, RUN folder, `.keras` file or SavedModel.
        out: `pathlib.Path` of the folder.
    """
    from keras_transfer_gen.export.web.write import SINGLE
    from keras_transfer_gen.recipes.models.export_web import export_web

    export_web(model, out, quantize="dynamic", title=model)
    (out / SINGLE).unlink()


def main():
    """Reads the command line and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=MODEL, help="preset, RUN folder, .keras file or SavedModel")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder to write")
    options = parser.parse_args()
    make_live_demo(options.model, options.out)


if __name__ == "__main__":
    main()
