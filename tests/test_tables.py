import subprocess
import sys
from pathlib import Path

import pytest

from keras_transfer_gen import checks, protocols, tables

TABLES = [
    (tables.OBJECTIVES, protocols.Objective), (tables.PENALTIES, protocols.Penalty),
    (tables.AUGMENTS, protocols.Augment), (tables.LIKELIHOODS, protocols.Likelihood), (tables.PRIORS, protocols.Prior),
]  # fmt: skip


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_row_makes_an_object_of_its_kind(table, kind):
    made = [tables.resolve("x", name, table, kind) for name in table]
    assert made and all(isinstance(item, kind) for item in made)


def test_every_architecture_is_a_builder():
    rows = [*tables.ARCHITECTURES.values(), *tables.VAE_ARCHITECTURES.values()]
    assert all(callable(tables.load(row)) for row in rows)


def test_resolve_passes_objects_and_none():
    ready = tables.resolve("objective", "hinge", *TABLES[0])
    assert tables.resolve("objective", ready, *TABLES[0]) is ready
    assert tables.resolve("penalty", None, *TABLES[1]) is None
    assert tables.resolve("penalty", "none", *TABLES[1]) is None


def test_resolve_names_what_is_wrong():
    with pytest.raises(checks.UserError, match="`objective` must be one of .*Did you mean hinge"):
        tables.resolve("objective", "hinges", *TABLES[0])
    with pytest.raises(
        checks.UserError, match="`objective` must be an object of class Objective or one of 'non_saturating'"
    ):
        tables.resolve("objective", 3, *TABLES[0])


def test_name_that_needs_more_than_an_option_says_what():
    for ask in (
        lambda: tables.resolve("likelihood", "perceptual", *TABLES[3]),
        lambda: tables.check_key("likelihood", "perceptual", tables.LIKELIHOODS, "Set it with --likelihood."),
    ):
        with pytest.raises(checks.UserError, match=r"ktg.Perceptual\(features\) in Python") as caught:
            ask()
        assert "Did you mean" not in str(caught.value)
    assert tables.check_key("likelihood", "l1", tables.LIKELIHOODS) == "l1"
    with pytest.raises(checks.UserError, match="Did you mean bernoulli.*Set it"):
        tables.check_key("likelihood", "bernouli", tables.LIKELIHOODS, "Set it with --likelihood.")


def test_every_module_with_saved_classes_is_listed():
    root = Path(tables.__file__).parent
    marked = [
        path for path in root.rglob("*.py") if "@keras.saving.register_keras_serializable" in path.read_text("utf-8")
    ]
    names = {".".join((root.name, *path.relative_to(root).with_suffix("").parts)) for path in marked}
    assert set(tables.SERIALIZABLE) == names - {"keras_transfer_gen.metrics.feature_network"}  # never in a saved GAN


def test_checkpoint_is_loaded_by_a_process_that_imported_nothing_else(tmp_path):
    """In the process that made it every class is known; the fault showed only when a run was continued in a new one."""
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.training.checkpoint import save_checkpoint
    from keras_transfer_gen.training.gan import GAN

    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=4, min_channels=4))
    gan.compile(augment="diffaugment")
    path = save_checkpoint(gan, tmp_path, {})
    program = (
        "import sys; from keras_transfer_gen.training.checkpoint import load_checkpoint; "
        "gan, _ = load_checkpoint(sys.argv[1]); print('penalty', gan.penalty.gamma)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "penalty 2.0"
