# SPDX-License-Identifier: Apache-2.0
"""The address of a server in settings: `HOST:PORT`, `[IPV6]:PORT`, or a host alone."""

import ipaddress

from registry.domains.host_name import is_host_name
from registry.identifiers.text import ascii_lower

DNS_PORT = 53


def parse_server_address(text: str) -> tuple[str, int] | None:
    """Host (a name or an IP address) and port, 53 where none is given; None where the text is no such address."""
    host, port = ascii_lower(text), str(DNS_PORT)
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        port = rest[1:] if rest else port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 0xFFFF):
        return None
    return (host, int(port)) if _is_address(host) or is_host_name(host) else None


def server_address_text(host: str, port: int) -> str:
    """One spelling of each address: `HOST:PORT`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        return "%" not in str(ipaddress.ip_address(host))
    except ValueError:
        return False
