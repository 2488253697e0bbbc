# SPDX-License-Identifier: Apache-2.0
"""Resource record sets as the registry stores them, and builders for those that a locator publishes.

Owners are relative to the zone, lower case, "@" for the apex; rdata is in presentation form (RFC 1035 §5.1)
with absolute names. A participant should have exactly one NAPTR (RFC 3403, RFC 4848), spelled
`100 10 "U" "Meta:SMP" "!.*!URL!" .`: clients in the field compare the service case-sensitively, split on `!`
and take the first record, so the builder refuses whatever would need an escape.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from registry.domains.dns_profile import DnsProfile
from registry.errors import ConfigurationError, Reason, ValidationError
from registry.identifiers.naptr_service import is_naptr_service

APEX = "@"
APEX_TTL = 3600
"""Seconds that resolvers may keep the SOA and NS records."""
MAX_TTL = 2**31 - 1  # RFC 2181 §8
MAX_URL = 255 - len("!.*!!")  # one character-string holds the whole expression (RFC 1035 §3.3)

_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class RRset:
    """All records of one type at one owner; `ttl` in seconds, `rdatas` in presentation form."""

    owner: str
    rdtype: str
    ttl: int
    rdatas: tuple[str, ...]

    def to_text(self) -> str:
        """One line `TTL RDATA` per record: what the database stores."""
        return "\n".join(f"{self.ttl} {rdata}" for rdata in self.rdatas)

    @classmethod
    def from_text(cls, owner: str, rdtype: str, text: str) -> RRset:
        """The opposite of `to_text`; raises `ValidationError` when a line is malformed or TTLs differ."""
        ttls, rdatas = _lines(text)
        if len(ttls) != 1:
            raise ValidationError.of("DNS-RRSET-TTL", f"{owner} {rdtype} has several TTLs", "RFC 2181 §5.2")
        return cls(owner, rdtype, int(min(ttls)), rdatas)


@lru_cache(maxsize=1024)  # all participants of a publisher have the same text
def _lines(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The TTLs and the rdata in a text as stored."""
    ttls: set[str] = set()
    rdatas: list[str] = []
    for line in text.split("\n"):
        ttl, _, rdata = line.partition(" ")
        if not (ttl.isascii() and ttl.isdecimal() and int(ttl) <= MAX_TTL and rdata):
            raise ValidationError.of("DNS-RRSET-TEXT", f"not a TTL and rdata: {line[:80]!r}", "RFC 1035 §5.1")
        ttls.add(ttl)
        rdatas.append(rdata)
    return frozenset(ttls), tuple(rdatas)


def naptr_rrset(
    owner: str, url: str, services: Sequence[str], ttl: int, *, order: int = 100, preference: int = 10
) -> RRset:
    """The U-NAPTR records that lead from a participant to its publisher, one for each service, the first preferred.

    `ValidationError` has every reason.
    """
    reasons = [*_url_reasons(url), *(reason for service in services for reason in _service_reasons(service))]
    last = preference + len(services) - 1
    reasons += [
        Reason("DNS-NAPTR-NUMBER", f"the {name} is not in 0..65535: {numbers[-1]}", "RFC 3403 §4.1")
        for name, numbers in (("order", (order,)), ("preference", (preference, last)))
        if not 0 <= min(numbers) <= max(numbers) <= 0xFFFF
    ]
    if reasons:
        raise ValidationError(reasons)
    records = tuple(
        f'{order} {preference + place} "U" "{service}" "!.*!{url}!" .' for place, service in enumerate(services)
    )
    return RRset(owner, "NAPTR", ttl, records)


