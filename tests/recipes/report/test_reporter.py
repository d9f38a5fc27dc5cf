from keras_transfer_gen.recipes.report.reporter import SILENT, Reporter


def test_silent_reporter_takes_every_call_and_prints_nothing(capsys):
    assert isinstance(SILENT, Reporter)
    SILENT.say("hello")
    SILENT.show(None)
    with SILENT.progress("training", 1.0, "kimg") as tick:
        tick(0.5, 1.0, "fast")
        tick(1.0)
    SILENT.counter("reading")(1, 1)
    assert capsys.readouterr() == ("", "")
