# SPDX-License-Identifier: Apache-2.0
"""Extensions as phoss SMP stores them: a JSON array of objects, or in old data the XML itself."""

import re
from typing import Any

from registry.errors import ValidationError
from registry.metadata import Extension
from registry.smp.exchange.json_lines import parse_json

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?\?>\s*")
_PROPERTIES = {
    "ID": "ExtensionID",
    "Name": "ExtensionName",
    "AgencyID": "ExtensionAgencyID",
    "AgencyName": "ExtensionAgencyName",
    "AgencyURI": "ExtensionAgencyURI",
    "VersionID": "ExtensionVersionID",
    "URI": "ExtensionURI",
    "ReasonCode": "ExtensionReasonCode",
    "Reason": "ExtensionReason",
}
"""Name in phoss -> element of BDXR SMP 1.0 §2.3.5, in the order of its schema."""


def parse_extensions(text: str) -> tuple[Extension, ...]:
    """The extensions in the text of an `extension` element; none in an empty one. Raises ValidationError."""
    if not text:
        return ()
    if text.startswith("<"):
        return (Extension(_without_declaration(text)),)
    items = parse_json(text)
    if not isinstance(items, list):
        raise _refused("the extension is no list")
    return tuple(_extension(item) for item in items)


def _extension(item: Any) -> Extension:
    if not isinstance(item, dict) or not all(type(value) is str for value in item.values()):
        raise _refused("an extension is no object of texts")
    if unknown := item.keys() - _PROPERTIES.keys() - {"Any"}:
        raise _refused(f"an extension has a property that is not known here: {min(unknown)[:100]!r}")
    properties = tuple((name, item[key]) for key, name in _PROPERTIES.items() if key in item)
    return Extension(_without_declaration(item.get("Any", "")), properties=properties)


def _without_declaration(text: str) -> bytes:
    declaration = _DECLARATION.match(text)
    try:
        return (text[declaration.end() :] if declaration else text).encode()
    except UnicodeEncodeError:
        raise _refused("the extension holds half of a surrogate pair") from None


def _refused(message: str) -> ValidationError:
    return ValidationError.of("SMP-PHOSS-EXTENSION", message)
