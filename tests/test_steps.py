import dataclasses

from keras_transfer_gen.steps import Step, VAEStep


def test_what_a_step_of_one_network_lacks_has_a_default():
    needed = [field.name for field in dataclasses.fields(Step) if field.default is dataclasses.MISSING]
    step = Step(**dict.fromkeys(set(needed) - {"drawn", "intermediates"}))
    assert step.real_inputs("x") == "x" and step.fake_inputs("x") == "x"
    assert (step.drawn, step.intermediates, step.fake_labels, step.source) == ({}, {}, None, None)


def test_step_of_a_vae_shows_labels_and_intermediates():
    step = VAEStep(None, "vae", 0, 0.0, "real", "mean", "log_var", "z", "images")
    assert (step.labels, step.intermediates, step.source) == (None, {}, None)
