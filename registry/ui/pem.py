# SPDX-License-Identifier: Apache-2.0
"""Certificates as forms carry them: PEM for people (RFC 7468), the base64 of DER for REST.

Nothing is parsed here: whether it is a certificate says REST.
"""

import base64
import re

_BLOCK = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END ", re.DOTALL)
_LINE = 64


def to_pem(der: str) -> str:
    """The base64 of DER as a PEM block."""
    lines = [der[at : at + _LINE] for at in range(0, len(der), _LINE)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def bodies(text: str) -> list[str]:
    """The base64 of each certificate in what was pasted: PEM blocks, or base64 alone."""
    found: list[str] = _BLOCK.findall(text) or ([text] if text.strip() else [])
    return ["".join(each.split()) for each in found]


def pasted(content: bytes) -> str:
    """What a file holds as text that could have been pasted: PEM as it is, DER as PEM."""
    if b"-----BEGIN " in content:
        return content.decode("ascii", "replace")
    return to_pem(base64.b64encode(content).decode())
