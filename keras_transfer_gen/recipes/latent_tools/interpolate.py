"""From one image to another through the latent space, as a film."""

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation
from keras_transfer_gen.recipes.latent_tools.encode import check_file
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_image_file
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.training.latents import numbered_latents

FRAMES = 24
TURNS = 3  # drawn latents that a film without given ends passes, before it comes back


def interpolate(model, out=None, start=None, end=None, frames=FRAMES, seed=0, trust=False):
    """ImageSet on an arc of the latent space; with `out` also as a film (GIF).

    With two images: from the one to the other, by the means of their posteriors. With none: through a few latents
    drawn from the prior and back to the first, so that the film can run in a circle; the arc is then one of the noise
    behind the prior, every point of which the prior may draw.

    Args:
        model: `VAE`, or what `load_vae` takes.
        out: the .gif file; None writes none.
        start: path of the first image, or uint8 `[S, S, C]`.
        end: the same for the last.
        frames: images from one end to the next, both included; at least 2.
        seed: of drawn latents.
        trust: whether you vouch for a model from the web.

    Returns:
        uint8 `[F, S, S, C]`.

    Raises:
        UserError, UserFileError: where only one end is given, or something can't be read or written.
    """
    if (start is None) != (end is None):
        hint = "Give both --from and --to, or neither: then latents are drawn."
        raise checks.user_error("start and end", "both given, or neither", (start, end), hint)
    frames = checks.check_integer("frames", frames, least=2, next_step="Such as --frames 24.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with seed= or --seed.")
    out = None if out is None else check_file(out, ".gif", "Such as --out film.gif.")
    vae = open_vae(model, trust)
    if start is None:
        latents = _drawn(vae, frames, seed)
    else:
        ends = np.concatenate([_image(one, vae.spec, name) for one, name in ((start, "from"), (end, "to"))])
        z_mean, _ = vae.encode(ends)
        latents = spherical_interpolation(*z_mean, np.linspace(0.0, 1.0, frames))
    images = vae.decode(latents)
    if out is not None:
        held = {"last": sheets.FRAME_MILLISECONDS} if start is None else {}  # a circle never rests
        sheets.write_film(out, list(images), **held)
    return images


def _drawn(vae, frames, seed):
    corners = numbered_latents(range(TURNS), vae.spec.latent_dim, seed)
    shares = np.linspace(0.0, 1.0, frames)[:-1]
    arcs = [spherical_interpolation(corners[n], corners[(n + 1) % TURNS], shares) for n in range(TURNS)]
    return np.asarray(vae.prior(np.concatenate(arcs)))


def _image(given, spec, name):
    if not isinstance(given, np.ndarray):
        return read_image_file(given, spec, name)
    shape = (spec.image_size, spec.image_size, spec.channels)
    if given.shape != shape or given.dtype != np.uint8:
        raise checks.user_error(name, f"uint8 {list(shape)}", f"{given.dtype} {given.shape}")
    return given[None]
