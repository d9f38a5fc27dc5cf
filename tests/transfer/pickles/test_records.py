from keras_transfer_gen.transfer.pickles.records import Call, Name, Reference


def test_records_are_compared_by_identity():
    """A comparison by content would walk through all that is in them."""
    assert Call("f", ()) != Call("f", ()) and Name("a") != Name("a") and Reference(()) != Reference(())
    call = Call("f", (1,))
    assert call == call and call.items == {} and call.items is not Call("f", ()).items
