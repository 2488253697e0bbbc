# SPDX-License-Identifier: Apache-2.0
"""Every text of the pages that is to be translated, found in templates and code."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from babel.messages.extract import extract_from_dir

ROOT = Path(str(files("registry.ui")))
_METHODS = [("**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"**.html": {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}}
_KEYWORDS = {"_": None, "mark": None}


def messages() -> Iterator[tuple[str, str]]:
    """File and English text."""
    found = extract_from_dir(ROOT, _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for name, _line, message, _comments, _context in found:
        assert isinstance(message, str), (name, message)
        yield name, message
