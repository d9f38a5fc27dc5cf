"""How a fine-tune of blended codes begins: the generator keeps those of the images that it knows which are like yours.

Each image of yours votes for the known images that are nearest to it by features. Where few classes of the source win
these votes, as animals and nature do for a hundred animals, no images of other classes are kept. The ones kept are laid
out anew among the latents, by what they look like, and all are drawn equally often.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from keras_transfer_gen.maths.semi_discrete import fit_offsets, principal_points
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.blended.known import blend_layer, known_classes, known_images, with_known_images
from keras_transfer_gen.networks.class_rows import class_layers, takes_labels, with_classes, without_labels
from keras_transfer_gen.recipes.settings.defaults import FAR
from keras_transfer_gen.recipes.training.gan.freezing import STATISTICS
from keras_transfer_gen.training.gan import GAN

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.report.reporter import Reporter


SIDE = 128  # pixels that the feature network sees: enough to tell kinds of images, and three times as fast as 224
# What lies where is settled on the grids of codes; new images settle colours and strokes, the fine codes among them
# (without these, a later state of a run loses recall). Norms keep their statistics: those of batches from a part of the
# images would undo the choice.
FROZEN = (
    (STATISTICS, False),
    (r"generator/(blend/(?!fine_codes)|from_codes/|residual_\d+/).*", False),
)
FOR_EACH, LEAST, MOST = 6, 300, 2000  # images kept: for each of yours, and in all
CANDIDATES = 3  # times as many are looked at
ASKED = 1000  # of the images that vote, at most
# Of `order_by_kind`; DOUBT: images that are of classes by chance. SURE: share of the votes that keeps a class for good.
PASSES, DOUBT, LEAST_LIKELY, FEW, SURE = 3, 10, 0.5, 1 / 6, 0.1


def knows_images(gan: GAN) -> bool:
    """Whether a GAN blends images that it knows: these are chosen in place of latents, or stay where it has classes."""
    return blend_layer(gan.generator) is not None


def frozen_rules(distance: float) -> tuple[tuple[str, bool], ...]:
    """The rules of freezing while both networks learn: none for far images, which need other shapes as well.

    Args:
        distance: KID x 1000 of the images to the source's own.
    """
    return FROZEN if distance < FAR else ()


def choose_known(gan: GAN, images: np.ndarray | LazyImages, reporter: Reporter) -> list[int]:
    """Numbers of the known images that are most like some others, the most like first.

    Known images are taken in turn by each of the others, the nearest first: 6 for each of them, at least 300 and at
    most 2,000 in all. Where the others are of few classes (`order_by_kind`), no more than these have. Of those that
    differ less than the others do among themselves, as the same figure in several colours, one comes before the rest.

    Args:
        gan: `GAN` whose generator has a `BlendedCodes`.
        images: uint8 `[n, H, W, C]`; of more than 1,000 so many are asked.
        reporter: told how far it is.
    """
    network = load_feature_network(side=SIDE)
    wanted = extract_features(np.asarray(images[evenly(len(images), ASKED)]), network)
    known = extract_features(known_images(gan.ema_generator), network, progress=reporter.counter("known images"))
    return choose_by_features(wanted, known, known_classes(gan.ema_generator))


def choose_by_features(wanted: np.ndarray, known: np.ndarray, classes: np.ndarray) -> list[int]:
    """What `choose_known` chooses, from features.

    Args:
        wanted: float `[m, D]` of the others.
        known: float `[n, D]` of the known images.
        classes: int `[n]` of the known images.
    """
    ranks = np.argsort(np.argsort(euclidean_distances(wanted, known), axis=1), axis=1).min(axis=0)
    order = order_by_kind(ranks, classes, len(wanted))
    count = int(np.clip(FOR_EACH * len(wanted), LEAST, MOST))
    return _different(order[: CANDIDATES * count], known, least_difference(wanted))[:count]


def kept_sentence(gan: GAN, numbers: list[int]) -> str:
    """What a run says of its choice: how many known images are kept, and which classes have a tenth of them or more."""
    sentence = f"The source keeps the {len(numbers)} images that it knows which are most like yours"
    if gan.spec.num_classes < 2:
        return f"{sentence}."
    counts = _class_sums(gan, numbers)
    many = [number for number in np.argsort(-counts, kind="stable") if 10 * counts[number] >= len(numbers)]
    listed = ", ".join(f"{gan.spec.class_name(number)} {counts[number]:.0f}" for number in many)
    return f"{sentence}. Largest classes: {listed}." if many else f"{sentence}."


def order_by_kind(ranks: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Numbers of known images, the best first, those of the classes alone that some images are of.

    A class counts by how often it is among the first known images, over how often it would be by chance. Ranks are
    divided by this, which gives a new order, three times. Classes with less than half of their chance are left out, but
    for those that began with a tenth of the images and twice their chance, as faces of another style do. Where more
    than a sixth of all known images is left, the images are of many kinds: the order is that of the ranks.

    Args:
        ranks: int `[n]`, of each known image the best of its ranks as a neighbour, from 0 on.
        classes: int `[n]`, its class.
        count: how many images are to be matched.
    """
    by_rank, chance = np.argsort(ranks, kind="stable"), np.bincount(classes) / len(classes)
    order, least = by_rank, None
    for _ in range(PASSES):
        first = np.bincount(classes[order[:count]], minlength=len(chance))
        likely = (first + DOUBT * chance) / ((count + DOUBT) * np.maximum(chance, 1e-9))
        if least is None:
            least = np.where((first >= SURE * count) & (likely >= 2), likely, 0.0)
        likely = np.maximum(likely, least)
        mine = np.flatnonzero(likely[classes] >= LEAST_LIKELY)
        order = mine[np.argsort((ranks[mine] + 1) / likely[classes[mine]], kind="stable")]
    return order if len(order) <= FEW * len(ranks) else by_rank


