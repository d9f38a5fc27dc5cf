from keras_transfer_gen.saved_model_layout import CARD_FILE, PARTS, SPEC_FILE, is_saved_model


def test_saved_model_is_told_by_its_graph_in_the_folder_itself(tmp_path):
    for name in ("saved_model.pb", "saved_model.pbtxt"):
        version = tmp_path / name / "1"
        version.mkdir(parents=True)
        (version / name).write_text("graph")
        assert is_saved_model(version) and is_saved_model(str(version))
        assert not is_saved_model(version.parent)
    assert not is_saved_model(tmp_path / "missing")


def test_what_an_export_adds_lies_among_the_parts_of_a_saved_model():
    assert {SPEC_FILE.split("/")[0], CARD_FILE.split("/")[0]} <= PARTS
