from keras_transfer_gen.transfer.pickles import limits


def test_limits_leave_room_for_the_largest_networks():
    assert limits.OPCODES > 60_000 and limits.DEPTH > 20 and limits.TEXT > 100_000 and limits.DIGITS >= 10
    assert issubclass(limits.RefusedPickle, ValueError)
