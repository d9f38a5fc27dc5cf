import time

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data import cache
from keras_transfer_gen.data.arrays import read_array
from keras_transfer_gen.data.batches import load_images, stream_images
from keras_transfer_gen.data.decode import Frame
from keras_transfer_gen.streams import ImageStream


def numbered(count):
    """ImageSet whose number is in their pixels."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(count) % 256, np.arange(count) // 256
    return images


def numbers(batch):
    marks = batch[:, 0, :2, 0].numpy().astype(int)
    return (marks @ [1, 256]).tolist()


def listed(dataset):
    return [numbers(batch) for batch in dataset]


def flat(batches):
    return [number for batch in batches for number in batch]


def stream(count=10, batch_size=4, groups=None, **options):
    sample_images = read_array(numbered(count), Frame(28, 1), None, groups)
    return stream_images(sample_images, batch_size, **options)


def test_load_images_gives_uint8_batches_of_one_kimg():
    images = load_images(numbered(10), 28, 1, batch_size=32)
    assert isinstance(images, ImageStream) and isinstance(images, tf.data.Dataset)
    assert images.element_spec == tf.TensorSpec((32, 28, 28, 1), tf.uint8)
    assert images.steps_per_epoch == 31 == int(images.cardinality()) == len(list(images))
    assert images.batch_size == 32 and len(images.image_set) == 10


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 1000), (3, 333), (64, 16), (500, 2), (3000, 1)])
def test_load_images_rounds_a_kimg_to_whole_batches(batch_size, steps):
    assert load_images(numbered(2), 28, 1, batch_size).steps_per_epoch == steps


@pytest.mark.parametrize("count", [1, 3, 10, 40])
@pytest.mark.parametrize("batch_size", [4, 25])
def test_from_step_shows_each_image_once_in_every_pass(count, batch_size):
    found = flat(listed(stream(count, batch_size).from_step(0).take(6 * count)))
    passes = [found[first : first + count] for first in range(0, len(found) - count + 1, count)]
    assert all(sorted(one) == list(range(count)) for one in passes)
    if count > 3:
        assert len({tuple(one) for one in passes}) > 1


@pytest.mark.parametrize(
    "options", [{}, {"epoch": "pass"}, {"shuffle": False}, {"balance": 1.0, "groups": np.arange(10) % 3}]
)
def test_from_step_equals_skipping(options):
    one, two = stream(**options), stream(**options)
    whole = listed(one.from_step(0).take(20))
    for step in (1, 2, 7, 19):
        assert listed(two.from_step(step).take(20 - step)) == whole[step:]
    assert listed(two.from_step(0).take(20)) == whole


def test_from_step_depends_on_the_seed():
    assert listed(stream(seed=0).from_step(0).take(5)) != listed(stream(seed=1).from_step(0).take(5))


def test_from_step_is_endless_and_far_steps_are_cheap():
    assert stream().from_step(0).cardinality() == tf.data.INFINITE_CARDINALITY
    assert len(numbers(next(iter(stream().from_step(10**12))))) == 4


def test_plain_iteration_has_another_order_each_time_and_the_same_ones_in_every_run():
    one, two = stream(30, 10, epoch="pass"), stream(30, 10, epoch="pass")
    first = [listed(one) for _ in range(3)]
    assert [listed(two) for _ in range(3)] == first
    assert first[0] != first[1] != first[2] != first[0]
    assert all(sorted(flat(epoch)) == list(range(30)) for epoch in first)


def test_plain_iteration_of_a_kimg_wraps_around():
    found = flat(listed(stream(10, 4)))
    assert len(found) == 1000 and np.bincount(found).tolist() == [100] * 10


def test_pass_epoch_shows_each_image_once_and_may_end_with_a_smaller_batch():
    images = stream(10, 4, epoch="pass")
    assert images.steps_per_epoch == 3 and images.element_spec.shape.as_list() == [None, 28, 28, 1]
    assert [len(batch) for batch in listed(images)] == [4, 4, 2]
    found = listed(images.from_step(0).take(6))
    assert [len(batch) for batch in found] == [4, 4, 2] * 2
    assert sorted(flat(found[:3])) == sorted(flat(found[3:])) == list(range(10)) and found[:3] != found[3:]
    assert [len(batch) for batch in listed(stream(3, 32, epoch="pass"))] == [3]


def test_shuffle_false_keeps_the_order():
    images = stream(10, 4, shuffle=False)
    assert flat(listed(images.from_step(0).take(5))) == [*range(10), *range(10)]
    assert listed(images)[0] == listed(images)[0] == [0, 1, 2, 3]
    turns = stream(5, 2, groups=np.array([0, 0, 0, 1, 1]), balance=1.0, shuffle=False)
    assert listed(turns.from_step(0).take(4)) == [[0, 3], [1, 4], [2, 3], [0, 4]]


def test_balance_draws_each_group_once_a_pass():
    groups = np.repeat([0, 1, 2, 3], [1, 2, 30, 7])
    images = stream(40, 4, groups=groups, balance=1.0)
    found = np.array(listed(images.from_step(0).take(300)))
    assert (np.sort(groups[found], axis=1) == [0, 1, 2, 3]).all()
    assert set(found.ravel().tolist()) == set(range(40))  # every image has its turn
    of_two = found[groups[found] == 1]
    assert abs((of_two == 1).mean() - 0.5) < 0.1
    plain = np.bincount(groups[np.array(listed(stream(40, 4).from_step(0).take(300)))].ravel())
    assert plain[2] > 25 * plain[0]  # without balance the large folder rules
    assert [len(batch) for batch in listed(stream(40, 3, groups=groups, balance=1.0, epoch="pass"))] == [3, 1]


def test_half_a_balance_draws_the_root_of_each_group_once_a_pass():
    groups = np.repeat([0, 1, 2, 3], [1, 2, 30, 7])
    images = stream(40, 10, groups=groups, balance=0.5)
    found = np.array(listed(images.from_step(0).take(300)))  # 1, 1, 5 and 3 of 1, 2, 30 and 7
    assert (np.sort(groups[found], axis=1) == np.repeat([0, 1, 2, 3], [1, 1, 5, 3])).all()
    assert all(len(set(batch)) == 10 for batch in found.tolist())  # no image twice in a pass
    assert set(found.ravel().tolist()) == set(range(40))
    turns = stream(6, 3, groups=np.array([0, 0, 0, 0, 1, 1]), balance=0.5, shuffle=False)
    assert listed(turns.from_step(0).take(3)) == [[0, 1, 4], [2, 3, 5], [0, 1, 4]]


def test_labels_come_with_their_images():
    labels = np.arange(10) % 3
    images = stream_images(read_array(numbered(10), Frame(28, 1), labels), 4, labels=True)
    assert images.element_spec[1] == tf.TensorSpec((4,), tf.int32)
    for batch, found in images.from_step(0).take(5):
        assert found.numpy().tolist() == [number % 3 for number in numbers(batch)]


@pytest.mark.parametrize("options", [{}, {"epoch": "pass"}])
def test_mapped_images_give_the_same_batches(tmp_path, monkeypatch, options):
    np.save(tmp_path / "a.npy", numbered(50))
    held = load_images(tmp_path / "a.npy", 28, 1, 8, **options)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    mapped = load_images(tmp_path / "a.npy", 28, 1, 8, **options)
    assert isinstance(mapped.image_set.images, np.memmap) and mapped.element_spec == held.element_spec
    assert listed(mapped.from_step(3).take(9)) == listed(held.from_step(3).take(9))


def test_batches_survive_a_distribution_strategy():
    devices = [device.name for device in tf.config.list_logical_devices("CPU")]
    strategy = tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
    images = stream(10, 4)
    assert images.options().experimental_distribute.auto_shard_policy == tf.data.experimental.AutoShardPolicy.DATA
    shown = []
    for batch in strategy.experimental_distribute_dataset(images.from_step(0).take(3)):
        shown.append(flat(numbers(part) for part in strategy.experimental_local_results(batch)))
    assert shown == listed(images.from_step(0).take(3))


@pytest.mark.parametrize(("count", "limit"), [(2, 2**30), (100, 2**30), (100, 10)])
def test_batches_come_fast(monkeypatch, count, limit):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", limit)
    batches = iter(load_images(np.zeros((count, 64, 64, 3), np.uint8), 64, 3, 32).from_step(0))
    next(batches)
    began = time.process_time()
    for _ in range(300):
        next(batches)
    assert 300 * 32 / (time.process_time() - began) > 10_000  # images for each second of one core


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1.*--batch-size"),
        ({"seed": -1}, "`seed` must be an integer of at least 0.*--seed"),
        ({"epoch": "kimgs"}, "`epoch` must be one of 'kimg', 'pass'.*Did you mean kimg"),
        ({"labels": True}, "`labels` must be False, as the images have no classes"),
        ({"balance": 1.0}, "`balance` must be 0, as all images lie in one folder.*--balance"),
        ({"fit": "squeeze"}, "`fit` must be one of"),
        ({"background": "nocolour"}, "`background` must be a colour"),
    ],
)
def test_load_images_refuses_what_cannot_be(options, said):
    with pytest.raises(UserError, match=said):
        load_images(numbered(3), 28, 1, **options)


def test_from_step_refuses_a_negative_step():
    with pytest.raises(UserError, match="`step` must be an integer of at least 0"):
        stream().from_step(-1)
