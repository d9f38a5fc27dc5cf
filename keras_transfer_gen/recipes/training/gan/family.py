"""What a GAN supplies to fine-tuning, pretraining and planning."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.networks.heads.feature_heads import has_feature_heads
from keras_transfer_gen.recipes.inputs.run_images import read_run_images
from keras_transfer_gen.recipes.models.export import export_tflite
from keras_transfer_gen.recipes.report import curves
from keras_transfer_gen.recipes.report.card import kid_note
from keras_transfer_gen.recipes.report.gan_card import gan_card, gan_verdicts
from keras_transfer_gen.recipes.report.view_scores import view_header, view_rows
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.scoring.health import find_health_warnings
from keras_transfer_gen.recipes.scoring.outlook import describe_outlook
from keras_transfer_gen.recipes.scoring.run_scores import all_scores, score_draws
from keras_transfer_gen.recipes.settings.defaults import FAR_FEATURE_WEIGHT, NEAR_FEATURE_WEIGHT, SCRATCH_RATES
from keras_transfer_gen.recipes.settings.rates import resolve_ema_rampup, resolve_g_lr_ratio
from keras_transfer_gen.recipes.training.family import Family, ResultTable, Scores
from keras_transfer_gen.recipes.training.gan import (
    classes,
    feature_heads,
    framing,
    known_images,
    latent_selection,
    models,
)
from keras_transfer_gen.recipes.training.gan import source as sources
from keras_transfer_gen.recipes.training.gan.curve import SELECTIONS, BestKidCurve, KidCurve, kept_source
from keras_transfer_gen.recipes.training.gan.freezing import is_third_party
from keras_transfer_gen.recipes.training.gan.health import HealthWatch
from keras_transfer_gen.recipes.training.measure import measure_distance, measure_precision
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec
from keras_transfer_gen.training.callbacks import read_history
from keras_transfer_gen.training.step_memory import gan_memory
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.settings.gan import GanSettings
    from keras_transfer_gen.recipes.training.family import Source
    from keras_transfer_gen.training.gan import GAN


class GanFamily(Family):
    """Generative adversarial networks: scored by KID, the generator and the discriminator have a rate each."""

    name = "gan"
    memory_estimate = staticmethod(gan_memory)
    skipped_outputs = ("reconstructions.png",)
    divergence_last_step = "choose another --objective and --penalty, with --overwrite"
    scratch_rates = SCRATCH_RATES

    # The source and the images

    def open_source(self, run: Run) -> Source:
        return sources.open_source(run)

    def read_images(self, run: Run, image_size: int, channels: int) -> RunImages:
        return read_run_images(run.settings, image_size, channels, run.reporter)

    def keep_source(self, run: Run, source: Source) -> None:
        sources.keep_in_run(source, run.folder)

    # Before training

    def describe_selection(self, run: Run, images: Any) -> str:
        return SELECTIONS[getattr(run.settings, "select", "last")]

    def measure_source(self, run: Run, source: Source, images: RunImages) -> dict[str, Any]:
        start = classes.measure_start(run, source, images)
        return {
            **measure_precision(run, source.model.generator),
            **measure_distance(run, source, images),
            **start,
            **framing.measure_framing(run, source, images, start),
            "warmup_kimg": run.settings.warmup() if source.new_discriminator else 0.0,
        }

    def match_classes(self, run: Run, source: Source, images: RunImages) -> tuple[Source, RunImages]:
        source, images = classes.match_classes(run, source, images)
        return framing.frame_source(run, source), images

    def resolve_settings(self, run: Run, source: Source) -> None:
        settings, distance = run.settings, run.notes["distance"]
        blended = known_images.knows_images(source.model)
        weight = feature_heads.resolve_feature_weight(settings, distance, blended)
        run.resolve(
            g_lr_ratio=resolve_g_lr_ratio(settings, distance, blended),
            ema_rampup=resolve_ema_rampup(settings, distance, blended and not source.model.spec.num_classes),
            feature_weight=weight if has_feature_heads(source.model.discriminator) else 0.0,
        )
        run.note(
            g_lr_ratio=run.resolved.generator_rate / run.resolved.learning_rate, ema_rampup=run.resolved.ema_rampup
        )

    # Models

    def timed_network(self, networks: Sequence[keras.Model]) -> keras.Model:
        return networks[0]

    def model_from_source(self, run: Run, source: Source) -> GAN:
        return models.model_from_source(source.model, run.resolved)

    def model_from_scratch(self, run: Run, source: Source) -> GAN:
        return models.model_from_scratch(source.model, run.settings)

    def new_model(self, run: Run, images: RunImages) -> GAN:
        return models.new_model(run.settings, images.image_set)

    def new_networks(self, settings: Any, image_set: ImageSet) -> tuple[keras.Model, ...]:
        return build_networks(settings, new_spec(settings, image_set))

    def update_rates(self, model: GAN, settings: GanSettings, rates: tuple[float, float] | None = None) -> None:
        models.update_rates(model, settings, rates)

    # Training

    def report_model(self, run: Run, model: GAN) -> None:
        run.note(feature_weight=feature_heads.report_feature_weight(model, run.settings, run.reporter))

    def phases(self, run: Run, source: Source, images: RunImages, tuned: Training) -> list[Phase]:
        """A new discriminator learns alone; latents are selected; then both networks learn."""
        phases = []
        if source.new_discriminator and not latent_selection.is_done(tuned.model):
            phases.append(sources.warm_up_phase(run, run.notes.get("warmup_kimg", 0.0)))
        blends = known_images.knows_images(tuned.model) and bool(run.settings.latent_selection_kimg)
        if blends:
            phases.append(sources.known_images_phase(run))
        elif latent_selection.is_due(tuned.model, run.resolved, run.notes["distance"]):
            if tuned.model.spec.num_classes:
                run.reporter.say(
                    "latents are not selected: this generator takes labels as well, and all of it is trained"
                )
            else:
                phases.append(latent_selection.selection_phase(run))
        curve = self._curve(run, images, from_source=True, blends=blends)
        return [*phases, Phase("adapting", run.settings.kimg, curve=curve)]

    def scratch_phases(self, run: Run, images: RunImages, tuned: Training) -> list[Phase]:
        return [Phase("from scratch", tuned.model.kimg, curve=self._curve(run, images, watched=False))]

    def pretrain_phases(self, run: Run, images: RunImages) -> list[Phase]:
        return [
            Phase(
                "training",
                run.settings.kimg,
                curve=KidCurve(images.training, HealthWatch.of_images(run.reporter, images)),
            )
        ]

    def _curve(
        self, run: Run, images: RunImages, from_source: bool = False, watched: bool = True, blends: bool = False
    ) -> KidCurve:
        watch = HealthWatch.of_images(run.reporter, images) if watched else None
        if run.settings.select == "last":
            return KidCurve(images.training, watch)
        return BestKidCurve(images.training, run.settings.out, from_source, watch, blends)

    def divergence_steps(self, settings: GanSettings) -> list[str]:
        return [f"raise --r1-gamma (now {settings.r1_gamma:g})"] if settings.penalty == "r1" else []

    # After training

    def score(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
        notes, rival = run.notes, None
        after, generated, features = score_draws(tuned.model, images.reference, "after", run.reporter)
        if scratch is not None:
            rival, _, _ = score_draws(scratch.model, images.reference, "scratch", run.reporter)
        metrics = {
            **all_scores(notes, after, rival),
            "precision_before": notes.get("precision_before"),
            "recall_before": notes.get("recall_before"),
            "kid_floor": notes.get("kid_floor"),
            "kimg": tuned.model.kimg,
            "best_kimg": tuned.best_kimg,
            "kept_source": kept_source(tuned),
            "outlook": dataclasses.asdict(describe_outlook(tuned.records, kept_source(tuned))),
            "warnings": [dataclasses.asdict(warning) for warning in find_health_warnings(tuned.records)],
            "images_per_second": tuned.images_per_second,
            "seconds": tuned.seconds,
        }
        return Scores(metrics, generated, features)

    def draw(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> None:
        folder = run.folder
        rows = read_history(folder.history_file) if folder.history_file.is_file() else []
        panels = curves.gan_panels(
            rows, tuned.records, scratch.records if scratch else [], tuned.best_kimg, tuned.rollbacks
        )
        curves.write_curves(folder.path / "curves.png", panels)

    def export_mobile(self, run: Run, model: GAN) -> None:
        """Writes the TFLite file; notes why there is none: a third-party graph may need what TFLite doesn't have."""
        missing = ""
        try:
            export_tflite(model, run.folder.tflite)
        except ExportError as error:
            if not is_third_party(model):
                raise
            missing = str(error)
            run.folder.tflite.unlink(missing_ok=True)  # an earlier one would be of other weights
            run.reporter.say(f"no TFLite file could be made, everything else is there: {missing}")
        run.note(tflite=missing)

    def card(self, run: Run, model: GAN, metrics: dict[str, Any]) -> str:
        return gan_card(run.folder.path, run.command, run.settings, model.spec, metrics, run.notes)

    def result_table(self, settings: GanSettings, metrics: dict[str, Any]) -> ResultTable:
        best = metrics.get("best_kimg")  # a run that finished before there was one has none
        kept = "" if best is None else f" (kept: the weights at {best:.2f} kimg)"
        if metrics.get("kept_source"):
            kept = " (kept: the source as it was)"
        return ResultTable(
            title=f"{settings.out} at {metrics['kimg']:.1f} kimg{kept}",
            header=view_header(metrics),
            rows=view_rows(metrics),
            notes=[kid_note(metrics["kid_after"]), *gan_verdicts(metrics)],
        )

    # Without training

    def needs_training(self, settings: GanSettings) -> bool:
        return True

    def plan(self, run: Run, source: Source | None, count: int) -> dict[str, Any]:
        classes.check_plan(run.settings, source)
        if source is None:
            return {}
        settings, planned = run.settings, {"method": run.settings.method}
        if has_feature_heads(source.model.discriminator):
            weights = f"{NEAR_FEATURE_WEIGHT:g}, for far images {FAR_FEATURE_WEIGHT:g}"
            planned["weight of the feature heads"] = (
                weights if settings.feature_weight is None else f"{settings.feature_weight:g}"
            )
        if source.new_discriminator:
            planned["the new discriminator learns alone"] = f"{settings.warmup():g} kimg"
        return planned

    def skipped_files(self, run: Run, source: Source | None) -> Sequence[str]:
        copied = source is not None and (source.kept or saved_model_layers(source.model.generator))
        return self.skipped_outputs if copied else ("source", *self.skipped_outputs)
