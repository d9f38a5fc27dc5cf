"""The section of a preset's model card on its scores, from its `scores.json`. Standard library alone.

The scripts that build presets write it; `benchmarks/figures.py` checks it.
"""


def score_section(scores):
    """Markdown of the scores of a preset, of any family.

    Args:
        scores: content of `scores.json`.
    """
    if "nats" in scores:
        return _vq_section(scores)
    if "recognised" in scores:
        return _class_gan_section(scores)
    return _vae_section(scores) if "elbo_after" in scores else _gan_section(scores)


def marked(name, text):
    """`text` between the marks by which `benchmarks/figures.py` finds it again."""
    return f"<!-- figures: preset.{name} -->\n\n{text}\n\n<!-- /figures -->"


def _gan_section(scores):
    copies, seeds = scores["memorisation"], range(len(scores["kid_by_seed"]))
    rows = [("KID x 1000", scores["kid_by_seed"], 1)]
    rows += [(name, scores[name], 2) for name in ("precision", "recall", "density", "coverage")]
    return "\n".join([
        f"{scores['n_fake']} generated images against {scores['n_real']} of its training images, features: "
        f"{scores['feature_network']} at {scores['input_size']} px, latents of seeds {', '.join(map(str, seeds))}; "
        f"measured on {scores['date']} by `saved_models/build_preset.py`.",
        "",
        *_seed_table(rows, seeds),
        "",
        "Near-copies of training images or their mirror images: "
        f"{100 * copies['near_copy_share']:.1f} % of the generated images (by pixels alone "
        f"{100 * copies['pixel_share']:.1f} %); among the training images themselves "
        f"{100 * copies['train_share']:.1f} % (by pixels {100 * copies['train_pixel_share']:.1f} %).",
    ])  # fmt: skip


def _seed_table(rows, seeds):
    """Lines of a table with a column for each seed, of (label, values, digits after the point)."""
    return [
        "| | " + " | ".join(f"seed {seed}" for seed in seeds) + " |",
        "|---|" + "---|" * len(seeds),
        *[f"| {label} | " + " | ".join(f"{v:.{digits}f}" for v in values) + " |" for label, values, digits in rows],
    ]


def _vae_section(scores):
    elbo, kids = scores["elbo_after"], scores["kid_by_seed"]
    return "\n".join([
        f"- ELBO {elbo['value']:.1f} nats per image on {elbo['n_images']} holdout images "
        f"(reconstruction {elbo['reconstruction_loss']:.1f}, KL {elbo['kl_loss']:.1f}; {elbo['samples']} latent "
        f"samples); {scores['bits_per_dim']['value']:.3f} bits per dimension; {scores['active_units']} active units. "
        f"With N(0, I) as the prior: {scores['elbo_standard_prior']['value']:.1f}.",
        f"- KID x 1000 of {scores['n_fake']} generated images against {scores['n_real']} of its training images, "
        f"seeds {', '.join(str(seed) for seed in range(len(kids)))}: {', '.join(f'{kid:.1f}' for kid in kids)} "
        f"(features: {scores['feature_network']} at {scores['input_size']} px).",
        f"- Reconstructions of training images: {scores['reconstruction_levels']:.1f} of 255 levels away on average, "
        f"edge similarity {scores['reconstruction_edges']:.2f}.",
        f"- Measured on {scores['date']} by `saved_models/build_vae_preset.py`.",
    ])  # fmt: skip


def _class_lines(scores, script):
    """Lines on the generated images of a preset with classes, of any family, measured by a script."""
    seeds = range(len(scores["kid_by_seed"]))
    rows = [
        ("KID x 1000", "kid", 1), ("KID x 1000, second network", "kid_second", 1), ("KID x 1000, layout", "layout", 1),
        ("precision", "precision", 2), ("recall", "recall", 2), ("layout precision", "layout_precision", 2),
        ("layout recall", "layout_recall", 2),
    ]  # fmt: skip
    return [
        f"{scores['n_fake']} generated images, classes drawn as often as in the training, against {scores['n_real']} "
        f"of its training images, features: {scores['feature_network']} at {scores['input_size']} px, seeds "
        f"{', '.join(map(str, seeds))}; measured on {scores['date']} by `saved_models/{script}`.",
        "",
        *_seed_table([(label, scores[f"{name}_by_seed"], digits) for label, name, digits in rows], seeds),
        "",
        f"- {100 * scores['recognised']:.0f} % of the images of a class are recognised as it by a linear probe; of "
        f"real images {100 * scores['recognised_real']:.0f} %.",
    ]


def _copies_line(copies):
    return (
        "- Near-copies of training images or their mirror images: "
        f"{100 * copies['near_copy_share']:.1f} % of the generated images; among the training images themselves "
        f"{100 * copies['train_share']:.1f} %."
    )


def _class_gan_section(scores):
    return "\n".join([*_class_lines(scores, "build_class_preset.py"), _copies_line(scores["memorisation"])])


def _vq_section(scores):
    again = scores["reconstruction"]
    return "\n".join([
        *_class_lines(scores, "build_vq_preset.py"),
        f"- {scores['nats']:.1f} nats per image ({scores['tokens']} tokens of {scores['codes']} codes) on "
        f"{scores['put_aside']} images put aside.",
        f"- Reconstructions of these: PSNR {again['psnr']:.1f} dB, SSIM {again['ssim']:.3f}, sharpness "
        f"{again['sharpness']:.2f} of the originals', KID x 1000 to them {scores['reconstruction_kid']:.1f}.",
        _copies_line(scores["memorisation"]),
    ])  # fmt: skip
