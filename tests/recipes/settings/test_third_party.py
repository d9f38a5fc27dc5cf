from keras_transfer_gen.recipes.settings.fields import PANELS, settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.third_party import ThirdPartySettings
from keras_transfer_gen.transfer.saved_model.spec_overrides import SPEC_FIELDS


def test_every_fact_of_a_model_can_be_said_and_none_has_to_be():
    facts = settings_of(ThirdPartySettings)
    assert list(facts) == list(SPEC_FIELDS) and not any(fact.required for fact in facts.values())
    assert {fact.definition.panel for fact in facts.values()} == {PANELS[-1]}
    assert set(facts) <= set(settings_of(FineTuneSettings))
