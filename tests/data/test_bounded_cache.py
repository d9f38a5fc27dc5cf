import numpy as np

from keras_transfer_gen.data.bounded_cache import BoundedCache

SHAPE = (2, 2, 1)


def record(number):
    return np.full(SHAPE, number, np.uint8)


def cache_of(folder, records):
    return BoundedCache(folder, SHAPE, records * 4 / 1e9)


def test_records_come_back_in_another_process_as_they_were(tmp_path):
    cache = cache_of(tmp_path, 5)
    for number in (1, 2, 3):
        cache.put(number, record(number))
    assert cache.capacity == 5 and len(cache) == 3 and cache.get(9) is None
    again = cache_of(tmp_path, 5)  # the first one was never closed: as after a kill
    for number in (1, 2, 3):
        np.testing.assert_array_equal(again.get(number), record(number))


def test_least_recently_used_record_goes_first(tmp_path):
    cache = cache_of(tmp_path, 3)
    for number in (1, 2, 3):
        cache.put(number, record(number))
    cache.get(1)
    again = cache_of(tmp_path, 3)  # what was used when is kept as well
    again.put(4, record(4))
    assert again.get(2) is None and len(again) == 3
    for number in (1, 3, 4):
        np.testing.assert_array_equal(again.get(number), record(number))


def test_size_is_bounded_and_at_least_one_record(tmp_path):
    cache = cache_of(tmp_path, 0)
    assert cache.capacity == 1
    for number in range(1, 50):
        cache.put(number, record(number))
    assert len(cache) == 1 and cache.get(49) is not None
    assert (tmp_path / "pixels.u8").stat().st_size == 4


def test_damaged_record_counts_as_missing_and_its_place_is_used_again(tmp_path):
    cache = cache_of(tmp_path, 2)
    cache.put(1, record(1))
    cache._pixels[cache._slots[1]] = 7
    assert cache.get(1) is None and len(cache) == 0
    cache.put(1, record(1))
    np.testing.assert_array_equal(cache.get(1), record(1))


def test_cache_of_another_size_begins_anew(tmp_path):
    cache_of(tmp_path, 2).put(1, record(1))
    assert len(cache_of(tmp_path, 3)) == 0
