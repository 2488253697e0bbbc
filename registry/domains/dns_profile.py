# SPDX-License-Identifier: Apache-2.0
"""A domain's DNS zone: its name, who serves it, for how long answers hold, and how names are made."""

from dataclasses import dataclass, field
from typing import Literal, Self

from registry.domains.host_name import is_host_name
from registry.domains.section import Section
from registry.domains.zone_servers import (
    PushTarget,
    Secondary,
    TransferRules,
    read_push_targets,
    read_secondaries,
    read_server_addresses,
    read_transfer_keys,
    read_transfer_networks,
)
from registry.identifiers.dns_names import NameForm, template_problem
from registry.identifiers.naptr_service import is_naptr_service
from registry.identifiers.text import ascii_lower

SECONDS = range(2**31)
NEGATIVE_SECONDS = range(61)
MILLISECONDS = range(60_001)
ZonePrivacy = Literal["nsec", "nsec3", "minimal"]
_PRIVACIES: tuple[ZonePrivacy, ...] = ("nsec", "nsec3", "minimal")


@dataclass(frozen=True, slots=True)
class DnsProfile:
    """Times in seconds; names in lower case without a dot at the end."""

    zone: str
    naptr_services: tuple[str, ...] = ("Meta:SMP",)
    """The services of each participant's NAPTR records. One is best: vefa-peppol, Holodeck and the EC's client take
    whichever record comes first."""
    ttl: int = 60
    soa_minimum: int = 60
    """How long "there is no such participant" holds (RFC 2308 §4): short, since new ones are asked for at once."""
    soa_refresh: int = 3600
    soa_retry: int = 600
    soa_expire: int = 1_209_600
    name_form: NameForm = field(default_factory=NameForm)
    legacy_cname: bool = False
    """Whether each participant also has the `b-…` CNAME record of the time before NAPTR."""
    publisher_label: str = "publisher"
    publisher_indirection: bool = False
    """Whether a participant's name is an alias of its SMP's name below `naptr_label`, which alone has the NAPTR
    record: then the SMP moves, and is suspended, by one record."""
    naptr_label: str = "naptr"
    optional_services: tuple[str, ...] = ()
    """Services, beside `naptr_services`, for which a participant may be registered if its SMP asks for them."""
    name_servers: tuple[str, ...] = ()
    """Their host names; the first one is the primary in the SOA record."""
    hostmaster: str = ""
    """A mail address, or the domain name that stands for one; `hostmaster.<zone>` where none is given."""
    observed_servers: tuple[str, ...] = ()
    """The authoritative name servers, as `HOST:PORT`, that are asked from time to time which serial they serve,
    beside those that get the zone from us."""
    secondaries: tuple[Secondary, ...] = ()
    """The name servers that take the zone from us, and are told when it has changed."""
    transfer_keys: tuple[str, ...] = ()
    """Further TSIG keys by which the zone may be transferred."""
    transfer_networks: tuple[str, ...] = ()
    """Where keys count, beside the addresses of the secondaries; none: anywhere."""
    push_to: tuple[PushTarget, ...] = ()
    """Primaries of others, to which the zone is pushed."""
    publish_interval_ms: int = 0
    """The least time in milliseconds between two serials: longer where name servers pay by the commit, as Knot does
    with a million names."""
    zone_privacy: ZonePrivacy = "nsec"
    """How those who sign the zone deny names: what a walk of it, and hashing registers off-line, tells differs."""
    catalog: bool = True
    """Whether the zone is listed in the catalog zone of the instance, if there is one (RFC 9432)."""

    @property
    def transfer_rules(self) -> TransferRules:
        """Who may transfer the zone."""
        return TransferRules(self.secondaries, self.transfer_keys, self.transfer_networks)

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `dns`; complains there."""
        zone = _host_name(section, "zone", section.text("zone"))
        default = cls(zone)
        publisher_label = _host_name(
            section, "publisher_label", section.text("publisher_label", default.publisher_label)
        )
        naptr_label = _naptr_label(section, default)
        return cls(
            zone=zone,
            naptr_services=_naptr_services(section, default.naptr_services),
            ttl=section.number("ttl", default.ttl, SECONDS),
            soa_minimum=section.number("soa_minimum", default.soa_minimum, NEGATIVE_SECONDS),
            soa_refresh=section.number("soa_refresh", default.soa_refresh, SECONDS),
            soa_retry=section.number("soa_retry", default.soa_retry, SECONDS),
            soa_expire=section.number("soa_expire", default.soa_expire, SECONDS),
            name_form=_name_form(section.section("name_form"), default.name_form, (publisher_label, naptr_label)),
            legacy_cname=section.flag("legacy_cname", default=default.legacy_cname),
            publisher_label=publisher_label,
            publisher_indirection=section.flag("publisher_indirection", default=default.publisher_indirection),
            naptr_label=naptr_label,
            optional_services=_optional_services(section),
            name_servers=tuple(_host_name(section, "name_servers", name) for name in section.texts("name_servers")),
            hostmaster=section.text("hostmaster", f"hostmaster.{zone}"),
            observed_servers=read_server_addresses(section, "observed_servers"),
            secondaries=read_secondaries(section),
            transfer_keys=read_transfer_keys(section),
            transfer_networks=read_transfer_networks(section),
            push_to=read_push_targets(section),
            publish_interval_ms=section.number("publish_interval_ms", default.publish_interval_ms, MILLISECONDS),
            zone_privacy=section.choice("zone_privacy", default.zone_privacy, _PRIVACIES),
            catalog=section.flag("catalog", default=default.catalog),
        )

    @property
    def naptr_service(self) -> str:
        """The service under which participants are registered."""
        return self.naptr_services[0]


MAX_NAPTR_SERVICES = 4


def _naptr_services(section: Section, default: tuple[str, ...]) -> tuple[str, ...]:
    services = section.texts("naptr_services", default)
    # Services compare without case (RFC 3403 §6.1).
    if not 0 < len({service.lower() for service in services}) == len(services) <= MAX_NAPTR_SERVICES:
        section.complain("naptr_services", f"one to {MAX_NAPTR_SERVICES} different services are needed")
        return default
    return services


def _name_form(section: Section, default: NameForm, smp_labels: tuple[str, ...]) -> NameForm:
    """The flags are short for a template, and a template, where there is one, is what counts."""
    scheme = ["{scheme}"] if section.flag("scheme_as_label", default=default.scheme_as_label) else []
    icd = ["{icd}"] if section.flag("icd_as_label", default=False) else []
    template = section.text("template", ".".join(["{hash}", *icd, *scheme]))
    problem = template_problem(template)
    if problem is not None:
        section.complain("template", problem)
    taken = {label.rpartition(".")[2] for label in smp_labels}
    if template.rpartition(".")[2] in taken:
        section.complain("template", "SMPs have their names below that label")
    lowercase = section.flag("lowercase_before_hash", default=default.lowercase_before_hash)
    return NameForm(template, lowercase)


def _naptr_label(section: Section, default: DnsProfile) -> str:
    label = _host_name(section, "naptr_label", section.text("naptr_label", default.naptr_label))
    if label == ascii_lower(section.text("publisher_label", default.publisher_label)).removesuffix("."):
        # Where an SMP has its alias there can be no other record (RFC 1034 §3.6.2).
        section.complain("naptr_label", "must differ from publisher_label")
    return label


def _optional_services(section: Section) -> tuple[str, ...]:
    services = section.texts("optional_services")
    for service in services:
        if not is_naptr_service(service):
            section.complain("optional_services", f"not a NAPTR service: {service[:80]!r}")
    if len({service.lower() for service in services}) < len(services):
        section.complain("optional_services", "a service is there twice")
    return services


def _host_name(section: Section, key: str, text: str) -> str:
    name = ascii_lower(text).removesuffix(".")
    if not is_host_name(name):
        section.complain(key, f"a domain name is wanted, not {text!r}")
    return name
