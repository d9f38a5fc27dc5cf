"""Every block of Python in README and docs runs, or is marked with a reason; blocks of the shell are parsed elsewhere.

The blocks of a page run in order, in one namespace, in a folder with a few images and tiny models. `CHEAPER` says what
is replaced so that they take seconds: networks of 32 pixels with 8 channels, one step instead of epochs.
"""

import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import keras_transfer_gen as ktg

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {"extending.md": "test_pages.py"}  # pages whose blocks run in another test
SHELL = {"bash", "sh", "console"}  # test_pages.py parses each command line with the command itself
OTHER_LANGUAGES = {"kotlin", "swift", "js", "javascript"}  # not compiled by the tests, and the pages say so
NO_PROGRAM = {"", "text", "json", "yaml", "csv", "dockerfile", "ini", "toml"}
MOST_MARKED = 11  # a block more that does not run must be worth it
MARK = re.compile(r"<!-- not run: (?P<reason>[^>]+?) -->\n+\Z")
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
SIZE = 32

CHEAPER = {
    '"emoji_64"': '"tiny.keras"',
    '"noto_gan_64"': '"tiny.keras"',
    '"noto_vae_64"': '"tiny_vae.keras"',
    'SampleGrid("runs/cats")': 'SampleGrid("sheets")',
    'SampleGrid("runs/icons")': 'SampleGrid("sheets")',
    '"runs/cats"': '"tiny.keras"',
    'load_images("photos/")': f'load_images("photos/", image_size={SIZE})',
    "image_size=64": f"image_size={SIZE}",
    "epochs=20, callbacks": "epochs=1, steps_per_epoch=1, callbacks",
    "EvaluateEvery(images, kimg=2)": "EvaluateEvery(images, kimg=2, num=10)",
    "select_latents(gan, images)": "select_latents(gan, images, kimg=0.04, pool=20, keep=5)",
    "ktg.evaluate(gan, images)": "ktg.evaluate(gan, images, num=10)",
    "steps=100": "steps=2",
    "gan.generate(200": "gan.generate(4",
}


def blocks(path):
    """(language, code, reason of the mark or None) of each block of a page."""
    text = path.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        mark = MARK.search(text[: match.start()])
        yield match["language"], match["code"], mark and mark["reason"]


def python_blocks(path):
    return [code for language, code, reason in blocks(path) if language == "python" and reason is None]


def cheaper(code):
    for old, new in CHEAPER.items():
        code = code.replace(old, new)
    return code


RUN_HERE = [path for path in PAGES if path.name not in ELSEWHERE and python_blocks(path)]


def save_images(folder, names):
    folder.mkdir(parents=True)
    random = np.random.default_rng(len(names))
    for name in names:
        Image.fromarray(random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(folder / name)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A folder with everything that the blocks name."""
    folder = tmp_path_factory.mktemp("workshop")
    for name in ("icons", "photos", "many_photos", "test_photos", "emoji/people", "emoji/flags"):
        save_images(folder / name, [f"{name.partition('/')[2]}{number}.png" for number in range(12)])
    rows = [f"{kind}/{kind}{number}.png,{kind}" for kind in ("people", "flags") for number in range(12)]
    (folder / "emoji/labels.csv").write_text("\n".join(["file,label", *rows]))
    keras.utils.set_random_seed(0)
    few = {"max_channels": 8, "min_channels": 8}
    spec = ktg.ModelSpec(SIZE, 3, 8, arch="dcgan:max_channels=8,min_channels=8")
    gan = ktg.GAN(
        ktg.build_dcgan_generator(SIZE, 3, 8, **few), ktg.build_dcgan_discriminator(SIZE, 3, **few), spec=spec
    )
    gan.compile()
    gan.save(folder / "tiny.keras")
    ktg.export_tflite(gan, folder / "cats.tflite")
    vae = ktg.VAE(ktg.build_conv_vae_encoder(SIZE, 3, 8, **few), ktg.build_conv_vae_decoder(SIZE, 3, 8, **few))
    vae.compile()
    vae.save(folder / "tiny_vae.keras")
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="conv_1")(inputs)
    outputs = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="conv_2")(x))
    keras.Model(inputs, outputs).export(folder / "models/classifier", verbose=False)
    (folder / "ffhq.pkl").write_bytes((ROOT / "tests/stylegan2_files/ada_skip.pkl").read_bytes())
    return folder


@pytest.mark.parametrize("path", RUN_HERE, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")  # what a reader sees as a line of text is no fault here
def test_python_blocks_run(path, workshop, monkeypatch, capsys):
    monkeypatch.chdir(workshop)
    namespace = {"__name__": path.stem, **extra_names(path)}
    for number, code in enumerate(python_blocks(path), 1):
        exec(compile(cheaper(code), f"{path.name}, block {number}", "exec"), namespace)  # noqa: S102
    assert len(namespace) > 2  # a block defines names; what it does wrong has been raised


def extra_names(path):
    """What a page speaks of and does not define."""
    random = np.random.default_rng(0)
    if path.name == "stylegan2.md":
        return {"latents": random.standard_normal((2, 8), np.float32), "labels": np.zeros(2, np.int32)}
    return {}


def test_blocks_are_run_parsed_or_marked_and_counted():
    counts = {"run": 0, "shell": 0, "other language": 0, "no program": 0, "marked": 0}
    for path in PAGES:
        for language, _, reason in blocks(path):
            if reason is not None:
                kind = "marked"
                assert len(reason.split()) >= 3, f"{path.name}: say why a block is not run"
            elif language == "python":
                kind = "run"
            elif language in SHELL:
                kind = "shell"
            elif language in OTHER_LANGUAGES:
                kind = "other language"
            else:
                assert language in NO_PROGRAM, f"{path.name}: a block of {language!r} is neither run nor marked"
                kind = "no program"
            counts[kind] += 1
    assert counts["marked"] <= MOST_MARKED and counts["run"] > 2 * counts["marked"], counts
    assert counts["other language"] == 3, counts  # Kotlin, Swift, JavaScript


def test_a_mark_concerns_the_next_block_alone(tmp_path):
    page = tmp_path / "a.md"
    page.write_text("<!-- not run: needs a GPU -->\n\n```python\n1 / 0\n```\n\nText.\n\n```python\nx = 1\n```\n")
    assert list(blocks(page)) == [("python", "1 / 0\n", "needs a GPU"), ("python", "x = 1\n", None)]
    assert python_blocks(page) == ["x = 1\n"] and os.path.sep not in cheaper('ktg.load_gan("noto_gan_64")')
