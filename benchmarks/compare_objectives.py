"""Which objective, and is R1 worth its time? Fine-tuning with each for the same training time.

    python benchmarks/compare_objectives.py --source noto_gan_64 --data DIR --reference DIR --seconds 40 --out DIR

Two objectives x R1 on or off x seeds; each run begins with latent selection, as `ktg finetune` does for near
images, and then trains for the same time, its first (traced) step left out. The time is that of the processor in
this process, which other work on the machine does not change: with `OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1` it is
the wall-clock time of a machine with nothing else to do. Scores: KID x 1000 of 500 generated images against the
reference. Finished runs are kept and not repeated. Writes `objectives.json` and `objectives.md` into --out.
"""

import argparse
import time
from pathlib import Path

import keras
from made_by import made_by
from result_tables import objectives_table

from keras_transfer_gen import files
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.defaults import FINETUNE_LEARNING_RATE, R1_GAMMA
from keras_transfer_gen.recipes.training.gan.latent_selection import select_latents
from keras_transfer_gen.training.precision import choose_precision, set_precision

OBJECTIVES, PENALTIES = ("non_saturating", "hinge"), ("r1", "none")


class Deadline(keras.callbacks.Callback):
    """Stops a fit some seconds of processor time after its first step."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.start = seconds, None

    def on_train_batch_end(self, batch, logs=None):
        self.start = self.start or time.process_time()
        self.model.stop_training = time.process_time() - self.start >= self.seconds


def run(options, objective, penalty, seed, image_set, reference, precision):
    """One training; {"kid", "std", "kimg"}."""
    path = Path(options.out) / "runs" / f"{objective}-{penalty}-seed{seed}-{options.seconds:g}s.json"
    if path.is_file():
        return files.read_json(path)
    keras.utils.set_random_seed(seed)
    gan = load_gan(options.source)
    gan.generator.set_weights(gan.ema_generator.get_weights())
    gan.step.assign(0)
    gan.images_seen.assign(0)
    adam = {"learning_rate": options.learning_rate, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
    gan.compile(
        objective=objective,
        penalty=R1(R1_GAMMA) if penalty == "r1" else None,
        augment="diffaugment",
        seed=seed,
        g_optimizer=keras.optimizers.Adam(**adam),
        d_optimizer=keras.optimizers.Adam(**adam),
    )
    stream = stream_images(image_set, options.batch_size, seed=seed)
    gan = select_latents(gan, stream, seed=seed)
    for network in gan.roles.values():
        set_precision(network, precision)
    gan.fit(stream, epochs=10**6, verbose=0, callbacks=[Deadline(options.seconds)])
    score = kid_protocol.score_model(gan, reference)
    result = {"kid": score["value"], "std": score["std"], "kimg": gan.kimg}
    files.write_json(path, result)
    print(objective, penalty, seed, result, flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="model to start from")
    parser.add_argument("--data", required=True, help="training images")
    parser.add_argument("--reference", required=True, help="images to score against")
    parser.add_argument("--seconds", type=float, default=40.0, help="training time of each run, of the processor")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=FINETUNE_LEARNING_RATE)
    parser.add_argument("--out", required=True, help="folder of the results")
    options = parser.parse_args()
    source = load_gan(options.source)
    image_set = read_images(options.data, source.spec.image_size, source.spec.channels)
    real = read_images(options.reference, source.spec.image_size, source.spec.channels).images
    reference = kid_protocol.make_reference(real, options.reference)
    precision, _ = choose_precision("auto", source.generator, options.batch_size)
    shared = (image_set, reference, precision)
    runs = {
        f"{objective}, {penalty}": [run(options, objective, penalty, seed, *shared) for seed in range(options.seeds)]
        for objective in OBJECTIVES
        for penalty in PENALTIES
    }
    result = {
        **made_by("compare_objectives.py", options),
        "seconds": options.seconds, "precision": precision, "runs": runs,
    }  # fmt: skip
    files.write_json(Path(options.out) / "objectives.json", result)
    files.write_text(Path(options.out) / "objectives.md", objectives_table(result))
    print(objectives_table(result))


if __name__ == "__main__":
    main()
