# SPDX-License-Identifier: Apache-2.0
"""Headers that keep browsers from making more of an answer than it is, for listeners that people may come to.

Answers of an interface are data: nothing in them may be run, framed, kept or told to others. Pages need more and say
so themselves; a listener adds only what an answer lacks.
"""

from typing import Final

Headers = tuple[tuple[bytes, bytes], ...]

_MANAGEMENT: Final[Headers] = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")


def management_headers(*, tls: bool) -> Headers:
    """The headers of the management listener; behind TLS browsers are told to use nothing else (RFC 6797)."""
    return (*_MANAGEMENT, _HSTS) if tls else _MANAGEMENT
