"""How large things stand in the picture: a source whose things are smaller than those of the images is enlarged first.

A generator of blended codes keeps what lies where as it is, so that no training of it would make its things larger: it
would draw strips along the edges instead.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.metrics.feature_network import FEATURE_NETWORK
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.networks.blended.known import known_images
from keras_transfer_gen.networks.framing import with_framing
from keras_transfer_gen.networks.resampling import zoom_images
from keras_transfer_gen.recipes.scoring.feature_views import LAYOUT_SIZE, FeatureView
from keras_transfer_gen.recipes.training.gan.known_images import SIDE, knows_images
from keras_transfer_gen.training.gan import GAN

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.training.family import Source


ZOOMS = (0.8, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2, 1.3)
WORTH = 0.1  # share of the distance that a zoom has to take away
LEAST, MOST = 20, 300  # images on each side that are compared
VIEW = FeatureView(FEATURE_NETWORK, LAYOUT_SIZE, SIDE)  # what surfaces are like doesn't count: training settles it


def measure_framing(
    run: Run[FineTuneSettings], source: Source, images: RunImages, start: dict[str, Any]
) -> dict[str, Any]:
    """How many times as large the things of a source have to be for some images.

    Args:
        run: `Run`.
        source: `Source`, as it was loaded.
        images: the run's images.
        start: what `classes.measure_start` gave.

    Returns:
        JSON-ready dict for the notes: {"framing": {"zoom": float, "sentence": str}}; {} where the source stays as it
        is: it doesn't blend images that it knows, all of it is trained, or other sizes are hardly nearer.
    """
    if not knows_images(source.model) or not run.settings.latent_selection_kimg:
        return {}
    wanted = images.image_set.subset(evenly(len(images.image_set), MOST))
    begins = start.get("class_start", {})
    if "known" in begins:
        shown = known_images(source.model.ema_generator, begins["known"][:MOST])
    elif images.labelled:
        names, every = wanted.class_names, source.model.spec.every_class_name
        first = [row[0] for row in begins["from"]] if begins else [every.index(name) for name in names]
        counts = np.bincount(wanted.labels, minlength=len(names))
        drawn = [source.model.generate(int(n), label=label) for n, label in zip(counts, first, strict=True) if n]
        shown = np.concatenate(drawn)
    else:
        return {}
    zoom = choose_zoom(shown, np.asarray(wanted.images), run.reporter)
    if zoom == 1:
        return {}
    size = "larger" if zoom > 1 else "smaller"
    sentence = f"Things in the images are {size} than the source's, which are made {zoom:g} times as large."
    return {"framing": {"zoom": zoom, "sentence": sentence}}


def frame_source(run: Run[FineTuneSettings], source: Source) -> Source:
    """The source with the zoom that was measured for the run, where there is one."""
    framing = run.notes.get("framing")
    if framing is None:
        return source
    with run.strategy.scope():
        gan = frame(source.model, framing["zoom"])
    run.reporter.say(framing["sentence"])
    return dataclasses.replace(source, model=gan)


def frame(gan: GAN, zoom: float) -> GAN:
    """A GAN that generates enlarged images.

    Args:
        gan: `GAN` whose generator is functional.
        zoom: how many times as large things become, above 0.

    Returns:
        `GAN`, not compiled, that shares the layers of the trained networks with `gan`, frozen ones as well.
    """
    framed = GAN(with_framing(gan.generator, zoom), gan.discriminator, spec=gan.spec, name=gan.name)
    framed.ema_generator.set_weights(gan.ema_generator.get_weights())
    return framed


def choose_zoom(known: np.ndarray, wanted: np.ndarray, reporter: Reporter) -> float:
    """The zoom at which some images are nearest to others, or 1.0 where none is nearer by a tenth.

    The distance is the KID of their layout (averaged down to 16 x 16), seen at a quick size.

    Args:
        known: uint8 `[n, S, S, C]`, to be resized.
        wanted: uint8 `[m, S, S, C]`; fewer than 20 tell too little.
        reporter: told how far it is.
    """
    if min(len(known), len(wanted)) < LEAST:
        return 1.0
    target = VIEW.extract(wanted)

    def distance(images: np.ndarray) -> float:
        return kid(target, VIEW.extract(images))

    tick, own, distances = reporter.counter("how large things are"), distance(known), {}
    for number, zoom in enumerate(ZOOMS, start=1):
        distances[zoom] = distance(zoom_images(known, zoom))
        tick(number, len(ZOOMS))
    best = min(distances, key=distances.__getitem__)
    return best if distances[best] < own - WORTH * abs(own) else 1.0


def evenly(count: int, most: int) -> np.ndarray:
    """At most `most` numbers below `count`, evenly spread: int `[n]`."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)
