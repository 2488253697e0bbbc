# SPDX-License-Identifier: Apache-2.0
"""DNS over HTTPS for the zones of our domains: RFC 8484, and the JSON form that some look-up clients speak.

Questions go to one name server, or to those of the system; for any other zone the answer is REFUSED, so that nobody can
use us as an open resolver. An answer of DNS is HTTP 200 whatever its response code (RFC 8484 §4.2.1).
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.resolver
import dns.rrset

from registry.discovery.locator import parse_nameserver
from registry.errors import ConfigurationError, ValidationError
from registry.identifiers.text import shorten

MESSAGE: Final = b"application/dns-message"
JSON: Final = b"application/dns-json"
MAX_MESSAGE: Final = 2048  # bytes; one question needs less than 300, options the rest
_PAYLOAD: Final = 1232
_META_TYPES: Final = range(128, 256)  # AXFR, IXFR, ANY, TKEY, TSIG… (RFC 6895 §3.1)


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """An answer as it is sent, and for how many seconds it may be kept."""

    message: dns.message.Message
    max_age: int

    @property
    def rcode(self) -> str:
        """The response code, as `NOERROR`."""
        return dns.rcode.to_text(self.message.rcode())

    def to_wire(self) -> bytes:
        """As RFC 8484 wants it."""
        return self.message.to_wire(max_size=65_535)

    def to_json(self) -> bytes:
        """`{Status, TC, RD, RA, AD, CD, Question, Answer, Authority}`; names end in a dot, data as in zone files."""
        message, flags = self.message, self.message.flags
        shown: dict[str, Any] = {
            "Status": int(message.rcode()),
            "TC": bool(flags & dns.flags.TC),
            "RD": bool(flags & dns.flags.RD),
            "RA": bool(flags & dns.flags.RA),
            "AD": bool(flags & dns.flags.AD),
            "CD": bool(flags & dns.flags.CD),
            "Question": [{"name": one.name.to_text(), "type": int(one.rdtype)} for one in message.question],
            "Answer": _records(message.answer),
        }
        if message.authority:
            shown["Authority"] = _records(message.authority)
        return json.dumps(shown).encode()


class DnsForwarder:
    """Asks `nameserver` (as `DnsLocator`; None: the system's) about names in the zones that `use` names.

    Several threads may use it at once. Raises ConfigurationError.
    """

    def __init__(self, nameserver: str | dns.nameserver.Nameserver | None, *, timeout: float = 2.0) -> None:
        self._timeout = timeout
        self._servers = _servers(nameserver)
        self._zones: tuple[dns.name.Name, ...] = ()

    def use(self, zones: Iterable[str]) -> None:
        """Answer about these zones from now on."""
        self._zones = tuple(dns.name.from_text(zone) for zone in zones)

    def answer(self, query: dns.message.Message) -> DnsAnswer:
        """The answer to a query of `read_message` or `question`; SERVFAIL where no server gives one."""
        asked = query.question[0]
        response = dns.message.make_response(query, recursion_available=True)
        if not self._serves(asked):
            response.set_rcode(dns.rcode.REFUSED)
            return DnsAnswer(response, 0)
        upstream = self._ask(query)
        if upstream is None:
            response.set_rcode(dns.rcode.SERVFAIL)
            return DnsAnswer(response, 0)
        response.set_rcode(upstream.rcode())
        response.flags |= upstream.flags & (dns.flags.AD | dns.flags.TC)
        response.answer, response.authority, response.additional = (
            upstream.answer,
            upstream.authority,
            upstream.additional,
        )
        return DnsAnswer(response, _max_age(response))

    def _serves(self, asked: dns.rrset.RRset) -> bool:
        return (
            asked.rdclass == dns.rdataclass.IN
            and asked.rdtype not in _META_TYPES
            and any(asked.name.is_subdomain(zone) for zone in self._zones)
        )

    def _ask(self, query: dns.message.Message) -> dns.message.Message | None:
        # Made anew: what else the client has put into its message goes nowhere.
        asked = query.question[0]
        request = dns.message.make_query(
            asked.name,
            asked.rdtype,
            use_edns=0,
            want_dnssec=bool(query.ednsflags & dns.flags.DO),
            payload=_PAYLOAD,
            flags=query.flags & (dns.flags.RD | dns.flags.CD | dns.flags.AD),
        )
        for server in self._servers:
            try:
                try:
                    response = server.query(request, self._timeout, None, 0, max_size=False)
                except dns.message.Truncated:
                    response = server.query(request, self._timeout, None, 0, max_size=True)
            except (dns.exception.DNSException, OSError):
                continue
            if response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                return response
        return None


def read_message(wire: bytes) -> dns.message.Message:
    """A query in wire format. Raises ValidationError unless it asks one question."""
    if not 0 < len(wire) <= MAX_MESSAGE:
        raise ValidationError.of("DOH-MESSAGE", f"a DNS message here has 1 to {MAX_MESSAGE} bytes", "RFC 8484 §4.1")
    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValidationError.of("DOH-MESSAGE", "that is no DNS message", "RFC 8484 §4.1") from error
    if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        raise ValidationError.of("DOH-QUESTION", "a DNS message here asks one question", "RFC 9619 §4")
    return query


def decode_message(text: str) -> bytes:
    """The wire format of the parameter `dns`: base64url without padding. Raises ValidationError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationError.of("DOH-MESSAGE", "the parameter dns is no base64url", "RFC 8484 §6") from error


def question(name: str, rdtype: str, *, dnssec: bool = False, checking_disabled: bool = False) -> dns.message.Message:
    """The query of the JSON form; `rdtype` is a name or a number. Raises ValidationError."""
    try:
        query = dns.message.make_query(
            dns.name.from_text(name), _rdatatype(rdtype), use_edns=0 if dnssec else False, want_dnssec=dnssec
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise ValidationError.of(
            "DOH-QUESTION", f"{shorten(name)} is no domain name, or {shorten(rdtype)} no record type"
        ) from error
    if checking_disabled:
        query.flags |= dns.flags.CD
    return query


def _rdatatype(text: str) -> dns.rdatatype.RdataType:
    return dns.rdatatype.RdataType.make(int(text) if text.isascii() and text.isdecimal() else text)


def _servers(nameserver: str | dns.nameserver.Nameserver | None) -> Sequence[dns.nameserver.Nameserver]:
    if isinstance(nameserver, str):
        return (dns.nameserver.Do53Nameserver(*parse_nameserver(nameserver)),)
    if nameserver is not None:
        return (nameserver,)
    try:
        system = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise ConfigurationError(f"the system's name servers are unknown: {error}") from error
    return tuple(
        dns.nameserver.Do53Nameserver(server, system.port) if isinstance(server, str) else server
        for server in system.nameservers
    )


def _max_age(message: dns.message.Message) -> int:
    """RFC 8484 §5.1: the least TTL of the answer; for "there is none" that of the SOA record (RFC 2308 §5)."""
    if message.answer:
        return min(rrset.ttl for rrset in message.answer)
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            soa: Any = rrset[0]
            return int(min(rrset.ttl, soa.minimum))
    return 0


def _records(section: list[dns.rrset.RRset]) -> list[dict[str, Any]]:
    return [
        {"name": rrset.name.to_text(), "type": int(rrset.rdtype), "TTL": rrset.ttl, "data": rdata.to_text()}
        for rrset in section
        for rdata in rrset
    ]
