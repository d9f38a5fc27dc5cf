import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from keras_transfer_gen.recipes.models.load import load_gan

pytest.importorskip("flask", reason="the extra `serve` brings Flask and waitress")
MAIN = "from keras_transfer_gen.cli.main import main; main()"


def test_serve_answers_until_it_is_ended(source_file, read_folder, tmp_path):
    command = [sys.executable, "-c", MAIN, "serve", str(source_file), "--compare", str(source_file), "--port", "0"]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True)
    try:
        text = ""
        while not text.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "ended without an address"
            text += line
        address = json.loads(text)["address"]
        with urllib.request.urlopen(f"{address}api/runs", timeout=60) as answer:
            assert len(json.load(answer)) == 2
        with urllib.request.urlopen(f"{address}api/runs/1/images/4/2.png", timeout=60) as answer:
            (tmp_path / "2.png").write_bytes(answer.read())
        assert (read_folder(tmp_path)[0] == load_gan(source_file).generate(3, seed=4)[2]).all()
        with pytest.raises(urllib.error.HTTPError, match="403") as refusal:
            urllib.request.urlopen(urllib.request.Request(f"{address}api/runs", headers={"Origin": "http://a.b"}))
        refusal.value.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_serve_refuses_what_can_not_be(refused, source_file, tmp_path):
    assert "`token` must be given" in refused("serve", source_file, "--host", "0.0.0.0")
    assert "`port` must be" in refused("serve", source_file, "--port", 70_000)
    assert "`model` must be a preset" in refused("serve", tmp_path / "nothing")
    assert "`compare` must be a preset" in refused("serve", source_file, "--compare", tmp_path / "nothing")
