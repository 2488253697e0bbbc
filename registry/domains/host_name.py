# SPDX-License-Identifier: Apache-2.0
"""What may be the name of a host or a zone in settings."""

import re
from ipaddress import ip_address

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_LENGTH = 253


def is_host_name(name: str) -> bool:
    """Whether `name` is a domain name in lower case without a dot at its end (RFC 1035 §2.3.1, and `_`)."""
    return len(name) <= _MAX_LENGTH and all(_LABEL.fullmatch(label) for label in name.split("."))


def is_loopback(host: str) -> bool:
    """Whether a host, an IP address without brackets or a name, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
