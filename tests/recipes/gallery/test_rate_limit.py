import pytest

from keras_transfer_gen.recipes.gallery.rate_limit import MOST_CLIENTS, RateLimit


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_burst_goes_at_once_and_more_at_the_rate(clock):
    limit = RateLimit(rate=4, burst=3, clock=clock)
    assert [limit.take("a") for _ in range(5)] == [0, 0, 0, 0.25, 0.5]
    clock.now = 0.75  # the two that are owed, and one more
    assert [limit.take("a") for _ in range(2)] == [0, 0.25]
    clock.now = 100
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 0.25]


def test_refused_requests_take_nothing(clock):
    limit = RateLimit(rate=1, burst=1, clock=clock)
    assert [limit.take("a", spend=False) for _ in range(4)] == [0, 1, 1, 1]
    clock.now = 1
    assert limit.take("a", spend=False) == 0


def test_clients_have_buckets_of_their_own_and_old_ones_are_forgotten(clock):
    limit = RateLimit(rate=1, burst=1, clock=clock)
    assert limit.take("a") == 0 and limit.take("b") == 0 and limit.take("a") == 1
    for number in range(MOST_CLIENTS):
        limit.take(number)
    assert limit.take("a") == 0 and len(limit._buckets) == MOST_CLIENTS
