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
    """Images whose number is in their pixels: uint8 `[count, 28, 28, 1]`."""
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
    image_set = read_array(numbered(count), Frame(28, 1), None, groups)
    return stream_images(image_set, batch_size, **options)


def test_load_images_gives_uint8_batches_of_one_kimg():
    images = load_images(numbered(10), 28, 1, batch_size=32)
    assert isinstance(images, ImageStream) and isinstance(images, tf.data.Dataset)
    assert images.element_spec == tf.TensorSpec((32, 28, 28, 1), tf.uint8)
    assert images.steps_per_epoch == 31 == int(images.cardinality()) == len(list(images))
    assert images.batch_size == 32 and len(images.image_set) == 10


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 1000), (3, 333), (64, 16), (500, 2), (3000, 1)])
def test_load_images_rounds_a_kimg_to_whole_batches(batch_size, steps):
    assert load_images(numbered(2), 28, 1, batch_size).steps_per_epoch == steps


@pytest.mark.parametrize(("count", "batch_size"), [(1, 4), (3, 25), (10, 4), (40, 25)])
def test_from_step_shows_each_image_once_in_every_pass(count, batch_size):
    shown = flat(listed(stream(count, batch_size).from_step(0).take(-(-4 * count // batch_size))))
    passes = [shown[first : first + count] for first in range(0, len(shown) - count + 1, count)]
    assert len(passes) >= 4 and all(sorted(order) == list(range(count)) for order in passes)
    if count > 3:
        assert len({tuple(order) for order in passes}) > 1


@pytest.mark.parametrize(
    "options", [{}, {"epoch": "pass"}, {"shuffle": False}, {"balance": 1.0, "groups": np.arange(10) % 3}]
)
def test_from_step_equals_skipping(options):
    first, second = stream(**options), stream(**options)
    whole = listed(first.from_step(0).take(20))
    for step in (0, 7):
        assert listed(second.from_step(step).take(20 - step)) == whole[step:]


def test_from_step_depends_on_the_seed():
    assert listed(stream(seed=0).from_step(0).take(5)) != listed(stream(seed=1).from_step(0).take(5))


def test_from_step_is_endless_and_far_steps_are_cheap():
    assert stream().from_step(0).cardinality() == tf.data.INFINITE_CARDINALITY
    assert len(numbers(next(iter(stream().from_step(10**12))))) == 4


def test_plain_iteration_has_another_order_each_time_and_the_same_ones_in_every_run():
    images, same = stream(30, 10, epoch="pass"), stream(30, 10, epoch="pass")
    epochs = [listed(images) for _ in range(3)]
    assert [listed(same) for _ in range(2)] == epochs[:2]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert all(sorted(flat(epoch)) == list(range(30)) for epoch in epochs)


def test_plain_iteration_of_a_kimg_wraps_around():
    shown = flat(listed(stream(10, 4)))
    assert len(shown) == 1000 and np.bincount(shown).tolist() == [100] * 10


def test_pass_epoch_shows_each_image_once_and_may_end_with_a_smaller_batch():
    images = stream(10, 4, epoch="pass")
    assert images.steps_per_epoch == 3 and images.element_spec.shape.as_list() == [None, 28, 28, 1]
    assert [len(batch) for batch in listed(images)] == [4, 4, 2]
    batches = listed(images.from_step(0).take(6))
    assert [len(batch) for batch in batches] == [4, 4, 2] * 2
    assert sorted(flat(batches[:3])) == sorted(flat(batches[3:])) == list(range(10)) and batches[:3] != batches[3:]
    assert [len(batch) for batch in listed(stream(3, 32, epoch="pass"))] == [3]


def test_shuffle_false_keeps_the_order():
    images = stream(10, 4, shuffle=False)
    assert flat(listed(images.from_step(0).take(5))) == [*range(10), *range(10)]
    assert listed(images)[0] == listed(images)[0] == [0, 1, 2, 3]
    turns = stream(5, 2, groups=np.array([0, 0, 0, 1, 1]), balance=1.0, shuffle=False)
    assert listed(turns.from_step(0).take(4)) == [[0, 3], [1, 4], [2, 3], [0, 4]]


def passes(images, size, count):
    """Numbers of the images of `count` passes of `size` images each, `[count, size]`; a batch holds all of them."""
    return np.array(numbers(next(iter(images.from_step(0))))).reshape(count, size)


def test_balance_draws_each_group_once_a_pass():
    groups = np.repeat([0, 1, 2, 3], [1, 2, 30, 7])
    shown = passes(stream(40, 1200, groups=groups, balance=1.0), 4, 300)
    assert (np.sort(groups[shown], axis=1) == [0, 1, 2, 3]).all()
    assert set(shown.ravel().tolist()) == set(range(40))  # every image has its turn
    of_two = shown[groups[shown] == 1]
    assert abs((of_two == 1).mean() - 0.5) < 0.1
    plain = np.bincount(groups[passes(stream(40, 1200), 40, 30)].ravel())
    assert plain[2] > 25 * plain[0]  # without balance most images come from the large folder
    assert [len(batch) for batch in listed(stream(40, 3, groups=groups, balance=1.0, epoch="pass"))] == [3, 1]


def test_half_a_balance_draws_the_root_of_each_group_once_a_pass():
    groups = np.repeat([0, 1, 2, 3], [1, 2, 30, 7])
    shown = passes(stream(40, 3000, groups=groups, balance=0.5), 10, 300)  # 1, 1, 5 and 3 of 1, 2, 30 and 7
    assert (np.sort(groups[shown], axis=1) == np.repeat([0, 1, 2, 3], [1, 1, 5, 3])).all()
    assert all(len(set(order)) == 10 for order in shown.tolist())  # no image twice in a pass
    assert set(shown.ravel().tolist()) == set(range(40))
    turns = stream(6, 3, groups=np.array([0, 0, 0, 0, 1, 1]), balance=0.5, shuffle=False)
    assert listed(turns.from_step(0).take(3)) == [[0, 1, 4], [2, 3, 5], [0, 1, 4]]


def test_labels_come_with_their_images():
    labels = np.arange(10) % 3
    images = stream_images(read_array(numbered(10), Frame(28, 1), labels), 4, labels=True)
    assert images.element_spec[1] == tf.TensorSpec((4,), tf.int32)
    for batch, batch_labels in images.from_step(0).take(5):
        assert batch_labels.numpy().tolist() == [number % 3 for number in numbers(batch)]


@pytest.mark.parametrize("options", [{}, {"epoch": "pass"}])
def test_mapped_images_give_the_same_batches(tmp_path, monkeypatch, options):
    np.save(tmp_path / "a.npy", numbered(50))
    in_memory = load_images(tmp_path / "a.npy", 28, 1, 8, **options)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    mapped = load_images(tmp_path / "a.npy", 28, 1, 8, **options)
    assert isinstance(mapped.image_set.images, np.memmap) and mapped.element_spec == in_memory.element_spec
    assert listed(mapped.from_step(3).take(9)) == listed(in_memory.from_step(3).take(9))


def test_batches_are_split_by_a_distribution_strategy(two_cpus):
    images = stream(10, 4)
    assert images.options().experimental_distribute.auto_shard_policy == tf.data.experimental.AutoShardPolicy.DATA
    shown = []
    for batch in two_cpus.experimental_distribute_dataset(images.from_step(0).take(3)):
        shown.append(flat(numbers(part) for part in two_cpus.experimental_local_results(batch)))
    assert shown == listed(images.from_step(0).take(3))


@pytest.mark.parametrize("limit", [2**30, 10])
def test_batches_come_fast(monkeypatch, limit):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", limit)
    batches = iter(load_images(np.zeros((100, 64, 64, 3), np.uint8), 64, 3, 32).from_step(0))
    next(batches)
    began = time.process_time()
    for _ in range(150):
        next(batches)
    assert 150 * 32 / (time.process_time() - began) > 10_000  # images for each second of one core


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1.*--batch-size"),
        ({"seed": -1}, "`seed` must be an integer of at least 0.*--seed"),
        ({"epoch": "kimgs"}, "`epoch` must be one of 'kimg', 'pass'.*Did you mean kimg"),
        ({"labels": True}, "`labels` must be left out or a file, as the images have no classes"),
        ({"balance": 1.0}, "`balance` must be 0, as all images are in one folder.*--balance"),
        ({"resize_mode": "squeeze"}, "`resize_mode` must be one of"),
        ({"background": "nocolour"}, "`background` must be a colour"),
    ],
)
def test_load_images_refuses_what_cannot_be(options, message):
    with pytest.raises(UserError, match=message):
        load_images(numbered(3), 28, 1, **options)


def test_from_step_refuses_a_negative_step():
    with pytest.raises(UserError, match="`step` must be an integer of at least 0"):
        stream().from_step(-1)
