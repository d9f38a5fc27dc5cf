from keras_transfer_gen.networks.heads import feature_heads
from keras_transfer_gen.recipes.settings import defaults


def test_far_is_beyond_near_and_everything_grows_with_the_distance():
    assert 0 < defaults.NEAR < defaults.FAR
    assert 1 < defaults.NEAR_RATIO < defaults.FAR_RATIO
    assert 0 < defaults.NEAR_FEATURE_WEIGHT < defaults.FAR_FEATURE_WEIGHT < 1


def test_feature_weight_of_near_images_is_that_of_the_networks():
    assert feature_heads.FEATURE_WEIGHT == defaults.NEAR_FEATURE_WEIGHT
