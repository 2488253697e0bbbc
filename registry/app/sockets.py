# SPDX-License-Identifier: Apache-2.0
"""The listening sockets of an instance: bound before anything else, and shared by its processes.

Processes inherit sockets rather than binding the same port each (SO_REUSEPORT): there each socket has a queue of its
own, and what waits in it is lost with its process, while from a shared one another process takes it.
"""

import socket
from collections.abc import Collection, Mapping

from registry.app.roles import Role
from registry.dns.server import dns_sockets
from registry.errors import ConfigurationError
from registry.listeners.server import listening_socket
from registry.settings import Settings

DNS_UDP, DNS_TCP = "dns-udp", "dns-tcp"
_LISTENERS = {Role.SMP: "public", Role.MANAGE: "manage", Role.SML: "sml"}

Sockets = Mapping[str, socket.socket]
"""By the name of the listener: public, manage, sml, sml-plain, sml-admin, and two for DNS."""


def open_sockets(settings: Settings, roles: Collection[Role]) -> Sockets:
    """Bind and listen where the roles need it. Raises ConfigurationError, and then nothing stays open."""
    opened: dict[str, socket.socket] = {}
    try:
        for role, name in _LISTENERS.items():
            if role in roles and (role is not Role.SML or settings.sml_tls_cert is not None):
                opened[name] = listening_socket(name, *getattr(settings, f"{name}_bind"))
        if Role.SML in roles and settings.sml_plain_bind is not None:
            opened["sml-plain"] = listening_socket("sml-plain", *settings.sml_plain_bind)
        if Role.MANAGE in roles and settings.sml_admin_bind is not None:
            opened["sml-admin"] = listening_socket("sml-admin", *settings.sml_admin_bind)
        if Role.DNS in roles:
            opened[DNS_UDP], opened[DNS_TCP] = dns_sockets(*settings.dns_bind)
    except BaseException:
        close_sockets(opened)
        raise
    return opened


def close_sockets(sockets: Sockets) -> None:
    """Close this process's share of them."""
    for item in sockets.values():
        item.close()


def told_to_child(sockets: Sockets) -> str:
    """How a child that inherits the file descriptors is told which is which."""
    return ",".join(f"{name}={item.fileno()}" for name, item in sockets.items())


def inherited_sockets(told: str) -> Sockets:
    """The sockets that `told_to_child` speaks of, in the child. Raises ConfigurationError."""
    inherited = {}
    try:
        for part in told.split(","):
            name, _, descriptor = part.partition("=")
            inherited[name] = socket.socket(fileno=int(descriptor))
            inherited[name].settimeout(0)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"these sockets weren't inherited: {told}") from error
    return inherited
