from keras_transfer_gen.recipes.training import tune

ANSWER = {
    "precision": "bfloat16", "jit_compile": False, "steps_per_execution": 1, "batch_size": 16, "machine": "A machine",
    "date": "2026-11-27", "cached": False,
    "trials": [
        {"precision": "float32", "jit_compile": False, "steps_per_execution": 1, "images_per_second": 5.0, "note": ""},
        {"precision": "bfloat16", "jit_compile": False, "steps_per_execution": 1, "images_per_second": 9.0, "note": ""},
        {"precision": "bfloat16", "jit_compile": True, "steps_per_execution": 1, "images_per_second": None, "note": ""},
    ],
}  # fmt: skip


def test_tune_shows_each_way_and_the_fastest(ktg, ktg_json, monkeypatch):
    calls = []

    def measure(*arguments):
        calls.append(arguments[:-1])
        return ANSWER

    monkeypatch.setattr(tune, "tune", measure)
    result = ktg("tune", "noto_gan_64", "--batch-size", 16, "--seconds", 5, "--again")
    assert result.exit_code == 0 and calls == [("noto_gan_64", 16, 5.0, True, False)]
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "precision\tXLA\tsteps in a call\timages/s", "float32\toff\t1\t5.0", "bfloat16\toff\t1\t9.0 (fastest)",
        "bfloat16\ton\t1\t",
    ]  # fmt: skip
    assert lines[4] == "measured on 2026-11-27: A machine" and "computes in bfloat16" in lines[5]
    assert ktg_json("tune", "noto_gan_64") == ANSWER and calls[1][3] is False


def test_tune_refuses_on_one_line(refused):
    assert "presets are" in refused("tune", "no_such_model")
