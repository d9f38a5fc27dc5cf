"""The classes of a fine-tune: which of the source's each begins from, and the source with the classes of the images.

- Images with labels whose classes the source knows by name: its classes stay, those without images too.
- Images with other labels: each class starts from the source's class of its name, or else from the nearest one.
- Images without labels: the source's nearest classes become one, whose row starts as their mean. The model then takes
  no labels any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import class_shares
from keras_transfer_gen.data.labels import number_as
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.networks.blended.known import blend_layer
from keras_transfer_gen.networks.class_rows import class_layers, takes_labels, with_classes, without_labels
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.training.gan.freezing import freeze_source
from keras_transfer_gen.recipes.training.gan.known_images import choose_known, keep_known, kept_sentence
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec
from keras_transfer_gen.training.gan import GAN

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
    from keras_transfer_gen.recipes.training.family import Source


PER_CLASS, IN_ALL, LEAST = 40, 1000, 10  # generated images of a class of the source; of all together; of one at least
NEAR = 1.25  # times the distance of the nearest class: those are near as well
MOST_NEAR = 3  # classes that one row starts from


def measure_start(run: Run[FineTuneSettings], source: Source, images: RunImages) -> dict[str, Any]:
    """Which classes of the source the training begins from.

    Args:
        run: `Run`.
        source: `Source`.
        images: the run's images.

    Returns:
        JSON-ready dict for the notes: {} where the source's classes stay as they are, else {"class_start": {"names":
        list of str, "from": list of lists of class numbers, "sentence": str}}; no names for a model without classes.

    Raises:
        UserError: for images with labels where the source can't have their classes.
    """
    spec, settings = source.model.spec, run.settings
    if not images.labelled:
        if blend_layer(source.model.generator) is not None:
            if not settings.latent_selection_kimg:
                everything = [list(range(spec.num_classes))] if spec.num_classes else []
                sentence = "The images have no labels: all that the source knows becomes one class."
                return {"class_start": {"names": [], "from": everything, "sentence": sentence}} if everything else {}
            chosen = choose_known(source.model, images.image_set.images, run.reporter)
            sentence = kept_sentence(source.model, chosen)
            return {"class_start": {"names": [], "known": chosen, "sentence": sentence}}
        if not class_layers(source.model.generator):
            return {}
        distances = _distances(source.model, [images.training.features], run.reporter)[0]
        near = nearest_classes(distances)
        listed = ", ".join(f"{spec.class_name(number)} ({1000 * distances[number]:.0f})" for number in near)
        sentence = f"The images have no labels: one class starts from the source's nearest (KID x 1000): {listed}."
        return {"class_start": {"names": [], "from": [near], "sentence": sentence}}
    names = images.image_set.class_names
    _check_labels(source.model, settings)
    known = spec.every_class_name
    if set(names) <= set(known):
        return {}
    if not class_layers(source.model.generator):
        step = f"The classes of this source can't be changed. It has: {', '.join(known)}."
        raise checks.user_error("labels", "labels whose classes the source has", settings.data_labels, step)
    start, sentences = _start_of_each(source.model, images.image_set, names, run.reporter)
    return {"class_start": {"names": names, "from": start, "sentence": f"Classes start from: {'; '.join(sentences)}."}}


def check_plan(settings: FineTuneSettings | PretrainSettings, source: Source | None) -> None:
    """Refuses labels where the source, or the architecture of a pretraining, takes none; nothing of the images is read.

    Args:
        settings: `FineTuneSettings` or `PretrainSettings`.
        source: `Source`, or None for a pretraining.
    """
    if settings.data_labels is None:
        return
    if source is None:
        own = cast("PretrainSettings", settings)
        build_networks(own, dataclasses.replace(new_spec(own), num_classes=2))
    else:
        _check_labels(source.model, settings)


def match_classes(run: Run[FineTuneSettings], source: Source, images: RunImages) -> tuple[Source, RunImages]:
    """The source with the classes of the images, and the images with labels that are its class numbers.

    Args:
        run: `Run`, whose notes have what `measure_start` gave.
        source: `Source`.
        images: the run's images.

    Returns:
        (`Source`, `RunImages`).
    """
    start, gan = run.notes.get("class_start"), source.model
    if start is not None:
        with run.strategy.scope():
            known = start.get("known")
            gan = keep_known(gan, known) if known else change_classes(gan, start["names"], start["from"])
            freeze_source(gan, run.settings, SILENT)
        run.reporter.say(start["sentence"])
    if images.labelled:
        numbered = number_as(images.image_set, gan.spec.every_class_name)
        shares = class_shares(numbered, run.settings.balance).tolist()
        gan.spec = dataclasses.replace(gan.spec, class_names=numbered.class_names, class_shares=shares)
        gan.network_inputs = gan.network_inputs.with_shares(shares)
        images = dataclasses.replace(images, image_set=numbered)
    return dataclasses.replace(source, model=gan), images


def nearest_classes(distances: Sequence[float] | np.ndarray) -> list[int]:
    """Numbers of the classes nearest to some images, the nearest first: those within 1.25 times its distance, up to 3.

    Args:
        distances: float `[classes]`, which may be a little below 0.

    Example:
        >>> nearest_classes([0.09, 0.04, 0.045, 0.2])
        [1, 2]
    """
    order = np.argsort(distances, kind="stable")[:MOST_NEAR]
    limit = NEAR * max(distances[order[0]], 0.0)
    return [int(number) for rank, number in enumerate(order) if rank == 0 or distances[number] <= limit]


def change_classes(gan: GAN, names: list[str], start: Sequence[Sequence[int]]) -> GAN:
    """A GAN whose classes begin from those of another.

    Args:
        gan: `GAN` with classes.
        names: of the new classes; empty: there is one class, and the networks take no labels any more.
        start: for each new class the numbers of the old ones whose mean it starts from.

    Returns:
        `GAN`, not compiled, everything trainable.
    """
    count = gan.spec.num_classes
    mix = np.array([np.bincount(numbers, minlength=count) / len(numbers) for numbers in start])

    def changed(network: keras.Model) -> keras.Model:
        if not takes_labels(network):
            return network
        other = with_classes(network, mix) if class_layers(network) else network
        return other if names else without_labels(other)

    spec = dataclasses.replace(gan.spec, num_classes=len(names), class_names=names, class_shares=())
    other = GAN(changed(gan.generator), changed(gan.discriminator), spec=spec, name=gan.name)
    other.ema_generator.set_weights(changed(gan.ema_generator).get_weights())
    return other


def _check_labels(gan: GAN, settings: FineTuneSettings | PretrainSettings) -> None:
    if not gan.spec.num_classes:
        step = "This source takes no labels. Leave --labels out, or train a source with `ktg pretrain --labels`."
        raise checks.user_error("labels", "left out for a source without classes", settings.data_labels, step)


def _start_of_each(
    gan: GAN, image_set: ImageSet, names: list[str], reporter: Reporter
) -> tuple[list[list[int]], list[str]]:
    """([[number of the old class], ...], a text for each): of the same name, or else the nearest."""
    known, features = gan.spec.every_class_name, None
    others = [name for name in names if name not in known]
    if others:
        rows = [np.flatnonzero(image_set.labels == names.index(name))[:IN_ALL] for name in others]
        features = [extract_features(np.asarray(image_set.images)[row]) for row in rows]
        distances = dict(zip(others, _distances(gan, features, reporter), strict=True))
    start, texts = [], []
    for name in names:
        if name in known:
            start.append([known.index(name)])
            texts.append(f"{name} from the source's own")
        else:
            nearest = int(np.argmin(distances[name]))
            start.append([nearest])
            texts.append(f"{name} from {known[nearest]} (KID x 1000: {1000 * distances[name][nearest]:.0f})")
    return start, texts


def _distances(gan: GAN, features: Sequence[np.ndarray], reporter: Reporter) -> list[np.ndarray]:
    """KID of sets of real images to those that the source generates of each class: a list of float `[classes]`.

    A single image has no KID to anything: it counts as two of its kind.
    """
    features = [part if len(part) > 1 else np.repeat(part, 2, axis=0) for part in features]
    count = gan.spec.num_classes
    num = int(np.clip(IN_ALL // count, LEAST, PER_CLASS))
    tick, distances = reporter.counter("distance of each class of the source"), []
    for number in range(count):
        generated = extract_features(gan.generate(num, label=number))
        distances.append([kid(part, generated) for part in features])
        tick(number + 1, count)
    return [np.array(column) for column in zip(*distances, strict=True)]
