from types import SimpleNamespace

from keras_transfer_gen.recipes.training.lineage import adapted_from, trained_on

SETTINGS = SimpleNamespace(source="noto_gan_64", data="photos")


def test_origin_is_told_with_that_of_the_source():
    assert adapted_from(SETTINGS, "") == "Adapted from noto_gan_64 on photos."
    assert adapted_from(SETTINGS, "Noto.") == "Adapted from noto_gan_64 on photos. The source: Noto."
    assert trained_on(SETTINGS) == "Trained from nothing on photos."
