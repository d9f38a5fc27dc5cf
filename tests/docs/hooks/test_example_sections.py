import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("griffe", reason="the documentation needs the extra `docs`")
HOOK = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs/hooks/example_sections.py"))


def test_only_the_section_is_renamed():
    docstring = SimpleNamespace(value="Example: of one line.\n\n    Example:\n        >>> 1 + 1\n        2\n")
    HOOK["ExampleSections"]().on_object(obj=SimpleNamespace(docstring=docstring))
    assert docstring.value == "Example: of one line.\n\n    Examples:\n        >>> 1 + 1\n        2\n"
    assert HOOK["ExampleSections"]().on_object(obj=SimpleNamespace(docstring=None)) is None
