"""What a VAE supplies to fine-tuning, pretraining and planning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.inputs.holdout import MIN_VALIDATED, holdout_count, read_with_holdout
from keras_transfer_gen.recipes.models.export import export_parts
from keras_transfer_gen.recipes.report import curves
from keras_transfer_gen.recipes.report.vae_card import (
    vae_card,
    vae_score_header,
    vae_score_note,
    vae_score_rows,
    vae_verdicts,
)
from keras_transfer_gen.recipes.report.view_scores import view_sentences
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.runs.run_folder import OF_TRAINING
from keras_transfer_gen.recipes.scoring.elbo_protocol import calibrate, measure_elbo, measure_refitted
from keras_transfer_gen.recipes.settings.defaults import VAE_LEARNING_RATE
from keras_transfer_gen.recipes.training.autoencoder_pictures import draw_pictures
from keras_transfer_gen.recipes.training.family import Family, ResultTable
from keras_transfer_gen.recipes.training.measure import measure_distance, measure_precision
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec
from keras_transfer_gen.recipes.training.vae import models, scores
from keras_transfer_gen.recipes.training.vae.curve import BestElboCurve, ElboCurve
from keras_transfer_gen.training.checkpoint import save_model
from keras_transfer_gen.training.step_memory import vae_memory
from keras_transfer_gen.training.vae import CollapseWarning
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, VaeSettings
    from keras_transfer_gen.recipes.training.family import Scores, Source
    from keras_transfer_gen.training.vae import VAE


LAST = "none: the last weights are kept"
BEST = "the weights with the best ELBO on {count} images that were put aside for it, which also set the stored scale"


class VaeFamily(Family):
    """Variational autoencoders: scored by ELBO and KID, one optimizer, a prior that is fitted at the end."""

    name = "vae"
    memory_estimate = staticmethod(vae_memory)
    ignored_warnings = (CollapseWarning,)  # metrics.json and the card tell of a collapse
    scratch_rates = VAE_LEARNING_RATE

    # The source and the images

    def open_source(self, run: Run) -> Source:
        return models.open_source(run)

    def read_images(self, run: Run, image_size: int, channels: int) -> RunImages:
        validated = run.command == "finetune" and run.settings.adaptation.trains
        return read_with_holdout(run.settings, image_size, channels, run.reporter, validated=validated)

    def keep_source(self, run: Run, source: Source) -> None:
        """Keeps the VAE itself, with its channels changed, for `restyle` too."""
        path = run.folder.source_vae_file
        if run.workers.is_chief and not path.exists():
            with beside(run.settings.out):
                save_model(source.model, path)

    # Before training

    def describe_selection(self, run: Run, images: RunImages) -> str:
        return BEST.format(count=len(images.validation)) if len(images.validation) else LAST

    def measure_source(self, run: Run, source: Source, images: RunImages) -> dict[str, Any]:
        precision = {"arithmetic": "float32", "probe": {}}
        if run.settings.adaptation.trains:
            precision = measure_precision(run, source.model.decoder)
        vae, holdout, name = source.model, images.holdout, images.holdout_name
        return {
            **precision,
            **measure_distance(run, source, images),
            "bound_before": measure_elbo(vae, holdout, name),
            "elbo_before_refitted": measure_refitted(vae, images.calibration_images, holdout, name),
        }

    # Models

    def timed_network(self, networks: Sequence[keras.Model]) -> keras.Model:
        return networks[1]

    def model_from_source(self, run: Run, source: Source) -> VAE:
        return models.model_from_source(source.model, run.settings)

    def model_from_scratch(self, run: Run, source: Source) -> VAE:
        return models.model_from_scratch(source.model, run.settings)

    def new_model(self, run: Run, images: RunImages) -> VAE:
        return models.new_model(run.settings)

    def new_networks(self, settings: Any, image_set: ImageSet) -> tuple[keras.Model, ...]:
        return build_networks(settings, new_spec(settings, image_set))

    def update_rates(self, model: VAE, settings: VaeSettings, rates: float | None = None) -> None:
        model.optimizer.learning_rate = rates or settings.learning_rate
        model.micro_batch = settings.micro_batch

    # Training

    def phases(self, run: Run, source: Source, images: RunImages, tuned: Training) -> list[Phase]:
        def standard_prior(training: Training) -> None:  # a finished run has a fitted one
            training.model.set_prior(StandardNormal())

        def calibrate_scale(training: Training) -> None:
            standard_prior(training)
            calibrate(training.model, images.calibration_images)

        if not run.settings.adaptation.trains:
            return [Phase("calibrating", None, before=calibrate_scale)]
        curve = BestElboCurve(images, run.settings.out)
        return [Phase("adapting", run.settings.kimg, before=standard_prior, curve=curve)]

    def scratch_phases(self, run: Run, images: RunImages, tuned: Training) -> list[Phase]:
        kimg = tuned.model.kimg if run.settings.adaptation.trains else run.settings.kimg
        return [Phase("from scratch", kimg, curve=BestElboCurve(images, run.settings.out))]

    def pretrain_phases(self, run: Run, images: RunImages) -> list[Phase]:
        return [Phase("training", run.settings.kimg, curve=ElboCurve(images))]

    # After training

    def score(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
        measured = scores.score(run, images, tuned, scratch)
        tuned.save(run.settings.out, replace=True)  # with its best weights and its fitted prior
        return measured

    def draw(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> None:
        draw_pictures(run, images, tuned, scratch, curves.vae_panels)

    def export_mobile(self, run: Run, model: VAE) -> None:
        export_parts(model, run.folder.tflite.parent)

    def card(self, run: Run, model: VAE, metrics: dict[str, Any]) -> str:
        words = ""
        if run.command == "finetune":
            words = f"method `{run.settings.method}`, {run.settings.adaptation.words}"
        return vae_card(run.folder.path, run.command, run.settings, model.spec, metrics, run.notes, words)

    def result_table(self, settings: VaeSettings, metrics: dict[str, Any]) -> ResultTable:
        method = f", method {settings.method}" if hasattr(settings, "method") else ""
        return ResultTable(
            title=f"{settings.out} at {metrics['kimg']:.1f} kimg{method}",
            header=vae_score_header(metrics),
            rows=vae_score_rows(metrics),
            notes=[vae_score_note(metrics), *vae_verdicts(metrics), *view_sentences(metrics)],
        )

    # Without training

    def needs_training(self, settings: FineTuneVaeSettings) -> bool:
        return settings.adaptation.trains

    def plan(self, run: Run, source: Source | None, count: int) -> dict[str, Any]:
        settings, planned = run.settings, {"prior": run.settings.prior}
        if source is not None:
            planned["method"] = f"{settings.method}: {settings.adaptation.words}"
        if settings.reference is None:
            planned["holdout for the ELBO"] = holdout = holdout_count(count)
            count -= holdout
        if source is not None and settings.adaptation.trains:
            planned["put aside to select the best weights by"] = holdout_count(count) if count >= MIN_VALIDATED else 0
        return planned

    def skipped_files(self, run: Run, source: Source | None) -> Sequence[str]:
        # The source lies among the checkpoints.
        return ("source", *(() if source is None or self.needs_training(run.settings) else OF_TRAINING))
