import pytest

from keras_transfer_gen.recipes.report.view_scores import view_header, view_rows, view_sentences

SCORE = {
    "value": 12.3, "std": 1.0, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip


def score(value, **other):
    return {**SCORE, "value": value, **other}


def metrics(kid=(98.0, 57.0), second=(40.0, 20.0), layout=(15.0, 15.5)):
    second = [score(value, feature_network="movenet_lightning") for value in second]
    layout = [score(value, size=16, precision=0.5, recall=0.4) for value in layout]
    return {
        "kid_before": score(kid[0]), "kid_after": score(kid[1]), "kid_scratch": None, "kid_floor": score(9.0),
        "kid_second_before": second[0], "kid_second_after": second[1], "kid_second_scratch": None,
        "layout_before": layout[0], "layout_after": layout[1], "layout_scratch": None,
    }  # fmt: skip


def test_table_has_a_column_for_each_view():
    assert view_header(metrics()) == ["", "KID x 1000", "second network", "layout"]
    assert view_rows(metrics()) == [
        ("source, before adapting", "98.0 ± 1.0", "40.0 ± 1.0", "15.0 ± 1.0"),
        ("after training", "57.0 ± 1.0", "20.0 ± 1.0", "15.5 ± 1.0"),
        ("floor: the training images themselves", "9.0 ± 1.0", "", ""),
    ]


def test_run_of_an_older_version_has_kid_alone():
    old = {"kid_before": None, "kid_after": score(57.0), "kid_scratch": score(90.0), "kid_floor": None}
    assert view_header(old) == ["", "KID x 1000"]
    assert [row[0] for row in view_rows(old)] == ["after training", "from scratch, same kimg"]
    assert view_sentences(old) == []


def test_each_view_says_what_it_saw_and_disagreement_is_told():
    first, second = view_sentences(metrics())
    assert first.startswith("Compared with the source, each view says: efficientnet_lite0 (what is shown")
    assert "better, 98.0 to 57.0" in first and "movenet_lightning (another network" in first
    assert "16 x 16 pixels" in first and "no certain difference, 15.0 to 15.5" in first
    assert second == "The views do not agree: look at the images."
    assert len(view_sentences(metrics(layout=(15.0, 10.0)))) == 1
    assert "worse, 15.0 to 18.0" in view_sentences(metrics(layout=(15.0, 18.0)))[0]


@pytest.mark.parametrize(("before", "words"), [(0.25, "Recall 0.15 (the source: 0.25)"), (None, "Recall 0.15:")])
def test_shares_are_put_into_words(before, words):
    shares = {"precision": 0.61, "recall": 0.15, "repeats": 0.124, "repeats_expected": 0.05, "recall_before": before}
    sentences = view_sentences({**metrics(layout=(15.0, 10.0)), **shares})
    assert "61 of 100 generated" in sentences[1] and "15 of 100 real images" in sentences[1]
    assert words in sentences[1] and sentences[1].startswith("Precision 0.61:") and "mislead" not in sentences[1]
    assert sentences[2].startswith("Repeats: 12.4 % of 500 generated images") and "Up to 5.0 % is good" in sentences[2]


def test_shares_of_few_images_come_with_a_warning():
    few = {"kid_after": score(57.0, n_real=100), "precision": 0.6, "recall": 0.1}
    assert view_sentences(few)[0].endswith("With fewer than 200 images on a side both mislead.")
