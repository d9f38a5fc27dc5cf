"""What a preset's card says of its scores, and the scripts that write cards."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

SAVED_MODELS = Path(__file__).resolve().parents[2] / "saved_models"
GAN = {
    "kid_by_seed": [45.04, 51.06], "precision": [0.4, 0.5], "recall": [0.2, 0.3], "density": [0.3, 0.3],
    "coverage": [0.2, 0.25], "n_fake": 500, "n_real": 1000, "feature_network": "net", "input_size": 224,
    "date": "2026-01-02",
    "memorisation": {"near_copy_share": 0.012, "pixel_share": 0.0, "train_share": 0.28, "train_pixel_share": 0.27},
}  # fmt: skip
NAMES = ("kid_second", "layout", "precision", "recall", "layout_precision", "layout_recall")
VQ = {
    **GAN, **{f"{name}_by_seed": [1.25, 2.0] for name in NAMES}, "nats": 512.34, "tokens": 192, "codes": 3072,
    "put_aside": 9, "recognised": 0.456, "recognised_real": 0.8, "reconstruction_kid": 3.21,
    "reconstruction": {"psnr": 24.56, "ssim": 0.8512, "sharpness": 0.923},
}  # fmt: skip


@pytest.fixture
def script(monkeypatch):
    """Function name -> the script of that name in saved_models/."""
    monkeypatch.syspath_prepend(SAVED_MODELS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module


def test_scores_of_a_gan_have_a_column_for_each_seed(script):
    text = script("score_section").score_section(GAN)
    assert "| | seed 0 | seed 1 |\n|---|---|---|\n| KID x 1000 | 45.0 | 51.1 |\n| precision | 0.40 | 0.50 |" in text
    assert "1.2 % of the generated images (by pixels alone 0.0 %)" in text and "28.0 % (by pixels 27.0 %)" in text


def test_scores_of_a_vae_are_those_of_its_holdout(script):
    elbo = {"value": 3.14, "n_images": 7, "reconstruction_loss": -5.0, "kl_loss": 2.0, "samples": 16}
    scores = {
        **GAN, "elbo_after": elbo, "elbo_standard_prior": {"value": 1.0}, "bits_per_dim": {"value": 6.7},
        "active_units": 9, "reconstruction_levels": 8.49, "reconstruction_edges": 0.9,
    }  # fmt: skip
    text = script("score_section").score_section(scores)
    assert text.startswith("- ELBO 3.1 nats per image on 7 holdout images (reconstruction -5.0, KL 2.0;")
    assert "seeds 0, 1: 45.0, 51.1" in text and "8.5 of 255 levels" in text


def test_scores_of_a_vq_vae_have_both_networks_and_its_reconstructions(script):
    text = script("score_section").score_section(VQ)
    assert "| KID x 1000 | 45.0 | 51.1 |\n| KID x 1000, second network | 1.2 | 2.0 |" in text
    assert "46 % of the images of a class are recognised as it by a linear probe; of real images 80 %." in text
    assert "- 512.3 nats per image (192 tokens of 3072 codes) on 9 images put aside." in text
    assert "PSNR 24.6 dB, SSIM 0.851, sharpness 0.92 of the originals', KID x 1000 to them 3.2." in text


def test_marked_text_is_found_by_its_marks(script):
    assert script("score_section").marked("cat", "- a") == "<!-- figures: preset.cat -->\n\n- a\n\n<!-- /figures -->"


@pytest.mark.parametrize("name", ["build_preset", "build_vae_preset", "build_vq_preset"])
def test_script_explains_its_options(script, name, monkeypatch, capsys):
    module = script(name)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == 0 and "--text" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["build_preset", "build_vae_preset", "build_vq_preset"])
def test_script_uses_names_that_its_modules_have(script, name):
    module = script(name)
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    owners = {node: getattr(module, node.value.id, None) for node in used}
    of_modules = [node for node, owner in owners.items() if isinstance(owner, type(ast))]
    assert len(of_modules) > 5
    assert not [node.attr for node in of_modules if not hasattr(owners[node], node.attr)]


def test_card_of_a_gan_holds_its_scores_between_marks(script):
    module = script("build_preset")
    part = type("Part", (), {"name": "run", "end": 10.0, "seconds": 60.0, "settings": {}, "stages": []})
    card = module.card("cat", "Cats.", GAN, [part])
    section = script("score_section")
    assert section.marked("cat", section.score_section(GAN)) in card and card.startswith("# cat\n\nCats.\n")


def test_card_of_a_vq_vae_tells_how_long_each_part_was_trained(script):
    module = script("build_vq_preset")
    history = [
        {"kimg": 8.0, "prior_kimg": 0.0}, {"kimg": 8.0, "prior_kimg": 6.0},
        {"kimg": 12.0, "prior_kimg": 6.0, "decoder_kimg": 4.0},
    ]  # fmt: skip
    card = module.card("cat", "Cats.", VQ, history, ["black", "white"])
    assert "from top to bottom: black, white." in card and card.startswith("# cat\n\nCats.\n")
    assert "Autoencoder 8 kimg" in card and "prior 6 kimg, decoder beside a discriminator 4 kimg." in card
    section = script("score_section")
    assert section.marked("cat", section.score_section(VQ)) in card
