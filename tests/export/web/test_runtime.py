import gzip
from pathlib import Path

import pytest

from keras_transfer_gen.export.web import runtime
from keras_transfer_gen.export.web.runtime import RuntimeFilesError, classic_script, read_runtime

CORE = runtime.IMPORT + "const one = 1;\nexport {\n  one,\n  createWasmLib\n};\n//# sourceMappingURL=index.js.map\n"
UTILS = "const createWasmLib = 2;\nexport {\n  createWasmLib\n};\n"


def test_shipped_files_are_those_of_npm_and_need_no_module():
    files = read_runtime()
    assert files.core.startswith("// Changed by keras_transfer_gen") and "loadLiteRt, " in files.core
    assert not [line for line in files.core.splitlines() if line.startswith(("import ", "export "))]
    assert "var ModuleFactory" in files.loader
    assert gzip.decompress(files.wasm)[:4] == b"\0asm"
    assert "Apache License" in files.notices["LICENSE"] and "Google" in files.notices["NOTICE"]


def test_two_modules_become_one_script():
    script = classic_script(CORE, UTILS)
    assert script.endswith("const one = 1;\nreturn { one, createWasmLib };\n})();")
    assert "const { createWasmLib } = (() => {\nconst createWasmLib = 2;\nreturn { createWasmLib };\n})();" in script


@pytest.mark.parametrize("core", [CORE.replace("@litertjs", "./"), CORE + "more();\n", "import x;\n" + CORE])
def test_other_modules_than_expected_are_refused(core):
    with pytest.raises(RuntimeFilesError, match="as expected|than expected"):
        classic_script(core, UTILS)


def test_missing_and_changed_files_are_refused(monkeypatch):
    read = runtime.read_file
    monkeypatch.setattr(runtime, "read_file", lambda name: read(name) + b" " if name == runtime.LOADER else read(name))
    with pytest.raises(RuntimeFilesError, match=f"{runtime.LOADER} is not the file that was shipped"):
        read_runtime()
    with pytest.raises(RuntimeFilesError, match="nothing.js is missing"):
        read("nothing.js")


def test_script_that_takes_another_version_knows_the_same_files():
    text = (Path(runtime.__file__).parent / runtime.FOLDER / "update.sh").read_text("utf-8")
    assert all(name in text for name in (runtime.CORE, runtime.UTILS, runtime.LOADER, f"{runtime.WASM}.gz"))
