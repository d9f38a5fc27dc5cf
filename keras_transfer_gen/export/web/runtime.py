"""LiteRT.js as it is shipped with this package: read, checked, and made loadable by pages that open from disk."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import re
from importlib import resources

FOLDER = "litertjs"
CORE, UTILS = "core.js", "wasm_utils.js"
LOADER, WASM = "litert_wasm_compat_internal.js", "litert_wasm_compat_internal.wasm"
# SHA-256 of the files in the npm packages @litertjs/core and @litertjs/wasm-utils, see litertjs/README.md.
DIGESTS = {
    CORE: "e7daccc3a31eef890848a737ccb863ded5f046a6b40c3fdc0556495adeb5d9b3",
    UTILS: "e0e20bc28ab001ac732cf40d15b6eebd24fb0deaeb95eeba5100f51eebf015f2",
    LOADER: "4d8f894b7883654fd6e8439730aa41e79ceaab7d19184fc4f1f0b0f1a2a2c8a5",
    WASM: "5255c8ad06eabdbd2522cdebf6b22fc10faf74625c23a49b9e072570cd1fa41c",
}
NOTICES = ("LICENSE", "NOTICE")
IMPORT = 'import { createWasmLib } from "@litertjs/wasm-utils";\n'
CHANGED = "// Changed by keras_transfer_gen: the modules {} as one classic script. See NOTICE.\n"


class RuntimeFilesError(RuntimeError):
    """The files of LiteRT.js in this installation are not those that were shipped."""


@dataclasses.dataclass(frozen=True)
class Runtime:
    """What a page needs of LiteRT.js.

    Args:
        core: JavaScript, a classic script that defines the constant `LITERT` with LiteRT.js' functions.
        loader: JavaScript, a classic script that defines `ModuleFactory`.
        wasm: WebAssembly, packed with gzip (bytes).
        notices: {file name: text} of its licence.
    """

    core: str
    loader: str
    wasm: bytes
    notices: dict


def read_runtime() -> Runtime:
    """The `Runtime` of this installation.

    Raises:
        RuntimeFilesError: where a file is missing, or another one than was shipped.
    """
    core, utils, loader = (_checked(name, read_file(name)).decode("utf-8") for name in (CORE, UTILS, LOADER))
    packed = read_file(f"{WASM}.gz")
    _checked(WASM, gzip.decompress(packed))
    notices = {name: read_file(name).decode("utf-8") for name in NOTICES}
    return Runtime(classic_script(core, utils), loader, packed, notices)


def read_file(name: str) -> bytes:
    """The bytes of a shipped file of LiteRT.js; a `RuntimeFilesError` where it is missing."""
    try:
        return resources.files(__package__).joinpath(FOLDER, name).read_bytes()
    except OSError as error:
        raise RuntimeFilesError(f"{FOLDER}/{name} is missing. Install keras_transfer_gen again.") from error


def classic_script(core: str, utils: str) -> str:
    """The two modules of LiteRT.js as one script without `import`: browsers load no modules from disk.

    Args:
        core: text of `CORE`.
        utils: text of `UTILS`.

    Returns:
        JavaScript that defines the constant `LITERT`, an object with everything that `core` exports.

    Raises:
        RuntimeFilesError: where a module imports or exports in another way than expected.
    """
    if core.count(IMPORT) != 1:
        raise RuntimeFilesError(f"{CORE} does not import {UTILS} as expected.")
    core_body, core_names = _without_exports(core.replace(IMPORT, ""))
    utils_body, utils_names = _without_exports(utils)
    return (
        CHANGED.format(f"{CORE} and {UTILS}")
        + f'const LITERT = (() => {{\n"use strict";\nconst {{ {utils_names} }} = (() => {{\n'
        + f"{utils_body}return {{ {utils_names} }};\n}})();\n{core_body}return {{ {core_names} }};\n}})();"
    )


def _without_exports(module: str) -> tuple[str, str]:
    """(text before the one `export {...}` at the end of a module, the exported names)."""
    match = re.search(r"^export \{([\w\s,$]+)\};\s*(//# sourceMappingURL=\S+\s*)?\Z", module, re.MULTILINE)
    body = module[: match.start()] if match else module
    if match is None or re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise RuntimeFilesError("a module of LiteRT.js imports or exports in another way than expected.")
    return body, ", ".join(match[1].replace(",", " ").split())


def _checked(name: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != DIGESTS[name]:
        raise RuntimeFilesError(f"{FOLDER}/{name} is not the file that was shipped. Install keras_transfer_gen again.")
    return content
