# SPDX-License-Identifier: Apache-2.0
"""Small operations on text that identifiers need everywhere, each one safe on any `str`."""

import re

from registry.errors import ValidationError

_ASCII_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
# White space, control characters, and what neither UTF-8 nor XML 1.0 can carry.
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def ascii_lower(text: str) -> str:
    """Lower-case A to Z and nothing else: hashes and keys must not depend on a locale or a Unicode version."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def first_unfit(text: str) -> str | None:
    """The first character that no identifier may hold (white space, a control character, a lone surrogate)."""
    match = _UNFIT.search(text)
    return match.group() if match else None


def utf8(text: str) -> bytes:
    """`text` as UTF-8. Raises ValidationError where it has a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError.of("TEXT-NOT-UNICODE", f"{shorten(text)} has a lone surrogate") from error


def shorten(text: str, limit: int = 80) -> str:
    """`text` quoted for a message: control characters escaped, cut where it is long."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}… ({len(text)} characters)"
