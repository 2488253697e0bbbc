# SPDX-License-Identifier: Apache-2.0
"""Which role a group of the OIDC provider gives, and where: what the settings say, one text for each."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import structlog

from registry.accounts.permissions import SYSTEM, Grant, Role, Scope
from registry.errors import ConfigurationError

_FORM = re.compile(r"(?P<group>.+)=(?P<role>viewer|editor|admin)@(?P<domain>[^/=@]+)(?:/(?P<owner>[^/=@]+))?")
_SYSTEM = "system"
log = structlog.get_logger(__name__)

ScopeOf = Callable[[str, str | None], Scope | None]
"""The scope of a domain, or of a group of participants in it, by their names; None where there is no such thing."""


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """Members of `group` get `role` in the domain, for a group of its participants, or (no domain) everywhere."""

    group: str
    role: Role
    domain: str | None = None
    owner_group: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """``GROUP=ROLE@system``, ``GROUP=ROLE@DOMAIN`` or ``GROUP=ROLE@DOMAIN/GROUP``. Raises ConfigurationError."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ConfigurationError(
                f"{text!r} gives no role: say GROUP=ROLE@system, GROUP=ROLE@DOMAIN or GROUP=ROLE@DOMAIN/GROUP, "
                "with the role viewer, editor or admin"
            )
        group, role, domain, owner = found.group("group", "role", "domain", "owner")
        if domain == _SYSTEM and owner is not None:
            raise ConfigurationError(f"{text!r}: the system has no groups")
        return cls(group, Role(role), None if domain == _SYSTEM else domain, owner)


def grants_of(mappings: Sequence[RoleMapping], groups: Iterable[str], scope_of: ScopeOf) -> tuple[Grant, ...]:
    """What the members of these groups may do: for each place the strongest role. Unknown places are logged."""
    mine = set(groups)
    strongest: dict[Scope, Role] = {}
    for mapping in mappings:
        if mapping.group not in mine:
            continue
        scope = SYSTEM if mapping.domain is None else scope_of(mapping.domain, mapping.owner_group)
        if scope is None:
            log.warning("oidc_role_without_place", group=mapping.group, domain=mapping.domain, of=mapping.owner_group)
        elif scope not in strongest or strongest[scope].rank < mapping.role.rank:
            strongest[scope] = mapping.role
    return tuple(Grant(role, scope) for scope, role in strongest.items())
