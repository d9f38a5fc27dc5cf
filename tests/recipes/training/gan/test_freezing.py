import dataclasses

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.gan.freezing import freeze_source


def test_frozen_discriminator_is_a_choice_that_is_told(source_file, tmp_path, scripted):
    rules = ("discriminator/.*=false",)
    settings = FineTuneSettings(data="photos", source=source_file, out=tmp_path / "run", freeze=rules)
    reporter, source = scripted(), load_gan(source_file)
    freeze_source(source, settings, reporter)
    assert not source.discriminator.trainable_variables and source.generator.trainable_variables
    assert [line.split(":")[0] for line in reporter.lines] == ["All discriminator weights are frozen"]
    freeze_source(source, dataclasses.replace(settings, freeze=()), reporter)
    assert source.discriminator.trainable_variables and len(reporter.lines) == 1
