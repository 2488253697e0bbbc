# SPDX-License-Identifier: Apache-2.0
"""How a domain's participants are registered, and what publishers may register."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from registry.domains.section import Section
from registry.identifiers.smp_id import validate_smp_id

URL_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class SmlProfile:
    """The SML of a domain; `enabled` where this instance is it."""

    enabled: bool = False
    url_schemes: frozenset[str] = frozenset({"https"})
    """Schemes that the URL of an SMP may have in this domain."""
    max_list: int = 100
    """The most participants in one CreateList or DeleteList (ICD 1.30)."""
    page_size: int = 100
    """Participants in one page of List."""
    wildcard_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a participant scheme, the SMP ids that may register its `*`; nobody where none is named."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `sml`; complains there."""
        default = cls()
        url_schemes = section.choices("url_schemes", URL_SCHEMES, tuple(sorted(default.url_schemes)))
        if not url_schemes:
            section.complain("url_schemes", "at least one is needed")
        return cls(
            enabled=section.flag("enabled", default=default.enabled),
            url_schemes=frozenset(url_schemes),
            max_list=section.number("max_list", default.max_list, range(1, 101)),
            page_size=section.number("page_size", default.page_size, range(1, 1001)),
            wildcard_owners=_wildcard_owners(section.section("wildcard_owners")),
        )


def _wildcard_owners(section: Section) -> dict[str, tuple[str, ...]]:
    owners = {scheme: section.texts(scheme) for scheme in section.values}
    for scheme, smp_ids in owners.items():
        for reason in (reason for smp_id in smp_ids for reason in validate_smp_id(smp_id)):
            section.complain(scheme, str(reason))
    return owners
