import pytest

from keras_transfer_gen import checks, protocols, tables

TABLES = [
    (tables.OBJECTIVES, protocols.Objective), (tables.PENALTIES, protocols.Penalty),
    (tables.AUGMENTS, protocols.Augment),
]  # fmt: skip


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_row_makes_an_object_of_its_kind(table, kind):
    made = [tables.resolve("x", name, table, kind) for name in table]
    assert made and all(isinstance(item, kind) for item in made)


def test_every_architecture_is_a_builder():
    assert all(callable(tables.load(row)) for row in tables.ARCHITECTURES.values())


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
