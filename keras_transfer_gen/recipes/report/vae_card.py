"""Model cards and verdicts of VAEs: what a run is, how well it does, and what that says."""

from keras_transfer_gen.recipes.report.card import NO_LICENCE, copies_line, score_note, score_rows

BOUNDS = {
    "elbo_before": "source, before adapting",
    "elbo_before_refitted": "the same, its scale of errors refitted",
    "elbo_after": "after training",
    "elbo_standard_prior": "the same, drawn from N(0, I)",
    "elbo_scratch": "from scratch, same kimg",
}


def elbo_rows(metrics):
    """(name, bound, KID x 1000) of everything in metrics.json that applies, as text."""
    kids = dict(score_rows(metrics))
    rows = []
    for key, label in BOUNDS.items():
        kid = metrics.get(key.replace("elbo", "kid"))
        if metrics.get(key) is not None:
            score = "" if kid is None else f"{kid['value']:.1f} ± {kid['std']:.1f}"
            rows.append((label, f"{metrics[key]['value']:.1f}", score))
    floor = next((text for name, text in kids.items() if name.startswith("floor")), None)
    return rows if floor is None else [*rows, ("floor: the training images themselves", "", floor)]


def elbo_note(metrics):
    """Two sentences that say how the numbers were taken."""
    bound = metrics["elbo_after"]
    return (
        f"ELBO in nats per image (higher is better), {bound['samples']} latent samples, {bound['n_images']} images: "
        f"{bound['reference']}; {metrics['bits_per_dim']['value']:.3f} bits per dimension{_caveat(metrics)}, "
        f"{metrics['active_units']} active units, KL {bound['kl_loss']:.1f} nats. {score_note(metrics)}"
    )


def verdicts(metrics):
    """What the bounds say about a fine-tuning, a sentence each."""
    before, after, scratch = (metrics[name] for name in ("elbo_before", "elbo_after", "elbo_scratch"))
    said = []
    if before is not None:
        refitted = metrics.get("elbo_before_refitted")
        gain = after["value"] - (refitted or before)["value"]
        over = " over the source with its scale of errors refitted to your images" if refitted else ""
        if gain > 0:
            said.append(f"Adapting raised the bound by {gain:.1f} nats per image{over}.")
        else:
            said.append(
                f"Nothing got better: the bound fell by {-gain:.1f} nats per image{over}. Give it more images, "
                "another --method, or a source that is nearer."
            )
        if refitted:
            scale = refitted["value"] - before["value"]
            said.append(f"Refitting that scale alone changed the source's bound by {scale:+.1f}; it is no adaptation.")
    if scratch is not None:
        lead = after["value"] - scratch["value"]
        won = "Transfer won" if lead > 0 else "Transfer lost"
        said.append(
            f"{won}: {abs(lead):.1f} nats {'better' if lead > 0 else 'worse'} than from scratch at the same kimg."
        )
    fitted, standard = metrics["kid_after"], metrics.get("kid_standard_prior")
    if standard is not None and metrics["prior"] != "standard":
        gain = standard["value"] - fitted["value"]
        what = (
            f"brought what it draws {gain:.1f} KID nearer" if gain > 0 else f"took what it draws {-gain:.1f} KID away"
        )
        said.append(f"The fitted prior ({metrics['prior']}) {what}, against N(0, I).")
    return said


def run_card(run, command, settings, spec, metrics, notes, words=""):
    """The README.md of a VAE's RUN.

    Args:
        run: `RunFolder`.
        command: "finetune" or "pretrain".
        settings: `FineTuneVaeSettings` or `PretrainVaeSettings`.
        spec: `ModelSpec`, whose licence is carried on.
        metrics: content of metrics.json.
        notes: what the run noted.
        words: what was trained.

    Returns:
        Markdown text.
    """
    speed, copied = metrics["images_per_second"], notes.get("memorisation")
    kind = "RGB" if spec.channels == 3 else "grey"
    lines = [
        f"# {run.path.name}",
        "",
        f"A VAE of {spec.image_size} x {spec.image_size} images ({kind}), made with `ktg {command}`"
        + (f": {words}." if words else "."),
        "",
        "![before and after](before_after.png)",
        "",
        "![held out and reconstructed](reconstructions.png)",
        "",
        "## Where it comes from",
        "",
        f"- ImageSet: `{settings.data}`. {spec.source}".rstrip(),
        f"- Training: {metrics['kimg']:.1f} kimg, batch {settings.batch_size}, learning rate "
        f"{settings.learning_rate:g}, seed {settings.seed}, {metrics['seconds'] / 60:.1f} minutes"
        + (f" at {speed:.0f} images/s (the first steps left aside)." if speed else "."),
        *_chosen(metrics),
        f"- Prior: {metrics['prior']}.",
        *([f"- Distance: {notes['sentence']}."] if "sentence" in notes else []),
        f"- Licence of what it was made from: {spec.licence or NO_LICENCE}",
        "- The licence of your own images applies as well.",
        "",
        "## Scores",
        "",
        "| | ELBO | KID x 1000 |",
        "|---|---|---|",
        *[f"| {name} | {bound} | {score} |" for name, bound, score in elbo_rows(metrics)],
        "",
        elbo_note(metrics),
        *(line for verdict in verdicts(metrics) for line in ("", verdict)),
        *(["", notes["collapse"]] if notes.get("collapse") else []),
        *([] if copied is None else ["", copies_line(copied)]),
        "",
        "## Use",
        "",
        "```python",
        "import keras_transfer_gen as ktg",
        f'vae = ktg.load_vae("{run.path}")',
        "images = vae.generate(16, seed=0)  # uint8; vae.encode, vae.decode and vae.reconstruct as well",
        "```",
        "",
        "`export/saved_model` is for TF Serving, `export/sampler.tflite` for phones and browsers; `encoder.tflite` and",
        "`decoder.tflite` lie beside it. The first two draw from the prior above: latents",
        f"`[N, {spec.latent_dim}]` from N(0, 1) in, float images in [-1, 1] out.",
        "",
    ]
    return "\n".join(lines)


def _chosen(metrics):
    """The line on the weights that were kept, as a list."""
    best, count = metrics["best_kimg"], metrics["put_aside"]
    return [] if best is None else [f"- Kept: the weights at {best:.2f} kimg, the best on {count} images put aside."]


def _caveat(metrics):
    text = metrics["bits_per_dim"].get("caveat")
    return f" ({text})" if text else ""
