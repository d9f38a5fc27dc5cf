import pytest

from keras_transfer_gen import protocols


@pytest.mark.parametrize("name", ["Objective", "Augment", "Penalty", "Regularizer", "Likelihood", "Prior"])
def test_protocol_cannot_be_made_itself(name):
    with pytest.raises(TypeError, match="abstract"):
        getattr(protocols, name)()


def test_layers_count_as_built_so_that_keras_does_not_run_the_model_to_build_them():
    class Still(protocols.Regularizer):
        def losses(self, step):
            return {}

    assert Still().built and Still().attach(None) is None and Still().after_step(None) is None
