import json

import keras

from keras_transfer_gen.transfer.freezing.trainable_report import Row, TrainableReport, trainable_report
from keras_transfer_gen.transfer.provenance import note_source
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from keras_transfer_gen.transfer.weights.matching import load_matching_weights
from tests.saved_model_fixtures import folder_of


def small_model():
    inputs = keras.Input((3,))
    x = keras.layers.Dense(1000, name="hidden")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(x))


def test_rows_and_totals_equal_what_keras_counts():
    model = small_model()
    model.get_layer("logits").trainable = False
    report = trainable_report(model)
    assert report.rows[0] == Row("hidden/kernel", (3, 1000), 3000, True)
    assert report.parameters == model.count_params() == 10002
    assert report.trainable_parameters == sum(v.numpy().size for v in model.trainable_variables) == 6000
    assert {row.path for row in report.rows if not row.trainable} == {
        "norm/moving_mean", "norm/moving_variance", "logits/kernel", "logits/bias",
    }  # fmt: skip


def test_text_is_an_aligned_table_with_totals():
    report = TrainableReport((Row("a/kernel", (3, 1000), 3000, True, "cats/1"), Row("b/strength", (), 1, False)))
    assert str(report) == (
        "path           shape  parameters  trainable  source\n"
        "a/kernel    3 x 1000       3,000  yes        cats/1\n"
        "b/strength    scalar           1  no         new\n"
        "3,000 of 3,001 parameters are trainable (100.0%)"
    )
    assert repr(report) == str(report)


def test_to_dict_is_json_with_every_row():
    report = trainable_report(small_model())
    read = json.loads(json.dumps(report.to_dict()))
    assert read["parameters"] == report.parameters
    row = {"path": "hidden/bias", "shape": [1000], "parameters": 1000, "trainable": True, "source": "new"}
    assert read["rows"][1] == row


def test_html_is_a_table_and_escapes_names():
    text = TrainableReport((Row("a<b", (1,), 1, True),))._repr_html_()
    assert text.startswith("<table>") and "a&lt;b" in text and "1 of 1 parameters" in text


def test_model_without_weights_gives_an_empty_table():
    report = trainable_report(keras.layers.Flatten())
    assert report.rows == () and str(report).endswith("0 of 0 parameters are trainable (0.0%)")


def test_source_is_told_of_each_variable():
    model = small_model()
    note_source(model, "noto_gan_64")
    load_matching_weights(model, {"logits/bias": [1.0, 2.0]}, skip=[".*"])
    layer = SavedModelLayer(folder_of("tf1"), name="made")
    inputs = keras.Input((6,))
    whole = keras.Model(inputs, model(keras.layers.Dense(3, name="fresh")(layer(inputs))))
    found = {row.path: row.source for row in trainable_report(whole).rows}
    assert found["fresh/kernel"] == "new" and found["made/generator/conv_1/w"] == "model"
    assert {name.split("/", 1)[1]: source for name, source in found.items() if "functional" in name} == {
        **{row.path: "noto_gan_64" for row in trainable_report(model).rows}, "logits/bias": "memory",
    }  # fmt: skip
    assert {row.source for row in trainable_report(SavedModelLayer(layer.loaded, name="again")).rows} == {"memory"}
