# SPDX-License-Identifier: Apache-2.0
"""A policy domain: the one description that SMP, SML, DNS, discovery and trust decisions all read.

A *static* network has neither SMP nor SML: its parties know each other by configuration. It can be shown and
evaluated, and nothing can be published, registered or looked up in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from registry.domains.directory_profile import DirectoryProfile
from registry.domains.dns_profile import DnsProfile
from registry.domains.identifier_settings import read_identifier_rules
from registry.domains.known_codes import Environment, KnownCode
from registry.domains.publication import ReviewProfile, VisibilityProfile
from registry.domains.section import Section
from registry.domains.sml_profile import SmlProfile
from registry.domains.smp_profile import SmpProfile
from registry.domains.trust_settings import ENFORCEMENTS, DomainTrust, Enforcement, RoleSettings, lay_over
from registry.errors import ConfigurationError
from registry.identifiers.rules import IdentifierRules

__all__ = ["DirectoryProfile", "DnsProfile", "Domain", "DomainTrust", "RoleSettings", "SmlProfile", "SmpProfile"]

DYNAMIC_SECTIONS = ("dns", "smp", "sml", "directory")
"""What only a dynamic network has."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OPEN_ZONE = "zone.invalid"  # RFC 2606 §2
Kind = Literal["dynamic", "static"]
_KINDS: tuple[Kind, ...] = ("dynamic", "static")


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
    directory: DirectoryProfile = field(default_factory=DirectoryProfile)
    transport_profiles: tuple[str, ...] = ()
    """Those that endpoints may have; empty means any."""
    trust: DomainTrust = field(default_factory=DomainTrust)
    endpoint_certificates: Enforcement = "refuse"
    """What is done about an endpoint certificate that is not trusted, when it is published."""
    review: ReviewProfile = field(default_factory=ReviewProfile)
    visibility: VisibilityProfile = field(default_factory=VisibilityProfile)
    default: bool = False
    """Whether requests that name no domain by host or path are for this one."""
    public_page: bool = False
    """Whether the public listener has a page on which everybody can look up a participant."""
    kind: Kind = "dynamic"
    summary: str = ""
    """What the network is, for a newcomer."""
    registrants: str = ""
    """Who may register."""
    trust_model: str = ""
    """Whom its parties trust, in words."""
    example: str = ""
    """A participant of the network, real or from its specifications, in URI form."""
    environments: Mapping[str, Environment] = field(default_factory=dict)
    document_types: tuple[KnownCode, ...] = ()
    processes: tuple[KnownCode, ...] = ()
    parties: Mapping[str, object] = field(default_factory=dict)
    """How the parties of a static network are named and what they exchange, in the network's own words."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """By the key that it is about: what was not found, what is this product's choice, what deserves a word."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """By the key that it is about, or one above it: where a value is from."""

    def require_discovery(self) -> None:
        """Raise ConfigurationError, saying why, where nothing can be published, registered or looked up."""
        if self.kind == "static":
            raise ConfigurationError(
                f"{self.title} has no SMP and no SML: its parties know each other by configuration "
                f"(registry domain show {self.profile or self.name} tells how)"
            )
        if not self.dns.zone:
            raise ConfigurationError(f"the DNS zone of {self.title} is not known: say --zone, or dns.zone in settings")

    @classmethod
    def from_mapping(cls, profile: Mapping[str, object], settings: Mapping[str, object] | None = None) -> Self:
        """From a profile with an instance's settings laid over it (see `registry.domains.loader`).

        Raises ConfigurationError with everything that is wrong.
        """
        section = Section(lay_over(profile, settings or {}))
        profile_name = section.text("profile")
        name = section.text("name", profile_name)
        if not _NAME.fullmatch(name):
            section.complain("name", f"lower-case letters, digits and hyphens are wanted, not {name!r}")
        transport_profiles = section.texts("transport_profiles")
        kind = section.choice("kind", "dynamic", _KINDS)
        dns, smp, sml = _read_static(section) if kind == "static" else _read_dynamic(section)
        directory = DirectoryProfile() if kind == "static" else DirectoryProfile.read(section.section("directory"))
        domain = cls(
            name=name,
            title=section.text("title", name),
            profile=profile_name,
            identifiers=read_identifier_rules(section.section("identifiers"), transport_profiles),
            dns=dns,
            smp=smp,
            sml=sml,
            directory=directory,
            transport_profiles=transport_profiles,
            trust=DomainTrust.read(section.section("trust")),
            endpoint_certificates=section.choice("endpoint_certificates", "refuse", ENFORCEMENTS),
            review=ReviewProfile.read(section.section("review")),
            visibility=VisibilityProfile.read(section.section("visibility")),
            default=section.flag("default", default=False),
            public_page=section.flag("public_page", default=False),
            kind=kind,
            summary=section.text("summary"),
            registrants=section.text("registrants"),
            trust_model=section.text("trust_model"),
            example=section.text("example"),
            environments={
                name: Environment.read(part) for name, part in section.section("environments").sections().items()
            },
            document_types=tuple(KnownCode.read(part) for part in section.listed("document_types")),
            processes=tuple(KnownCode.read(part) for part in section.listed("processes")),
            parties=section.free("parties"),
            notes=section.words("notes"),
            sources=section.words("sources"),
        )
        if sml.enabled and not domain.dns.zone:
            section.complain("dns.zone", "one is needed where this instance is the SML")
        if sml.enabled and not domain.dns.name_servers:
            section.complain("dns.name_servers", "at least one is needed where this instance is the SML")
        if domain.dns.name_form.lowercase_before_hash and domain.identifiers.participant.any_case_sensitive:
            message = "must be false where a participant scheme has case, or two participants get one DNS name"
            section.complain("dns.name_form.lowercase_before_hash", message)
        section.raise_problems(f"domain {name}")
        return domain


def _read_dynamic(section: Section) -> tuple[DnsProfile, SmpProfile, SmlProfile]:
    sml = SmlProfile.read(section.section("sml"))
    return _read_dns(section.section("dns")), SmpProfile.read(section.section("smp"), sml.url_schemes), sml


def _read_dns(section: Section) -> DnsProfile:
    """A profile leaves the zone open where it was not found; who adds a domain says it."""
    if section.text("zone"):
        return DnsProfile.read(section)
    section.values = {**section.values, "zone": _OPEN_ZONE}
    return replace(DnsProfile.read(section), zone="", hostmaster=section.text("hostmaster"))


def _read_static(section: Section) -> tuple[DnsProfile, SmpProfile, SmlProfile]:
    for name in DYNAMIC_SECTIONS:
        if section.free(name):
            section.complain(name, "a static network has none")
    return DnsProfile(""), SmpProfile(), SmlProfile()
