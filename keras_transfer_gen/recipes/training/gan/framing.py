"""How large things stand in the picture: a source whose things are smaller than those of the images is enlarged first.

A generator of blended codes keeps what lies where as it is, so that no training of it would make its things larger: it
would draw strips along the edges instead.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import pixels
from keras_transfer_gen.metrics.feature_network import FEATURE_NETWORK
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.networks.blended.known import blend_layer, known_images
from keras_transfer_gen.networks.framing import MOST_BEHIND, with_framing
from keras_transfer_gen.networks.resampling import ground_of, zoom_images
from keras_transfer_gen.recipes.scoring.feature_views import LAYOUT_SIZE, FeatureView
from keras_transfer_gen.recipes.training.gan.known_images import (
    SIDE,
    choose_known,
    evenly,
    kept_sentence,
    knows_images,
)
from keras_transfer_gen.training.gan import GAN

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.training.family import Source


ZOOMS = (0.8, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2, 1.3)
LARGER = (1.6, 2.0, 2.5, 3.0)  # tried as well where the largest zoom or one of these is the best so far
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
        is: it doesn't blend images that it knows, all of it is trained, or other sizes are hardly nearer. Where known
        images are chosen anew there is "class_start" as well, in place of the one in `start`.
    """
    if not knows_images(source.model) or not run.settings.latent_selection_kimg:
        return {}
    begins, again = start.get("class_start", {}), {}
    if "known" in begins:
        zoom, chosen = choose_framed(source.model, begins["known"], images.image_set.images, run.reporter)
        if chosen != begins["known"]:
            again = {"class_start": {**begins, "known": chosen, "sentence": kept_sentence(source.model, chosen)}}
    elif images.labelled:
        zoom = _zoom_of_classes(source.model, begins, images, run.reporter)
    else:
        return {}
    if zoom == 1:
        return {}
    size = "larger" if zoom > 1 else "smaller"
    sentence = f"Things in the images are {size} than the source's, which are made {zoom:g} times as large."
    return {"framing": {"zoom": zoom, "sentence": sentence}, **again}


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
    """A GAN that generates enlarged images, or smaller ones on the ground that most of its images have.

    Args:
        gan: `GAN` whose generator is functional, and has a `BlendedCodes` where images become smaller.
        zoom: how many times as large things become, above 0.

    Returns:
        `GAN`, not compiled, that shares the layers of the trained networks with `gan`, frozen ones as well.
    """
    generator = with_framing(gan.generator, zoom, _ground(gan) if zoom < 1 else None)
    framed = GAN(generator, gan.discriminator, spec=gan.spec, name=gan.name)
    framed.ema_generator.set_weights(gan.ema_generator.get_weights())
    return framed


def choose_framed(
    gan: GAN, numbers: list[int], images: np.ndarray | LazyImages, reporter: Reporter
) -> tuple[float, list[int]]:
    """The zoom at which known images are nearest to some others, and the numbers of the known images to keep then.

    Above 1.3 these are chosen anew, by what is seen of each known image.

    Args:
        gan: `GAN` whose generator has a `BlendedCodes`.
        numbers: of the known images that are most like the others as they are.
        images: uint8 `[n, H, W, C]`, the others.
        reporter: told how far it is.

    Returns:
        (float, list of int): 1.0 and `numbers` where no other size is nearer.
    """
    shown = known_images(gan.ema_generator, numbers[:MOST])
    zoom = choose_zoom(shown, np.asarray(images[evenly(len(images), MOST)]), reporter)
    return zoom, choose_known(frame(gan, zoom), images, reporter) if zoom > MOST_BEHIND else numbers


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

    ground, tick, own = ground_of(known), reporter.counter("how large things are"), distance(known)
    distances: dict[float, float] = {}
    for number, zoom in enumerate((*ZOOMS, *LARGER), start=1):
        if zoom in LARGER and min(distances, key=distances.__getitem__) < ZOOMS[-1]:
            break
        distances[zoom] = distance(zoom_images(known, zoom, ground if zoom < 1 else None))
        tick(number, len(ZOOMS) + len(LARGER))
    best = min(distances, key=distances.__getitem__)
    return best if distances[best] < own - WORTH * abs(own) else 1.0


def _ground(gan: GAN) -> list[float] | None:
    """The ground of the images that a GAN knows, for each channel in [-1, 1]; None where they have no common one."""
    count = blend_layer(gan.ema_generator).num_images
    ground = ground_of(known_images(gan.ema_generator, evenly(count, MOST)))
    return None if ground is None else pixels.to_model_range(np.array(ground, np.uint8)).numpy().tolist()


def _zoom_of_classes(gan: GAN, begins: dict[str, Any], images: RunImages, reporter: Reporter) -> float:
    """`choose_zoom` for what a source draws of the classes that those of the images begin from, as many of each."""
    wanted = images.image_set.subset(evenly(len(images.image_set), MOST))
    names, every = wanted.class_names, gan.spec.every_class_name
    first = [row[0] for row in begins["from"]] if begins else [every.index(name) for name in names]
    counts = np.bincount(wanted.labels, minlength=len(names))
    drawn = [gan.generate(int(n), label=label) for n, label in zip(counts, first, strict=True) if n]
    return choose_zoom(np.concatenate(drawn), np.asarray(wanted.images), reporter)
