"""What a VQ-VAE supplies to fine-tuning, pretraining and planning."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import class_shares
from keras_transfer_gen.recipes.inputs.holdout import MIN_VALIDATED, holdout_count, read_with_holdout
from keras_transfer_gen.recipes.models.export import export_parts
from keras_transfer_gen.recipes.report import curves
from keras_transfer_gen.recipes.report.view_scores import view_sentences
from keras_transfer_gen.recipes.report.vq_card import (
    vq_card,
    vq_score_header,
    vq_score_note,
    vq_score_rows,
    vq_verdicts,
)
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.scoring.nats import nats_of_each
from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.recipes.training.autoencoder_pictures import draw_pictures
from keras_transfer_gen.recipes.training.family import Family, ResultTable, Scores, Source
from keras_transfer_gen.recipes.training.measure import measure_distance, measure_precision
from keras_transfer_gen.recipes.training.vq import classes, drawn, models, scores
from keras_transfer_gen.recipes.training.vq.cross_validation import measure_prior_kimg
from keras_transfer_gen.recipes.training.vq.curve import DrawnCurve, NatsCurve, PsnrCurve
from keras_transfer_gen.training.checkpoint import save_model
from keras_transfer_gen.training.parts_in_turn import AUTOENCODER, PRIOR
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training

LAST = "none: the last weights are kept"
FEW = "the last decoder, and the prior after as many kimg as cross-validation finds best"
DRAWN = "drawn"  # the part that is the decoder again, judged by draws
BEST = "{decoder}, and the prior with the fewest nats, on {count} images that were put aside for it"
DECODERS = {False: "the decoder with the best PSNR", True: "the last decoder"}  # whether there is a discriminator


class VqFamily(Family):
    """VQ-VAEs: the decoder learns at fixed tokens, then the prior; scored by nats, reconstructions and KID."""

    name = "vq"
    scratch_rates = (defaults.VQ_LEARNING_RATE, defaults.VQ_AUTOENCODER_LEARNING_RATE)

    # The source and the images

    def open_source(self, run: Run) -> Source:
        _check_workers(run)
        return models.open_source(run)

    def read_images(self, run: Run, image_size: int, channels: int) -> RunImages:
        _check_workers(run)
        return read_with_holdout(run.settings, image_size, channels, run.reporter, validated=True)

    def keep_source(self, run: Run, source: Source) -> None:
        """Keeps the VQ-VAE itself, for `restyle` too."""
        path = run.folder.source_vae_file
        if not path.exists():
            with beside(run.settings.out):
                save_model(source.model, path)

    # Before training

    def describe_selection(self, run: Run, images: RunImages) -> str:
        if not len(images.validation) and run.command == "finetune" and run.settings.adaptation.prior_rules is not None:
            return FEW
        decoder = DECODERS[run.settings.adversarial_weight > 0 or run.settings.drawn_share > 0]
        return BEST.format(decoder=decoder, count=len(images.validation)) if len(images.validation) else LAST

    def measure_source(self, run: Run, source: Source, images: RunImages) -> dict[str, Any]:
        vq = source.model
        start = classes.measure_start(vq, images)
        if start["sentence"]:
            run.reporter.say(start["sentence"])
        return {
            **measure_precision(run, vq.decoder),
            **measure_distance(run, source, images),
            "class_start": start,
            "count": len(images.image_set),
            "cross_validation": _cross_validate(run, vq, classes.number_images(images, start["names"]), start["rows"]),
            "nats_before": nats_of_each(vq, images.holdout, start["rows"][-1]).tolist(),
            "reconstruction_before": scores.reconstruction_scores(vq, images.holdout),
        }

    def match_classes(self, run: Run, source: Source, images: RunImages) -> tuple[Source, RunImages]:
        start = run.notes["class_start"]
        images = classes.number_images(images, start["names"])
        if not run.folder.source_vae_file.exists():  # it is the source with its own classes until it is kept
            dropout = models.dropout_for(len(images.image_set))
            models.set_classes(source.model, start["rows"], start["names"], _shares(run, images), dropout)
        return source, images

    # Models

    def timed_network(self, networks: tuple[Any, ...]) -> Any:
        return networks[2]

    def network_to_time(self, settings: Any, images: RunImages) -> Any:
        return self.timed_network(models.build_networks(settings))

    def model_from_source(self, run: Run, source: Source) -> VQVAE:
        return models.model_from_source(source.model, run.settings, run.notes.get("count", models.MANY))

    def model_from_scratch(self, run: Run, source: Source) -> VQVAE:
        return models.model_from_scratch(source.model, run.settings, run.notes.get("count", models.MANY))

    def new_model(self, run: Run, images: RunImages) -> VQVAE:
        names = images.image_set.class_names if images.labelled else []
        return models.new_model(run.settings, names, _shares(run, images), len(images.image_set))

    def update_rates(self, model: VQVAE, settings: Any, rates: Any = None) -> None:
        models.update_rates(model, settings, rates)

    # Training

    def phases(self, run: Run, source: Source, images: RunImages, tuned: Training) -> list[Phase]:
        settings, method = run.settings, run.settings.adaptation
        parts = [(AUTOENCODER, method.decoder), (PRIOR, method.prior_rules is not None), (DRAWN, method.decoder)]
        validated = run.notes.get("cross_validation")
        prior_kimg = None if validated is None else validated["kimg"]
        return _phases(run, images, [part for part, trained in parts if trained], settings.kimg, prior_kimg=prior_kimg)

    def scratch_phases(self, run: Run, images: RunImages, tuned: Training) -> list[Phase]:
        return _phases(run, images, [AUTOENCODER, PRIOR, DRAWN], tuned.model.kimg, "from scratch: ")

    def pretrain_phases(self, run: Run, images: RunImages) -> list[Phase]:
        return _phases(run, images, [AUTOENCODER, PRIOR, DRAWN], run.settings.kimg)

    # After training

    def score(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
        measured = scores.score(run, images, tuned, scratch)
        tuned.save(run.settings.out, replace=True)  # with its best weights
        return measured

    def draw(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> None:
        draw_pictures(run, images, tuned, scratch, curves.vq_panels)

    def export_mobile(self, run: Run, model: VQVAE) -> None:
        export_parts(model, run.folder.tflite.parent)

    def card(self, run: Run, model: VQVAE, metrics: dict[str, Any]) -> str:
        words = ""
        if run.command == "finetune":
            words = f"method `{run.settings.method}`, {run.settings.adaptation.words}"
        return vq_card(run.folder.path, run.command, run.settings, model.spec, metrics, run.notes, words)

    def result_table(self, settings: Any, metrics: dict[str, Any]) -> ResultTable:
        method = f", method {settings.method}" if hasattr(settings, "method") else ""
        return ResultTable(
            title=f"{settings.out} at {metrics['kimg']:.1f} kimg{method}",
            header=vq_score_header(metrics),
            rows=vq_score_rows(metrics),
            notes=[vq_score_note(metrics), *vq_verdicts(metrics), *view_sentences(metrics)],
        )

    # Without training

    def needs_training(self, settings: Any) -> bool:
        return True

    def plan(self, run: Run, source: Source | None, count: int) -> dict[str, Any]:
        settings = run.settings
        planned: dict[str, Any] = {}
        if source is not None:
            planned["method"] = f"{settings.method}: {settings.adaptation.words}"
        if settings.reference is None:
            planned["holdout for the nats"] = holdout = holdout_count(count)
            count -= holdout
        planned["put aside to select the best weights by"] = holdout_count(count) if count >= MIN_VALIDATED else 0
        return planned

    def skipped_files(self, run: Run, source: Source | None) -> tuple[str, ...]:
        return ("source",)  # it lies among the checkpoints


def _shares(run: Run, images: RunImages) -> list[float]:
    """How often the training shows each class; [] without labels."""
    return class_shares(images.image_set, run.settings.balance).tolist() if images.labelled else []


def _prior_kimg(settings: Any) -> float:
    """Thousands of images that the prior learns in a fine-tune, at most."""
    others = settings.autoencoder_share + settings.drawn_share if settings.adaptation.decoder else 0.0
    return settings.kimg * (1.0 - others)


def _cross_validate(run: Run, vq: VQVAE, images: RunImages, rows: list[int]) -> dict[str, Any] | None:
    """What `measure_prior_kimg` finds, where there are too few images to put some aside; None elsewhere."""
    settings = run.settings
    if len(images.validation) or settings.adaptation.prior_rules is None:
        return None
    most = _prior_kimg(settings)
    result = measure_prior_kimg(vq, images.image_set, images.labelled, rows, settings, most, run.reporter)
    before, after = result["nats"][0], min(result["nats"])
    run.reporter.say(
        f"cross-validation: the prior learns for {result['kimg']:.2f} kimg: {after:.1f} nats per image that is left "
        f"out, {before:.1f} before"
    )
    return result


def _phases(
    run: Run, images: RunImages, parts: list[str], kimg: float, label: str = "", prior_kimg: float | None = None
) -> list[Phase]:
    """A phase for each part that is trained, the last one up to `kimg` or where the minutes end.

    Args:
        run: `Run`.
        images: its images.
        parts: what is trained, in order: "autoencoder", "prior", "drawn".
        kimg: thousands of images in all.
        label: of the progress bars, before what each phase trains.
        prior_kimg: of the prior's phase, where that was measured; the run is then shorter or longer than `kimg`.
    """
    settings, out = run.settings, Path(run.settings.out)
    parts = [part for part in parts if part != DRAWN or settings.drawn_share]
    kinds = {
        AUTOENCODER: ("decoder" if hasattr(settings, "method") else "autoencoder", PsnrCurve),
        PRIOR: ("prior", NatsCurve),
        DRAWN: ("decoder, by draws", DrawnCurve),
    }
    phases, end, until = [], 0.0, 0.0
    for part, share in _shares_of_kimg(parts, settings).items():
        end += prior_kimg if part == PRIOR and prior_kimg is not None else share * kimg
        until = min(until + share, 1.0)
        name, curve = kinds[part]
        before = functools.partial(_begin, run, part, end)
        phases.append(Phase(label + name, end, before=before, curve=curve(images, out), until=until))
    return phases


def _shares_of_kimg(parts: list[str], settings: Any) -> dict[str, float]:
    """What each part gets of a run's kimg; the prior, or else the autoencoder, takes what the others leave over."""
    shares = {AUTOENCODER: settings.autoencoder_share, PRIOR: 0.0, DRAWN: settings.drawn_share}
    last = PRIOR if PRIOR in parts else AUTOENCODER
    shares[last] = 1.0 - sum(shares[part] for part in parts if part != last)
    return {part: shares[part] for part in parts}


def _begin(run: Run, part: str, end: float, training: Training) -> None:
    """Makes a model train the part of a phase; what a part needs beside it is made where it is not there yet.

    Args:
        run: `Run`.
        part: of the phase.
        end: kimg of the phase; a run that goes on also comes here for phases that it has behind it.
        training: `Training`.
    """
    vq = training.model
    if vq.kimg < end and part == DRAWN and vq.drawn_tokens is None:
        drawn.begin(vq, run.settings)
    elif vq.kimg < end and part == AUTOENCODER and vq.drawn_tokens is not None:
        models.compile_vq(vq, run.settings)
    vq.learn(PRIOR if part == PRIOR else AUTOENCODER)


def _check_workers(run: Run) -> None:
    """Refuses several worker processes, which the loop of this family does not serve."""
    if run.workers.cluster.size > 1:
        step = "Train a VQ-VAE in one process; it takes several devices by --devices."
        raise checks.user_error("TF_CONFIG", "one worker for a VQ-VAE", f"{run.workers.cluster.size} workers", step)
