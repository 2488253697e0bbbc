# SPDX-License-Identifier: Apache-2.0
"""A policy domain: the one description that SMP, SML, DNS, discovery and trust decisions all read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from registry.domains.dns_profile import DnsProfile
from registry.domains.identifier_settings import read_identifier_rules
from registry.domains.section import Section, merge
from registry.domains.sml_profile import SmlProfile
from registry.domains.smp_profile import SmpProfile
from registry.domains.trust_settings import ENFORCEMENTS, DomainTrust, Enforcement, RoleSettings
from registry.identifiers.rules import IdentifierRules

__all__ = ["DnsProfile", "Domain", "DomainTrust", "RoleSettings", "SmlProfile", "SmpProfile"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of this instance: a profile with the instance's settings laid over it."""

    name: str
    """What the instance calls it: lower-case letters, digits and hyphens."""
    title: str
    profile: str
    """The profile that it was made from."""
    identifiers: IdentifierRules
    dns: DnsProfile
    smp: SmpProfile = field(default_factory=SmpProfile)
    sml: SmlProfile = field(default_factory=SmlProfile)
    transport_profiles: tuple[str, ...] = ()
    """Those that endpoints may have; empty means any."""
    trust: DomainTrust = field(default_factory=DomainTrust)
    endpoint_certificates: Enforcement = "refuse"
    """What is done about an endpoint certificate that is not trusted, when it is published."""
    default: bool = False
    """Whether requests that name no domain by host or path are for this one."""

    @classmethod
    def from_mapping(cls, profile: Mapping[str, object], settings: Mapping[str, object] | None = None) -> Self:
        """From a profile with an instance's settings laid over it (see `registry.domains.loader`).

        Raises ConfigurationError with everything that is wrong.
        """
        section = Section(merge(profile, settings or {}))
        profile_name = section.text("profile")
        name = section.text("name", profile_name)
        if not _NAME.fullmatch(name):
            section.complain("name", f"lower-case letters, digits and hyphens are wanted, not {name!r}")
        transport_profiles = section.texts("transport_profiles")
        sml = SmlProfile.read(section.section("sml"))
        domain = cls(
            name=name,
            title=section.text("title", name),
            profile=profile_name,
            identifiers=read_identifier_rules(section.section("identifiers"), transport_profiles),
            dns=DnsProfile.read(section.section("dns")),
            smp=SmpProfile.read(section.section("smp"), sml.url_schemes),
            sml=sml,
            transport_profiles=transport_profiles,
            trust=DomainTrust.read(section.section("trust")),
            endpoint_certificates=section.choice("endpoint_certificates", "refuse", ENFORCEMENTS),
            default=section.flag("default", default=False),
        )
        if sml.enabled and not domain.dns.name_servers:
            section.complain("dns.name_servers", "at least one is needed where this instance is the SML")
        if domain.dns.name_form.lowercase_before_hash and domain.identifiers.participant.any_case_sensitive:
            message = "must be false where a participant scheme has case, or two participants get one DNS name"
            section.complain("dns.name_form.lowercase_before_hash", message)
        section.raise_problems(f"domain {name}")
        return domain
