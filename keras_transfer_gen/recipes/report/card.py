"""Model cards: what a model is, where it comes from, what may be done with it, how well it does."""

import math

from keras_transfer_gen.recipes.settings.defaults import SCRATCH_RATES

NAMES = {
    "kid_before": "source, before adapting",
    "kid_after": "after training",
    "kid_scratch": "from scratch, same kimg",
    "kid_floor": "floor: the training images themselves",
}
ALONE = f"ktg pretrain --learning-rate {SCRATCH_RATES[1]:g} --g-lr-ratio {SCRATCH_RATES[0] / SCRATCH_RATES[1]:g}"
NO_LICENCE = "not stated. Ask whoever made the source and the images."
HEADS = (
    "- Feature heads, influence {:g}: in training the discriminator also judged what EfficientNet-Lite1 sees, which "
    "was trained on the photographs of ImageNet. The scores' network is another one, but of its family, so scores may "
    "flatter this model beside those that were trained without, as one from scratch is."
)


def score_rows(metrics):
    """(name, "value ± deviation") of every score of metrics.json that applies."""
    return [
        (label, f"{metrics[key]['value']:.1f} ± {metrics[key]['std']:.1f}")
        for key, label in NAMES.items()
        if metrics[key] is not None
    ]


def score_note(metrics):
    """One line that says how the scores were taken."""
    score = metrics["kid_after"]
    return (
        f"KID x 1000 (lower is better) of {score['n_fake']} images against {score['n_real']} of "
        f"{score['reference']}; "
        f"features: {score['feature_network']} at {score['input_size']} px; ± one bootstrap deviation."
    )


def verdicts(metrics):
    """What the scores say about a fine-tuning, a sentence each: whether it helped, and whether the source did.

    A difference counts where it is larger than the deviation of the difference.
    """
    before, after, scratch = (metrics[name] for name in ("kid_before", "kid_after", "kid_scratch"))
    said = []
    if before is not None:
        gain, doubt = _difference(before, after)
        if gain > doubt:
            said.append(f"Training brought the images {gain:.1f} ± {doubt:.1f} nearer.")
        else:
            what = "made it worse" if gain < -doubt else "changed nothing that can be told from chance"
            said.append(
                f"Nothing got better: training {what} ({-gain:+.1f} ± {doubt:.1f}). Give it more --kimg, more images "
                "or fewer frozen layers; the source itself may serve you as well."
            )
    if scratch is not None:
        lead, doubt = _difference(scratch, after)
        if lead < -doubt:
            said.append(
                f"Transfer lost: from scratch is {-lead:.1f} ± {doubt:.1f} better at the same kimg. Train without a "
                f"source ({ALONE}), or take a source that is nearer to your images."
            )
        elif lead <= doubt:
            said.append(f"Transfer made no difference that can be told from chance ({lead:+.1f} ± {doubt:.1f}).")
        else:
            said.append(f"Transfer won: {lead:.1f} ± {doubt:.1f} better than from scratch at the same kimg.")
    return said


def _difference(first, second):
    """How much lower the second score is, and the deviation of that."""
    return first["value"] - second["value"], math.hypot(first["std"], second["std"])


def run_card(run, command, settings, spec, metrics, notes):
    """The README.md of a RUN.

    Args:
        run: `RunFolder`.
        command: "finetune" or "pretrain".
        settings: `TrainSettings`.
        spec: `ModelSpec`, whose licence is carried on.
        metrics: content of metrics.json.
        notes: what the run noted.

    Returns:
        Markdown text.
    """
    speed = metrics["images_per_second"]
    copied = notes.get("memorisation")
    kind = "RGB" if spec.channels == 3 else "grey"
    lines = [
        f"# {run.path.name}",
        "",
        f"A generator of {spec.image_size} x {spec.image_size} images ({kind}), made with `ktg {command}`.",
        "",
        "![before and after](before_after.png)",
        "",
        "## Where it comes from",
        "",
        f"- ImageSet: `{settings.data}`. {spec.source}".rstrip(),
        f"- Training: {metrics['kimg']:.1f} kimg, batch {settings.batch_size}, seed {settings.seed}, "
        f"{metrics['seconds'] / 60:.1f} minutes"
        + (f" at {speed:.0f} images/s (the first steps left aside)." if speed else "."),
        *best_lines(metrics),
        *([f"- Distance: {notes['sentence']}."] if "sentence" in notes else []),
        *([HEADS.format(notes["feature_weight"])] if notes.get("feature_weight") else []),
        f"- Licence of what it was made from: {spec.licence or NO_LICENCE}",
        "- The licence of your own images applies as well.",
        "",
        "## Scores",
        "",
        "| | KID x 1000 |",
        "|---|---|",
        *[f"| {name} | {value} |" for name, value in score_rows(metrics)],
        "",
        score_note(metrics),
        *(line for verdict in verdicts(metrics) for line in ("", verdict)),
        *([] if copied is None else ["", copies_line(copied)]),
        "",
        "## Use",
        "",
        "```python",
        "import keras_transfer_gen as ktg",
        f'gan = ktg.load_gan("{run.path}")',
        "images = gan.generate(16, seed=0)  # uint8",
        "```",
        "",
        *_exports(spec, notes.get("tflite")),
        "",
    ]
    return "\n".join(lines)


def _exports(spec, missing):
    """Lines on what the exported files take; `missing` says why there is no TFLite file, if so."""
    laws = {"normal": "N(0, 1)", "uniform": "U(-1, 1)"}
    law = laws.get(spec.distribution, f"the distribution called {spec.distribution}")
    taken = f"latents `[N, {spec.latent_dim}]` from {law}"
    if spec.num_classes:
        taken += f" and labels `[N]`, integers below {spec.num_classes}"
    if missing:
        return [
            f"`export/saved_model` is for TF Serving. It takes {taken},",
            "and returns float images in [-1, 1].",
            f"There is no TFLite file: {missing.splitlines()[0]}",
        ]
    return [
        "`export/saved_model` is for TF Serving, `export/generator.tflite` for phones and browsers.",
        f"The first takes {taken}, the second one at a time; both return",
        "float images in [-1, 1].",
    ]


def best_lines(metrics):
    """A line on which weights are kept, where they were chosen (list of str)."""
    best = metrics.get("best_kimg")
    return [] if best is None else [f"- Kept: the weights at {best:.2f} kimg, whose images are nearest to these."]


def copies_line(copied):
    """One sentence on near-copies, of what `Memorisation.to_dict` gives."""
    made, real = 100 * copied["near_copy_share"], 100 * copied["train_share"]
    return (
        f"Near-copies of training images ({copied['train_count']} were compared): {made:.1f} % of the made ones; "
        f"among the training images themselves {real:.1f} %. `neighbours.png` shows the most alike pairs."
    )
