# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate is for a server (RFC 9525 §6): by its alternative names, never by its subject.

A wildcard is the whole first label and stands for exactly one (§6.3); what else has an asterisk in it names nobody.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from trust_lists.certificates.path_extensions import GeneralName

DNS_NAME, IP_ADDRESS = 2, 7
"""Kinds of `GeneralName`."""
MAX_NAME = 253

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*(?=[^.]*[a-z-]){_LABEL}", re.IGNORECASE)


def address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, in any form of RFC 4291 §2.2; None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_host(name: str) -> bool:
    """Whether it is a name of the preferred syntax (RFC 1034 §3.5, RFC 1123 §2.1): so it has no point at its end."""
    return len(name) <= MAX_NAME and _HOST.fullmatch(name) is not None


def is_server_name(name: str) -> bool:
    """Whether it is a host, or a wildcard for hosts below one."""
    return is_host(name.removeprefix("*."))


def server_names(names: Iterable[GeneralName]) -> tuple[str, ...]:
    """The DNS names as they are, and the IP addresses as RFC 5952 §4 writes them; one of another length in hex."""
    return tuple(_text(each) for each in names if each.kind in {DNS_NAME, IP_ADDRESS})


def named(names: Iterable[GeneralName], host: str) -> bool:
    """Whether one of the names is, or stands for, the host: a DNS name or an IP address in text."""
    wanted = address(host)
    if wanted is not None:
        return any(each.kind == IP_ADDRESS and each.value == wanted.packed for each in names)
    plain = host.removesuffix(".").lower()
    if not is_host(plain):
        return False
    return any(each.kind == DNS_NAME and _is(each.value, plain) for each in names)


def _text(name: GeneralName) -> str:
    if name.kind == DNS_NAME:
        return name.value.decode("latin-1")
    return str(ip_address(name.value)) if len(name.value) in {4, 16} else name.value.hex()


def _is(presented: bytes, host: str) -> bool:
    if not presented.isascii():
        return False
    name = presented.decode("ascii").lower()
    if not is_server_name(name):
        return False
    if name.startswith("*."):
        return name[2:] == host.partition(".")[2]
    return name == host
