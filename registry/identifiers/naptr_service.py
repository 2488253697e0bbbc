# SPDX-License-Identifier: Apache-2.0
"""The service of a NAPTR record: `Meta:SMP`, or what a network has beside it (RFC 3403 §4.1, RFC 3958 §6.5)."""

import re

_PART = r"[A-Za-z][A-Za-z0-9+.#-]{0,31}"  # `#` as DBNAlliance has it
_SERVICE = re.compile(rf"{_PART}(:{_PART})*")


def is_naptr_service(text: str) -> bool:
    """Whether a NAPTR record can have this service."""
    return _SERVICE.fullmatch(text) is not None