def publisher_rrset(smp_id: str, logical_address: str, ttl: int, *, label: str = "publisher") -> RRset:
    """`<smp_id>.publisher`: CNAME to the host of the logical address, or A / AAAA for an IP literal.

    Raises `ValidationError` when the address has no host that DNS can name.
    """
    owner = f"{smp_id.lower()}.{label}"
    host = _host(logical_address)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _is_host_name(host):
            message = f"the address has no host that DNS can name: {logical_address[:200]!r}"
            raise ValidationError.of("DNS-HOST", message, "RFC 1123 §2.1") from None
        return RRset(owner, "CNAME", ttl, (absolute(host),))
    if isinstance(address, ipaddress.IPv4Address):
        return RRset(owner, "A", ttl, (str(address),))
    if address.scope_id is not None:
        raise ValidationError.of("DNS-HOST", f"an IPv6 zone id means nothing to others: {host}", "RFC 4007 §11")
    return RRset(owner, "AAAA", ttl, (str(address),))


def publisher_alias(owner: str, smp_id: str, zone: str, ttl: int, *, label: str = "publisher") -> RRset:
    """An alias of `<smp_id>.<label>` in the same zone."""
    return RRset(owner, "CNAME", ttl, (absolute(f"{smp_id.lower()}.{label}.{zone}"),))


def soa_rrset(profile: DnsProfile, serial: int) -> RRset:
    """The zone's SOA; its minimum is the negative TTL (RFC 2308 §4). Raises `ConfigurationError`."""
    timers = f"{profile.soa_refresh} {profile.soa_retry} {profile.soa_expire} {profile.soa_minimum}"
    mailbox = _mailbox(profile.hostmaster or f"hostmaster.{profile.zone}")
    return RRset(APEX, "SOA", APEX_TTL, (f"{_name_servers(profile)[0]} {mailbox} {serial} {timers}",))


def ns_rrset(profile: DnsProfile) -> RRset:
    """The zone's name servers. Raises `ConfigurationError` when there are none (RFC 1035 §5.2)."""
    return RRset(APEX, "NS", APEX_TTL, _name_servers(profile))


def _name_servers(profile: DnsProfile) -> tuple[str, ...]:
    if not profile.name_servers:
        raise ConfigurationError(f"zone {profile.zone} has no name server; set dns.name_servers")
    return tuple(absolute(name) for name in profile.name_servers)


def absolute(name: str) -> str:
    """A domain name with its final dot."""
    return name if name.endswith(".") else name + "."


def _mailbox(hostmaster: str) -> str:
    """A mail address as a domain name: dots before the @ are escaped (RFC 1035 §8)."""
    local, at, domain = hostmaster.rpartition("@")
    if not at:
        return absolute(hostmaster)
    escaped = local.replace(".", r"\.")
    return absolute(f"{escaped}.{domain}")


def _host(url: str) -> str:
    """The host of an absolute URL, lower case, without brackets and final dot; empty when there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.hostname or ""
    if "[" in parts.netloc and ":" not in host:  # RFC 3986's IPvFuture, which nobody can resolve
        return ""
    return host.removesuffix(".")


def _is_host_name(host: str) -> bool:
    return len(host) <= _MAX_NAME and all(_HOST_LABEL.fullmatch(label) for label in host.split("."))


def _url_reasons(url: str) -> list[Reason]:
    reasons = []
    unfit = sorted({c for c in url if c in '!\\"' or not "!" <= c <= "~"})
    if unfit:
        shown = " ".join(repr(c) for c in unfit[:8])
        message = f"the URL has characters that a NAPTR cannot carry to all clients ({shown}); percent-encode them"
        reasons.append(Reason("DNS-NAPTR-URL-CHARACTERS", message, "RFC 3402 §3.2"))
    if len(url) > MAX_URL:
        message = f"the URL has {len(url)} characters, a NAPTR holds {MAX_URL}"
        reasons.append(Reason("DNS-NAPTR-URL-LENGTH", message, "RFC 1035 §3.3"))
    if "://" not in url or not _host(url):
        reasons.append(Reason("DNS-NAPTR-URL", f"not an absolute URL: {url[:200]!r}", "RFC 4848 §2.2"))
    return reasons


def _service_reasons(service: str) -> list[Reason]:
    if is_naptr_service(service):
        return []
    return [Reason("DNS-NAPTR-SERVICE", f"not a NAPTR service: {service[:80]!r}", "RFC 3958 §6.5")]
