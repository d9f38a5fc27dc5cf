import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.linear_probe import assign_folds, recognised_shares


def clusters(count, rng, shift=3.0):
    """Features of three classes that stand apart, and their labels."""
    labels = np.arange(count) % 3
    return rng.normal(size=(count, 8)) + shift * np.eye(3, 8)[labels] * 3, labels


def test_classes_that_stand_apart_are_recognised():
    rng = np.random.default_rng(0)
    (real, labels), (fake, asked) = clusters(90, rng), clusters(30, rng)
    of_real, of_fake = recognised_shares(real, labels, fake, asked)
    assert set(of_real) == {0, 1, 2} and min(of_real.values()) > 0.9 and min(of_fake.values()) > 0.9
    _, wrong = recognised_shares(real, labels, fake, (asked + 1) % 3)
    assert max(wrong.values()) < 0.1
    _, half = recognised_shares(real, labels, fake, np.where(np.arange(30) < 15, asked, (asked + 1) % 3))
    assert np.mean(list(half.values())) == pytest.approx(0.5, abs=0.1)


def test_noise_is_recognised_by_chance_alone():
    rng = np.random.default_rng(1)
    real, labels = rng.normal(size=(300, 40)), np.arange(300) % 3
    of_real, _ = recognised_shares(real, labels, real[:3], labels[:3])
    assert np.mean(list(of_real.values())) == pytest.approx(1 / 3, abs=0.09)


def test_copies_of_an_image_do_not_judge_each_other():
    rng = np.random.default_rng(2)
    single, classes = rng.normal(size=(60, 200)), np.arange(60) % 2
    real, labels, groups = np.repeat(single, 4, axis=0), np.repeat(classes, 4), np.repeat(np.arange(60), 4)
    apart, leaking = (recognised_shares(real, labels, real[:2], labels[:2], own)[0] for own in (groups, None))
    assert np.mean(list(apart.values())) < 0.65 and np.mean(list(leaking.values())) > 0.9


def test_folds_keep_groups_together_and_spread_classes():
    groups, labels = np.repeat(np.arange(40), 3), np.repeat(np.arange(40) % 2, 3)
    fold = assign_folds(labels, groups, 4)
    assert all(len(set(fold[groups == group])) == 1 for group in range(40))
    assert {int(np.sum((fold == number) & (labels == label))) for number in range(4) for label in (0, 1)} == {15}
    assert np.array_equal(fold, assign_folds(labels, groups, 4))
    assert not np.array_equal(fold, assign_folds(labels, groups, 4, seed=1))


def test_one_class_is_refused():
    with pytest.raises(checks.UserError, match="`real_labels` must be labels of at least 2 classes"):
        recognised_shares(np.zeros((4, 2)), [1] * 4, np.zeros((1, 2)), [1])


def test_groups_that_leave_a_probe_one_class_or_none_are_judged_too():
    features, labels = np.array([[0.0], [0.1], [1.0], [1.1]]), np.array([0, 0, 1, 1])
    assert recognised_shares(features, labels, features, labels, groups=np.array([0, 0, 1, 1]))[0] == {0: 0.0, 1: 0.0}
    assert recognised_shares(features, labels, features, labels, groups=np.zeros(4, int))[0] == {0: 0.0, 1: 0.0}
