# SPDX-License-Identifier: Apache-2.0
"""Words for the settings of domains, by their paths; one without a word is shown by its path alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.ui.labels import mark

SECTIONS: Mapping[str, str] = {
    "general": mark("In general"),
    "smp": mark("SMP: how documents are published"),
    "dns": mark("DNS: the zone, and how names are made"),
    "sml": mark("SML: who may register what"),
    "directory": mark("Directory"),
    "identifiers": mark("Identifiers"),
    "trust": mark("Trust"),
    "network": mark("The network"),
}
_NETWORK = frozenset(
    {"summary", "registrants", "trust_model", "example", "environments", "document_types", "processes", "parties"}
)
_IN_HEADINGS = frozenset({"name", "profile"})
SETTINGS: Mapping[str, str] = {
    "title": mark("Title"),
    "kind": mark("Kind of network"),
    "default": mark("Answers for hosts that no domain names"),
    "public_page": mark("Public page on which everybody can look up a participant"),
    "transport_profiles": mark("Transport profiles of endpoints"),
    "endpoint_certificates": mark("Endpoint certificates that nobody trusts"),
    "review.required": mark("Somebody else has to approve what is published"),
    "visibility.default": mark("Visibility of new participants"),
    "smp.base_url": mark("Address of the SMP"),
    "smp.smp_id": mark("Id of the SMP at the SML"),
    "smp.dialects": mark("Interfaces of the SMP"),
    "smp.signature_algorithms": mark("Documents are signed with"),
    "smp.https_443_only": mark("SMPs only by https on port 443"),
    "smp.endpoints_per_process": mark("Endpoints of a process at most (0: any number)"),
    "dns.zone": mark("DNS zone"),
    "dns.name_servers": mark("Name servers of the zone"),
    "dns.hostmaster": mark("Who looks after the zone"),
    "dns.ttl": mark("Answers hold for (seconds)"),
    "dns.soa_minimum": mark("A no holds for (seconds)"),
    "dns.naptr_services": mark("Services of NAPTR records"),
    "dns.optional_services": mark("Further services that SMPs may ask for"),
    "dns.name_form.template": mark("Form of a participant's name"),
    "dns.name_form.lowercase_before_hash": mark("Identifiers in lower case before they are hashed"),
    "dns.legacy_cname": mark("Names as before NAPTR, too"),
    "dns.publisher_indirection": mark("Names of participants are aliases of their SMP's"),
    "dns.observed_servers": mark("Name servers that are asked what they serve"),
    "dns.secondaries": mark("Name servers that take the zone from here"),
    "dns.push_to": mark("Name servers to which the zone is pushed"),
    "dns.transfer_keys": mark("Names of further keys for transfers"),
    "dns.transfer_networks": mark("Where these keys count"),
    "dns.publish_interval_ms": mark("Between two serials at least (milliseconds)"),
    "dns.zone_privacy": mark("How names are denied by who signs the zone"),
    "dns.catalog": mark("Listed in the catalog zone"),
    "sml.enabled": mark("This registry is the SML"),
    "sml.url_schemes": mark("SMPs may be at"),
    "sml.identity": mark("Who an SMP is, is told by"),
    "sml.migration_days": mark("Days for which a migration stays open"),
    "sml.quarantine_days": mark("Days for which only its former SMP may register a participant again"),
    "sml.four_eyes": mark("Interventions that a second person approves"),
    "sml.undo_hours": mark("Hours within which an intervention can be undone"),
    "sml.max_participants": mark("Participants at most (0: any number)"),
    "sml.max_participants_per_publisher": mark("Participants of an SMP at most (0: any number)"),
    "sml.max_list": mark("Participants in one request of an SMP at most"),
    "sml.admission": mark("Who may register which participants"),
    "directory.enabled": mark("Participants with a public business card are told to the directory"),
    "directory.url": mark("Address of the directory"),
    "directory.key": mark("Name of the key for the directory"),
    "identifiers.strict": mark("Identifiers have to follow the rules of the network"),
    "identifiers.check_digits": mark("Check digits"),
    "summary": mark("What it is"),
    "registrants": mark("Who may register"),
    "trust_model": mark("Whom its parties trust"),
    "example": mark("A participant, for example"),
    "document_types": mark("Document types"),
    "processes": mark("Processes"),
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "setting": SETTINGS,
    "enforcement": {"refuse": mark("are refused"), "warn": mark("are only warned of")},
    "trust-setting": {
        "anchors": mark("Trust anchors"),
        "intermediates": mark("Certificates between them and others"),
        "pins": mark("Certificates accepted as they are"),
        "subject_patterns": mark("Subjects hold one of these"),
        "key_usage": mark("Key usage that a certificate needs"),
        "on_untrusted": mark("What a no does"),
    },
    "level": {
        "system": mark("the whole registry"),
        "domain": mark("a domain"),
        "group": mark("a group"),
        "participant": mark("a participant"),
    },
    "code-list": {
        "participant": mark("Schemes of participants"),
        "document-type": mark("Document types"),
        "process": mark("Processes"),
        "transport-profile": mark("Transport profiles"),
    },
}
"""By kind of code, and code; besides those of `labels`."""


@dataclass(frozen=True, slots=True)
class SettingsSection:
    """Settings that belong together, as REST tells them."""

    code: str
    title: str
    """To be translated."""
    items: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def own(self) -> int:
        """How many of them are other than the profile has them."""
        return sum(item["source"] == "domain" for item in self.items)


def section_of(setting: str) -> str:
    """The code of the section that a setting is shown in."""
    first = setting.partition(".")[0]
    if first in _NETWORK:
        return "network"
    return first if first in SECTIONS else "general"


def in_sections(items: Iterable[Mapping[str, Any]]) -> list[SettingsSection]:
    """Settings in their sections, those with a word first and in its order; sections without any are left out."""
    order = {path: number for number, path in enumerate(SETTINGS)}
    found = {code: SettingsSection(code, title) for code, title in SECTIONS.items()}
    for item in sorted(items, key=lambda item: (order.get(item["setting"], len(order)), item["setting"])):
        if item["setting"] not in _IN_HEADINGS:
            found[section_of(item["setting"])].items.append(item)
    return [section for section in found.values() if section.items]
