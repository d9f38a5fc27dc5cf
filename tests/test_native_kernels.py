import subprocess
import sys

import pytest

from keras_transfer_gen import native_kernels

AVX2, AVX512 = "flags\t: fpu sse avx2 fma\n", "flags\t: fpu avx2 avx512f\n"


@pytest.mark.parametrize(("flags", "expected"), [(AVX2, True), (AVX512, False), ("flags\t: fpu sse\n", False)])
def test_avx2_alone_is_told_by_the_flags(tmp_path, monkeypatch, flags, expected):
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(native_kernels, "CPUINFO", tmp_path / "cpuinfo")
    assert native_kernels.has_avx2_alone() == expected
    monkeypatch.setattr(native_kernels, "CPUINFO", tmp_path / "missing")
    assert not native_kernels.has_avx2_alone()


@pytest.mark.parametrize(("flags", "given", "expected"), [(AVX2, "", "1"), (AVX2, "0", "0"), (AVX512, "", "None")])
def test_onednn_is_on_where_it_is_faster_and_nothing_else_was_said(tmp_path, flags, given, expected):
    (tmp_path / "cpuinfo").write_text(flags)
    code = (
        "import os, pathlib, sys; from keras_transfer_gen import native_kernels as n; "
        f"n.CPUINFO = pathlib.Path({str(tmp_path / 'cpuinfo')!r}); n.prefer_onednn(); print(os.environ.get(n.ONEDNN))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), **({native_kernels.ONEDNN: given} if given else {})}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == expected


def test_nothing_is_set_once_tensorflow_is_there(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(AVX2)
    monkeypatch.setattr(native_kernels, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.delenv(native_kernels.ONEDNN, raising=False)
    assert not native_kernels.prefer_onednn()


@pytest.mark.parametrize(("given", "expected"), [("1", True), ("0", False), (None, False)])
def test_onednn_is_used_where_the_environment_says_so(monkeypatch, given, expected):
    monkeypatch.delenv(native_kernels.ONEDNN, raising=False)
    if given is not None:
        monkeypatch.setenv(native_kernels.ONEDNN, given)
    assert native_kernels.uses_onednn() is expected
