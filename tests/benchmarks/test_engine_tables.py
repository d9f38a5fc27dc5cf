"""A row of the table of speeds says what was measured, when, where and how; TensorFlow is not loaded here."""

from pathlib import Path

import pytest

from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
HERE = {"date": "2026-11-27", "machine": "a processor, 2 cores", "load": 0.1, "command": "python x.py"}


@pytest.fixture(scope="module")
def tables():
    return import_script(BENCHMARKS, "engine_tables")


def test_steps_are_compared_with_the_best_of_pytorch(tables):
    speeds = {"gan float32": {"ktg": 200.0, "eager": 100.0}, "vae float32": {"ktg": 300.0, "eager": 200.0}}
    result = {**HERE, "images_per_second": speeds, "ratio_float32": 2.0, "vae_ratio_float32": 1.5}
    lines = tables.engine_table({"step_against_pytorch": result}).splitlines()
    assert "ktg 200, eager 100: 2.00 times the best of PyTorch" in lines[2] and "`python x.py`" in lines[2]
    assert lines[3].startswith("| VAE step") and "1.50 times" in lines[3] and len(lines) == 4


def test_a_busy_machine_is_said(tables):
    result = {**HERE, "images_per_second": {"one replica": 10.0}}
    assert "busy" not in tables.engine_table({"replicas": result})
    assert "busy (load 12)" in tables.engine_table({"replicas": {**result, "load": 12.0}})


def test_shares_are_in_percent(tables):
    result = {**HERE, "kimg": 4.0, "share": 0.043, "shares": {"scores": 0.04, "ema": 0.003}}
    assert "4.3 %: scores 4.0 %, ema 0.3 %" in tables.engine_table({"share_of_a_run": result})
    peak = {**HERE, "gflops": {"float32": {"step": 80.0, "peak": 100.0}}, "share_float32": 0.8}
    assert "80 % of 100 GFLOP/s" in tables.engine_table({"peak_flops": peak})


def test_the_start_on_many_files_is_told_by_its_parts(tables):
    parts = {
        name: {"seconds": 9.0, "cpu_seconds": cpu, "peak_gb": 0.7}
        for name, cpu in (("import", 5.0), ("more steps", 3.0))
    }
    result = {
        **HERE, "files": 1_000_000, "seconds_to_first_step": 12.3, "peak_gb": 0.951, "cpu_seconds_to_first_step": 11.0,
        "parts": parts,
    }  # fmt: skip
    (line,) = tables.engine_table({"million_files": result}).splitlines()[2:]
    assert "1,000,000 files" in line and "12 s, 0.95 GB; seconds of the processor: 11.0 (import 5)" in line


def test_stylegan2_is_compared_step_by_step(tables):
    speeds = {"plain": {"ktg": 12.0, "eager": 8.0, "compile": 10.0}, "R1": {"ktg": 9.0, "eager": 6.0}}
    result = {
        **HERE, "images_per_second": speeds, "ratio": 1.2, "ratio_training": 1.25,
        "parts": {"convolutions": 0.6, "all else": 0.4},
    }  # fmt: skip
    lines = tables.engine_table({"stylegan2_against_pytorch": result}).splitlines()[2:]
    assert "StyleGAN2 step, plain" in lines[0] and "compile 10: 1.20 times the best of PyTorch" in lines[0]
    assert "1.50 times" in lines[1] and "1.25 times" in lines[2] and "convolutions 60 %, all else 40 %" in lines[3]


def test_both_parts_of_a_vq_vae_are_compared_in_each_precision(tables):
    result = {
        **HERE, "autoencoder": {"float32": {"ktg": 90.0, "eager": 60.0}, "bfloat16": {"ktg": 80.0, "eager": 40.0}},
        "prior": {"float32": {"ktg": 130.0, "compile pointwise": 100.0}}, "ratio_autoencoder": 1.5,
        "ratio_autoencoder_bfloat16": 2.0, "ratio_prior": 1.3,
    }  # fmt: skip
    lines = tables.engine_table({"vq_against_pytorch": result}).splitlines()[2:]
    assert "VQ-VAE step, float32, images a second" in lines[0] and "ktg 90, eager 60: 1.50 times" in lines[0]
    assert "VQ-VAE step, bfloat16" in lines[1] and "2.00 times the best of PyTorch" in lines[1]
    assert "VQ-VAE's prior, float32" in lines[2] and "compile pointwise 100: 1.30 times" in lines[2]
    result["command"] += " --clock cpu --threads 1"
    assert "images a second of one core" in tables.engine_table({"vq_against_pytorch": result})


def test_peak_memory_stands_beside_its_estimate(tables):
    result = {**HERE, "cases": [{"case": "gan_64_b32", "measured_gb": 0.3, "estimated_gb": 0.4}]}
    (line,) = tables.engine_table({"memory": result}).splitlines()[2:]
    assert "gan_64_b32" in line and "0.3 GB, estimated 0.4 GB" in line


def test_steps_with_and_without_onednn_stand_side_by_side(tables):
    speeds = {"without": {"vq": 40.0}, "with": {"vq": 50.0}}
    (line,) = tables.engine_table(
        {"onednn": {**HERE, "images_per_second": speeds, "ratios": {"vq": 1.25}}}
    ).splitlines()[2:]
    assert "oneDNN, VQ-VAE step" in line and "without 40, with 50: 1.25 times" in line
