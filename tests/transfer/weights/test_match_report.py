import json

from keras_transfer_gen.transfer.weights.match_report import MatchReport, MatchRow, Mismatch, shape_text

REPORT = MatchReport(
    (
        MatchRow("conv/kernel", "adapted", (3, 3, 1, 8), (3, 3, 3, 8), "conv/kernel"),
        MatchRow("conv/bias", "loaded", (8,), (8,), "c/b"),
        MatchRow("logits/kernel", "mismatched", (8, 2), (8, 10), "logits/kernel"),
        MatchRow("logits/strength", "missing", ()),
        MatchRow("a<b", "unexpected", None, (2,), "a<b"),
    )
)


def test_every_row_is_in_one_list():
    assert REPORT.loaded == ["conv/bias"] and REPORT.adapted == ["conv/kernel"]
    assert REPORT.missing == ["logits/strength"] and REPORT.unexpected == ["a<b"]
    assert REPORT.mismatched == [Mismatch("logits/kernel", (8, 2), (8, 10))]


def test_text_is_an_aligned_table_with_totals():
    assert str(REPORT) == (
        "path                     model        weights  status\n"
        "conv/kernel      3 x 3 x 1 x 8  3 x 3 x 3 x 8  adapted\n"
        "conv/bias                    8              8  loaded from c/b\n"
        "logits/kernel            8 x 2         8 x 10  mismatched\n"
        "logits/strength         scalar              -  missing\n"
        "a<b                          -              2  unexpected\n"
        "80 of 97 parameters are set (82.5%): 1 loaded, 1 adapted, 1 missing, 1 unexpected, 1 mismatched"
    )
    assert repr(REPORT) == str(REPORT)


def test_to_dict_is_json():
    assert json.loads(json.dumps(REPORT.to_dict())) == {
        "loaded": ["conv/bias"],
        "adapted": ["conv/kernel"],
        "missing": ["logits/strength"],
        "unexpected": ["a<b"],
        "mismatched": [{"name": "logits/kernel", "model_shape": [8, 2], "weights_shape": [8, 10]}],
        "renamed": {"c/b": "conv/bias"},
    }


def test_html_is_a_table_and_escapes_names():
    text = REPORT._repr_html_()
    assert text.startswith("<table>") and "a&lt;b" in text and "80 of 97 parameters" in text


def test_empty_report_has_totals():
    assert str(MatchReport(())).endswith("0 of 0 parameters are set (0.0%): " + MatchReport(()).counts())


def test_shape_text():
    assert [shape_text(shape) for shape in ((3, 4), (), None)] == ["3 x 4", "scalar", "-"]
