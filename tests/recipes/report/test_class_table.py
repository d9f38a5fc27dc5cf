from keras_transfer_gen.recipes.report.class_table import HEADER, class_rows, mean_sentence

SCORE = {"kid": {"value": 12.34, "std": 1.06, "n_real": 9, "n_fake": 100}, "recognised": 0.625, "recognised_real": 0.9}


def test_each_class_has_a_row_under_the_header():
    rows = class_rows({"cats": SCORE, "dogs": {**SCORE, "recognised": 1.0}})
    assert rows == [("cats", "12.3 ± 1.1", "0.62", "0.90"), ("dogs", "12.3 ± 1.1", "1.00", "0.90")]
    assert len(HEADER) == len(rows[0])


def test_means_stand_side_by_side():
    assert mean_sentence({"recognised": 0.5, "recognised_real": 0.75}) == (
        "Recognised on average: 0.50, of real images 0.75."
    )
