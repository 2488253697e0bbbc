# SPDX-License-Identifier: Apache-2.0
"""A domain's DNS zone: its name, who serves it, for how long answers hold, and how names are made."""

from dataclasses import dataclass, field
from typing import Self

from registry.domains.host_name import is_host_name
from registry.domains.section import Section
from registry.identifiers.dns_names import NameForm
from registry.identifiers.text import ascii_lower

SECONDS = range(2**31)
NEGATIVE_SECONDS = range(61)


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
    name_servers: tuple[str, ...] = ()
    """Their host names; the first one is the primary in the SOA record."""
    hostmaster: str = ""
    """A mail address, or the domain name that stands for one; `hostmaster.<zone>` where none is given."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `dns`; complains there."""
        zone = _host_name(section, "zone", section.text("zone"))
        default = cls(zone)
        form = section.section("name_form")
        return cls(
            zone=zone,
            naptr_services=_naptr_services(section, default.naptr_services),
            ttl=section.number("ttl", default.ttl, SECONDS),
            soa_minimum=section.number("soa_minimum", default.soa_minimum, NEGATIVE_SECONDS),
            soa_refresh=section.number("soa_refresh", default.soa_refresh, SECONDS),
            soa_retry=section.number("soa_retry", default.soa_retry, SECONDS),
            soa_expire=section.number("soa_expire", default.soa_expire, SECONDS),
            name_form=NameForm(
                scheme_as_label=form.flag("scheme_as_label", default=default.name_form.scheme_as_label),
                lowercase_before_hash=form.flag(
                    "lowercase_before_hash", default=default.name_form.lowercase_before_hash
                ),
                icd_as_label=form.flag("icd_as_label", default=default.name_form.icd_as_label),
            ),
            legacy_cname=section.flag("legacy_cname", default=default.legacy_cname),
            publisher_label=_host_name(
                section, "publisher_label", section.text("publisher_label", default.publisher_label)
            ),
            name_servers=tuple(_host_name(section, "name_servers", name) for name in section.texts("name_servers")),
            hostmaster=section.text("hostmaster", f"hostmaster.{zone}"),
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


def _host_name(section: Section, key: str, text: str) -> str:
    name = ascii_lower(text).removesuffix(".")
    if not is_host_name(name):
        section.complain(key, f"a domain name is wanted, not {text!r}")
    return name
