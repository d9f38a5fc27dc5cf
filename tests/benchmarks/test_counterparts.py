"""Distances to counterparts, computed by hand; which pairs are left out; a whole run with tiny sources."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.vae import family as vae
from keras_transfer_gen.recipes.training.vq import family as vq
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE
from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
WIDTHS = {"max_channels": 8, "min_channels": 4}


@pytest.fixture(scope="module")
def counterparts():
    return import_script(BENCHMARKS, "counterparts")


@pytest.fixture(scope="module")
def vq_file(tmp_path_factory, sample_images):
    """A VQ-VAE of 32 px with a prior, hardly trained."""
    prior = TokenPrior(TokenTransformer((4, 4), 16, 0, width=12, depth=1, heads=2))
    model = VQVAE(
        build_token_encoder(32, **WIDTHS), VectorQuantizer(16), build_token_decoder(32, **WIDTHS), prior=prior
    )
    model.compile()
    model.fit(sample_images, batch_size=6, epochs=1, verbose=0)
    model.licence = "CC0-1.0"
    path = tmp_path_factory.mktemp("vq") / "vq.keras"
    model.save(path)
    return path


def write(folder, images):
    """`<base>/<base>[-tone].png` for each name and image of a dict."""
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return folder


@pytest.fixture
def folders(tmp_path, sample_images):
    """Six images of one vendor, their counterparts (negatives) and eight images to learn, of which one is shown too."""
    names = [f"emoji-{letter}/emoji-{letter}.png" for letter in "abcdef"]
    images, negatives = sample_images[:6], 255 - sample_images[:6]
    learnt = {f"other{number}.png": image for number, image in enumerate(255 - sample_images[6:])}
    return SimpleNamespace(
        images=write(tmp_path / "images", dict(zip(names, images, strict=True))),
        counterparts=write(tmp_path / "counterparts", dict(zip(names, negatives, strict=True))),
        data=write(tmp_path / "data", {**learnt, "emoji-b.png": negatives[1], "copy.png": negatives[3]}),
        num=50,
    )


def test_pairs_have_one_name_and_no_counterpart_that_is_learnt(counterparts, folders, sample_images):
    names, images, true = counterparts.choose_pairs(folders, (32, 3))
    assert names == ["emoji-a", "emoji-c", "emoji-e", "emoji-f"]  # b is learnt by its name, d by its pixels
    np.testing.assert_array_equal(images, sample_images[[0, 2, 4, 5]])
    np.testing.assert_array_equal(true, 255 - images)
    write(folders.images, {"emoji-b/emoji-b-medium-dark.png": sample_images[7], "new/new.png": sample_images[8]})
    write(folders.counterparts, {"emoji-b/emoji-b-medium-dark.png": sample_images[9]})
    assert counterparts.choose_pairs(folders, (32, 3))[0] == names  # a tone of what is learnt; without a counterpart
    write(folders.counterparts, {"emoji-e/emoji-e.png": true[0]})
    assert counterparts.choose_pairs(folders, (32, 3))[0] == ["emoji-a", "emoji-c", "emoji-f"]  # one drawing each
    folders.num = 2
    assert counterparts.choose_pairs(folders, (32, 3))[0] == ["emoji-a", "emoji-f"]
    folders.counterparts = folders.data
    with pytest.raises(SystemExit, match="no image has a counterpart"):
        counterparts.choose_pairs(folders, (32, 3))


@pytest.mark.parametrize(
    ("name", "motif"),
    [
        ("people/cook/cook-medium-dark.png", "cook"), ("couple/couple-light_medium.png", "couple"),
        ("female-cook.png", "female-cook"), ("00003", "00003"), ("traffic_light.png", "traffic_light"),
    ],
)  # fmt: skip
def test_motif_is_the_name_without_its_tone(counterparts, name, motif):
    assert counterparts.motif(name) == motif


def test_distances_are_root_mean_squares_and_cosines(counterparts):
    first = {"pixels": np.array([[0.0, 0.0], [1.0, 1.0]]), "features": np.array([[1.0, 0.0], [2.0, 2.0]])}
    second = {"pixels": np.array([[3.0, 4.0], [1.0, 1.0]]), "features": np.array([[0.0, 5.0], [1.0, 1.0]])}
    first["second"], second["second"] = first["features"], -second["features"]
    made = counterparts.distances(first, second)
    np.testing.assert_allclose(made["pixels"], [np.sqrt(12.5), 0.0])
    np.testing.assert_allclose(made["features"], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(made["second"], [1.0, 2.0])


def test_restylings_are_compared_pair_by_pair(counterparts):
    def seeds(*values):
        return [{"pixels": np.asarray(value, float)} for value in values]

    before, shifted = np.arange(1.0, 9.0), np.arange(8.0, 0.0, -1.0)  # as far on average, but other images
    parts = [
        ("input", "", seeds(before)), ("better", "restyled", seeds(0.9 * before, 0.5 * before)),
        ("shuffled", "restyled", seeds(shifted, shifted)),
    ]  # fmt: skip
    rows = counterparts.rows_of(parts)
    assert rows[0]["p"]["pixels"] == 1.0 and rows[0]["runs"][0]["pixels"] == {"mean": 4.5, "nearer": 0.0}
    assert [run["pixels"]["nearer"] for run in rows[1]["runs"]] == [1.0, 1.0]
    assert rows[1]["p"]["pixels"] == pytest.approx(2 / 2**8)  # all eight signs alike, two-sided
    assert rows[2]["p"]["pixels"] > 0.9 and rows[2]["runs"][0]["pixels"]["nearer"] == 0.5
    (pair,) = counterparts.against_each_other(parts)
    assert (pair["restyling"], pair["against"]) == ("better", "shuffled") and pair["pixels"]["nearer"] == 0.625
    assert counterparts.medians(rows[1]["runs"]) == {"pixels": 3.15}


def test_blurred_images_keep_what_16_pixels_hold(counterparts, sample_images):
    soft = counterparts.blurred(sample_images)
    assert soft.shape == sample_images.shape and soft.dtype == np.uint8
    steps = [np.abs(np.diff(part.astype(int), axis=2)).max() for part in (soft, sample_images)]
    assert steps[0] < steps[1] and abs(soft.mean() - sample_images.mean()) < 2


def test_sources_that_encode_nothing_or_other_sizes_are_refused(counterparts, source_file, vae_file):
    with pytest.raises(SystemExit, match="is no VAE and no VQ-VAE"):
        counterparts.shape_of([source_file])
    with pytest.raises(SystemExit, match="the sources take images of"):
        counterparts.shape_of([vae_file, "noto_vae_64"])


def test_perfect_restylings_are_at_their_counterparts(
    counterparts, folders, vae_file, vq_file, tmp_path, monkeypatch, quick_scores
):
    def restyle(run, images, detail=1.0):
        return SimpleNamespace(images=255 - images)

    settings = []
    monkeypatch.setattr(counterparts, "fine_tune", settings.append)
    monkeypatch.setattr(counterparts, "restyle", restyle)
    options = ["--data", str(folders.data), "--images", str(folders.images), "--counterparts"]
    options += [str(folders.counterparts), "--seeds", "2", "--num", "3", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["counterparts.py", "--sources", str(vae_file), str(vq_file), *options])
    counterparts.main()
    runs = [(run.family, run.method, run.kimg, run.seed) for run in settings]
    kinds = (("vae", "decoder", 2.0), ("vq", "decoder", 16.0), ("vq", "full", 16.0))  # with their family's kimg
    assert runs == [(*kind, seed) for kind in kinds for seed in range(2)] and len({run.out for run in settings}) == 6
    result = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    restyled = [row for row in result["rows"] if row["kind"] in ("restyled", "decoded")]
    assert result["num"] == 3 and len(restyled) == 6 and all(len(row["runs"]) == 2 for row in restyled)
    for run in (run for row in restyled for run in row["runs"]):
        for key, score in run.items():
            assert score == {"mean": pytest.approx(0.0, abs=1e-9), "nearer": 1.0}, key
    assert [pair["pixels"] for pair in result["against"]] == [{"nearer": 0.0, "p": 1.0}] * 3


@pytest.mark.slow
def test_each_source_and_method_gets_rows_and_finished_runs_are_kept(
    counterparts, folders, vae_file, vq_file, tmp_path, monkeypatch, capsys, quick_scores
):
    out = tmp_path / "out"
    options = [
        "counterparts.py", "--sources", str(vae_file), str(vq_file), "--kimg", "0.032", "0.096", "--seeds", "1",
        "--data", str(folders.data), "--images", str(folders.images), "--counterparts", str(folders.counterparts),
        "--out", str(out),
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", options)
    monkeypatch.setitem(counterparts.METHODS, "vq", ("decoder",))  # a prior takes as long again
    monkeypatch.setattr(finalize, "export_saved_model", lambda model, path, **options: path.mkdir(parents=True))
    for family in (vae, vq):
        monkeypatch.setattr(family, "export_parts", lambda model, folder: None)
    counterparts.main()
    result = json.loads((out / "results.json").read_text(encoding="utf-8"))
    kinds = {row["name"].replace(str(vae_file), "VAE").replace(str(vq_file), "VQ"): row for row in result["rows"]}
    assert list(kinds) == [
        "input", "input, blurred", "VAE, plain reconstruction", "VAE, decoder, 0.032 kimg",
        "VAE, decoder, 0.032 kimg, decoded alone", "VQ, plain reconstruction", "VQ, decoder, 0.096 kimg",
        "VQ, decoder, 0.096 kimg, decoded alone", "input, in the colours of its true counterpart",
    ]  # fmt: skip
    assert result["num"] == 4 and result["names"][0] == "emoji-a" and len(result["against"]) == 1
    assert result["command"].startswith("python benchmarks/counterparts.py --sources ")
    for row in result["rows"]:
        assert len(row["runs"]) == 1 and 0 <= row["runs"][0]["features"]["nearer"] <= 1 and 0 < row["p"]["second"] <= 1
    images, true = 255.0 - (negative := counterparts.choose_pairs(folders, (32, 3))[2]), negative.astype(float)
    halves = (part.reshape(4, 16, 2, 16, 2, 3).mean((2, 4)) for part in (images, true))
    expected = np.sqrt(np.mean(np.subtract(*halves) ** 2, axis=(1, 2, 3))).mean()
    assert result["rows"][0]["runs"][0]["pixels"]["mean"] == pytest.approx(expected, abs=0.5)
    sheet = tf.io.decode_png((out / "sheet.png").read_bytes()).numpy()
    assert sheet.shape[0] == 4 * (24 + 32)  # input, two restylings, true counterpart, each with its label
    np.testing.assert_array_equal(sheet[24:56, :32], images[0])
    np.testing.assert_array_equal(sheet[-32:, :32], true[0])
    printed = capsys.readouterr().out
    assert "| input |" in (out / "table.md").read_text(encoding="utf-8") and "| input |" in printed
    assert json.loads(printed.splitlines()[-1]).keys() == {row["name"] for row in result["rows"]}

    trained = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.keras")}
    assert len([*(out / "runs").iterdir()]) == 2 and trained
    counterparts.main()
    assert json.loads((out / "results.json").read_text(encoding="utf-8"))["rows"] == result["rows"]
    assert {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.keras")} == trained