def least_difference(features: np.ndarray) -> float:
    """How far apart images are at least, but for a tenth of them: distance to the nearest other one; 0.0 of a single.

    Args:
        features: float `[n, D]`.
    """
    if len(features) < 2:
        return 0.0
    distances = euclidean_distances(features, features) + np.diag(np.full(len(features), np.inf))
    return float(np.percentile(distances.min(axis=1), 10))


def _different(order: np.ndarray, features: np.ndarray, least: float) -> list[int]:
    """Numbers in their order, those at the end that are nearer than `least` to one before them."""
    kept, others = [int(order[0])], []
    for number in order[1:]:
        nearest = euclidean_distances(features[number : number + 1], features[kept]).min()
        (kept if nearest >= least else others).append(int(number))
    return [*kept, *others]


def keep_known(gan: GAN, numbers: list[int], seed: int = 0) -> GAN:
    """A GAN without classes that knows some of the images that another knows.

    Args:
        gan: `GAN` whose generator has a `BlendedCodes`.
        numbers: of the images to keep.
        seed: of the offsets.

    Returns:
        `GAN`, not compiled, everything trainable. The row of a class in the discriminator becomes the mean of the old
        ones, weighted by how many of its images are kept.
    """
    shown = known_images(gan.ema_generator, numbers)
    points = layout(extract_features(shown, load_feature_network(side=SIDE)), gan.spec.latent_dim)
    offsets = fit_offsets(points, seed)
    generator = with_known_images(gan.generator, numbers, points, offsets)
    discriminator = gan.discriminator
    if class_layers(discriminator):
        shares = _class_sums(gan, numbers)
        discriminator = with_classes(discriminator, (shares / shares.sum())[np.newaxis])
    if takes_labels(discriminator):
        discriminator = without_labels(discriminator)
    spec = dataclasses.replace(gan.spec, num_classes=0, class_names=(), class_shares=())
    kept = GAN(generator, discriminator, spec=spec, name=gan.name)
    averaged = with_known_images(gan.ema_generator, numbers, points, offsets)
    kept.ema_generator.set_weights(averaged.get_weights())
    return kept


def _class_sums(gan: GAN, numbers: list[int]) -> np.ndarray:
    """How many of some known images are of each class, float `[num_classes]`."""
    return blend_layer(gan.ema_generator).classes.numpy()[:, numbers].sum(axis=1)


def evenly(count: int, most: int) -> np.ndarray:
    """At most `most` numbers below `count`, evenly spread: int `[n]`."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)


def layout(features: np.ndarray, latent_dim: int) -> np.ndarray:
    """Points for images, float32 `[n, latent_dim]`, near for those that look alike; of mean square length 1.

    They are exact in float16, as `BlendedCodes` keeps them.

    Args:
        features: float `[n, D]`, at least two different rows.
        latent_dim: length of a latent vector; directions that there are not are zero.
    """
    return principal_points(features, latent_dim).astype(np.float16).astype(np.float32)
