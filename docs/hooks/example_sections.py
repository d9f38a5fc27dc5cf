"""Griffe extension: a docstring's `Example:` is shown as code.

The docstrings say `Example:`; Griffe knows the section as `Examples:` and takes any other name for prose.
"""

import re

from griffe import Extension

SECTION = re.compile(r"^(\s*)Example:$", re.MULTILINE)


class ExampleSections(Extension):
    """Renames the section before it is read."""

    def on_object(self, *, obj, **kwargs):
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = SECTION.sub(r"\1Examples:", obj.docstring.value)
