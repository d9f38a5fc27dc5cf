import keras
import pytest

from keras_transfer_gen import checks, protocols, tables
from keras_transfer_gen.architectures import Architecture
from keras_transfer_gen.entry_text import arguments_of
from keras_transfer_gen.networks.dcgan.entries import DCGAN
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.specs import ModelSpec

TABLES = [
    (tables.OBJECTIVES, protocols.Objective), (tables.PENALTIES, protocols.Penalty),
    (tables.AUGMENTS, protocols.Augment), (tables.LIKELIHOODS, protocols.Likelihood), (tables.PRIORS, protocols.Prior),
    (tables.REGULARIZERS, protocols.Regularizer),
]  # fmt: skip


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_row_makes_an_object_of_its_kind(table, kind):
    objects = [tables.resolve("x", name, table) for name in table]
    assert objects and all(isinstance(item, kind) for item in objects)


@pytest.mark.parametrize("table", [table for table, _ in TABLES])
def test_help_of_every_row_names_the_arguments(table):
    for name, row in table.items():
        listed = row.help.partition("arguments: ")[2]
        known = [key for key in arguments_of(tables.load(row)) if key != "latent_dim"]
        assert listed.split(", ") == known if known else not listed, name
    assert list(table.helps()) == list(table) and all(table.helps().values())


def test_every_architecture_is_an_entry():
    entries = [tables.load(row) for row in tables.ARCHITECTURES.values()]
    assert all(isinstance(entry, Architecture) for entry in entries)


def test_architecture_is_resolved_with_its_options():
    name, entry, options = tables.resolve_architecture("dcgan:max_channels=64", "gan")
    assert (name, entry, options["max_channels"], options["group_size"]) == ("dcgan", DCGAN, 64, 0)
    with pytest.raises(checks.UserError, match="`arch` must be one of 'dcgan', .*'stylegan2'. Received.*'conv_vae'"):
        tables.resolve_architecture("conv_vae", "gan")
    with pytest.raises(checks.UserError, match="arguments that it has: max_channels, min_channels, group_size"):
        tables.resolve_architecture("dcgan:depth=3", "gan")
    third_party = ModelSpec(image_size=32, channels=3, latent_dim=4, arch="theirs")
    assert tables.architecture_of(third_party) is None


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


def test_text_with_arguments_is_an_object():
    penalty = tables.resolve("penalty", "r1:gamma=0.5,interval=4", tables.PENALTIES)
    assert isinstance(penalty, R1) and (penalty.gamma, penalty.interval) == (0.5, 4)
    with pytest.raises(checks.UserError, match="`penalty` must be r1 with arguments that it has: gamma, interval"):
        tables.resolve("penalty", "r1:gama=1", tables.PENALTIES)
    with pytest.raises(checks.UserError, match="`penalty` must be one of 'r1'"):
        tables.resolve("penalty", "r2:gamma=1", tables.PENALTIES)


def test_entry_is_checked_without_making_it():
    assert tables.check_entry("penalty", "r1", tables.PENALTIES) == ("r1", {})
    assert tables.check_entry("penalty", "r1:gamma=0.5", tables.PENALTIES) == ("r1", {"gamma": 0.5})
    with pytest.raises(checks.UserError, match="`penalty` must be one of 'r1'.*Set it with --penalty."):
        tables.check_entry("penalty", "r2", tables.PENALTIES, "Set it with --penalty.")


@pytest.fixture
def penalties():
    """A table of its own, so that nothing is left in the shared one."""
    return tables.Table("penalty", "keras_transfer_gen.protocols:Penalty", {"r1": (R1, "")})


class Zero(protocols.Penalty):
    """Costs nothing.

    Args:
        weight: unused.
    """

    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def losses(self, step):
        return {}


def test_registered_class_is_resolved_by_name_and_known_to_keras(penalties):
    assert penalties.register("zero", Zero) is Zero
    assert penalties["zero"].help == "Costs nothing."
    assert tables.resolve("penalty", "zero:weight=3", penalties).weight == 3
    assert keras.saving.get_registered_object(keras.saving.get_registered_name(Zero)) is Zero
    penalties.register("later", "keras_transfer_gen.objectives.penalties:R1", "a help line")
    assert isinstance(tables.resolve("penalty", "later", penalties), R1) and penalties["later"].help == "a help line"


def test_registering_again_replaces_the_same_class_alone(penalties):
    penalties.register("zero", Zero)
    penalties.register("zero", Zero)
    again = type("Zero", (Zero,), {"__module__": Zero.__module__, "__qualname__": Zero.__qualname__})
    penalties.register("zero", again)
    assert penalties["zero"].target is again
    with pytest.raises(checks.UserError, match="`name` must be a name that is not taken.*Choose another"):
        penalties.register("r1", Zero)


@pytest.mark.parametrize("name", ["none", "two words", "a:b=1", "", 3])
def test_names_that_no_option_could_give_are_refused(penalties, name):
    with pytest.raises(checks.UserError, match="`name` must be"):
        penalties.register(name, Zero)


def test_entries_of_another_kind_are_refused(penalties):
    for entry in (protocols.Augment, 3):
        with pytest.raises(checks.UserError, match="`entry` must be a subclass of Penalty"):
            penalties.register("other", entry)


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
