# SPDX-License-Identifier: Apache-2.0
"""What a process does for its installation: all of it, or some roles while other processes do the others."""

from collections.abc import Iterable
from enum import StrEnum

from registry.errors import ConfigurationError


class Role(StrEnum):
    """One part of the work; any number of processes may have it."""

    SMP = "smp"
    """The public listener: signed documents."""
    SML = "sml"
    """SOAP with client certificates, where there is a TLS certificate for that listener."""
    DNS = "dns"
    MANAGE = "manage"
    """The management listener: REST interface, probes, metrics."""
    JOBS = "jobs"
    """Work that is done later, and the seal of the audit."""


ALL_ROLES = frozenset(Role)


def parse_roles(texts: Iterable[str]) -> frozenset[Role]:
    """Roles by name, several of them with commas between; all where nothing is named. Raises ConfigurationError."""
    names = [name.strip().lower() for text in texts for name in text.split(",") if name.strip()]
    if unknown := sorted({name for name in names if name not in list(Role)}):
        raise ConfigurationError(f"there is no role {', '.join(unknown)} (known: {', '.join(Role)})")
    return frozenset(Role(name) for name in names) or ALL_ROLES
