from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.training.gan.family import GanFamily


def test_divergence_is_answered_with_the_weight_of_the_penalty():
    settings = PretrainSettings(data="photos", out="run", r1_gamma=0.5)
    assert GanFamily().divergence_steps(settings) == ["raise --r1-gamma (now 0.5)"]
    assert GanFamily().divergence_steps(PretrainSettings(data="photos", out="run", penalty="none")) == []


def test_both_optimizers_are_those_of_the_model(source_file):
    gan = load_gan(source_file)
    assert gan.list_optimizers() == [gan.g_optimizer, gan.d_optimizer]
