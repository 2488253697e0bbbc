# SPDX-License-Identifier: Apache-2.0
"""Names and record sets in wire format, rendered once and shared.

A million participants of a few hundred publishers have a few hundred distinct answers, because the owner of each
answered record is a compression pointer to the question (`C00C`, RFC 1035 §4.1.4). So rendered sets are interned:
equal content is the same object, and costs its memory once.
"""

import struct
from functools import lru_cache
from io import BytesIO
from weakref import WeakValueDictionary

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.dns.records import APEX, MAX_TTL, RRset
from registry.errors import ValidationError

IN = b"\x00\x01"
QUESTION_OWNER = b"\xc0\x0c"
MAX_NAME = 255  # octets, RFC 1035 §3.1
_MAX_SECTION = 0xFFFF - 12 - MAX_NAME - 4 - 11  # a whole TCP message without header, question and OPT record


class RenderedRRset:
    """A record set in wire format; immutable, compared by identity.

    `code` is the type in two octets; `tails` holds per record all that follows the owner; `answer` is the whole set
    owned by the question's name, `counts` the QD, AN and NS counts of a message that has nothing else. `targets` are
    the lower-case wire names that a CNAME, DNAME or NS set leads to, none for other types.
    """

    __slots__ = ("__weakref__", "answer", "code", "count", "counts", "tails", "targets", "ttl")

    def __init__(self, code: bytes, ttl: int, rdatas: tuple[bytes, ...]) -> None:
        distinct = tuple(dict.fromkeys(rdatas))
        self.code = code
        self.ttl = ttl
        self.count = len(distinct)
        self.tails = tuple(code + IN + struct.pack("!IH", ttl, len(rdata)) + rdata for rdata in distinct)
        self.answer = self.owned_by(QUESTION_OWNER)
        self.counts = struct.pack("!HHH", 1, self.count, 0)
        self.targets = tuple(rdata.lower() for rdata in distinct) if code in _LEADING else ()

    def owned_by(self, owner: bytes) -> bytes:
        """All records of the set with this owner, a wire name or a compression pointer."""
        return owner.join((b"", *self.tails))


@lru_cache(maxsize=256)
def type_code(rdtype: str) -> bytes:
    """A record type in two octets; raises `ValidationError` for what is no type of stored data."""
    try:
        number = dns.rdatatype.from_text(rdtype)
    except dns.exception.DNSException:
        number = dns.rdatatype.NONE
    if number == dns.rdatatype.NONE or dns.rdatatype.is_metatype(number):
        raise ValidationError.of("DNS-TYPE", f"not a type of stored records: {rdtype[:40]!r}", "RFC 6895 §3.1")
    return number.to_bytes(2)


A = type_code("A")
AAAA = type_code("AAAA")
CNAME = type_code("CNAME")
DNAME = type_code("DNAME")
DS = type_code("DS")
NS = type_code("NS")
SOA = type_code("SOA")
_LEADING = (CNAME, DNAME, NS)

_LENGTHS = {length: bytes((length,)) for length in range(1, 64)}


def name_to_wire(name: str) -> bytes:
    """A relative name as lower-case labels without the root's; "@" is empty. Raises `ValidationError`."""
    if name == APEX:
        return b""
    try:
        return b"".join([_LENGTHS[len(label)] + label for label in _labels(name)]).lower()
    except (LookupError, UnicodeEncodeError, dns.exception.DNSException):
        raise ValidationError.of("DNS-NAME", f"not a domain name: {name[:300]!r}", "RFC 1035 §2.3.4") from None


def _labels(name: str) -> list[bytes]:
    encoded = name.encode("ascii")
    if b"\\" in encoded:
        return list(dns.name.from_text(name, None).labels)
    return encoded.split(b".")


@lru_cache(maxsize=65536)
def rdata_to_wire(rdtype: str, rdata: str) -> bytes:
    """Presentation form to uncompressed wire format; raises `ValidationError`."""
    number = dns.rdatatype.RdataType.make(int.from_bytes(type_code(rdtype)))
    wire = BytesIO()
    try:
        dns.rdata.from_text(dns.rdataclass.IN, number, rdata, dns.name.root, relativize=False).to_wire(wire)
    except (dns.exception.DNSException, ValueError) as error:
        message = f"not the rdata of a {rdtype}: {rdata[:200]!r} ({error})"
        raise ValidationError.of("DNS-RDATA", message, "RFC 1035 §5.1") from None
    return wire.getvalue()


_rendered: WeakValueDictionary[tuple[str, int, tuple[str, ...]], RenderedRRset] = WeakValueDictionary()


def render(rrset: RRset) -> RenderedRRset:
    """The set in wire format, shared with all sets of equal type, TTL and rdata; raises `ValidationError`."""
    key = (rrset.rdtype, rrset.ttl, rrset.rdatas)
    found = _rendered.get(key)
    if found is not None:
        return found
    if not rrset.rdatas or not 0 <= rrset.ttl <= MAX_TTL:
        message = f"{rrset.owner} {rrset.rdtype} has no records or an impossible TTL ({rrset.ttl})"
        raise ValidationError.of("DNS-RRSET", message, "RFC 2181 §5, §8")
    wires = tuple(rdata_to_wire(rrset.rdtype, rdata) for rdata in rrset.rdatas)
    rendered = RenderedRRset(type_code(rrset.rdtype), rrset.ttl, wires)
    if len(rendered.answer) > _MAX_SECTION:
        message = f"{rrset.owner} {rrset.rdtype} does not fit into a message"
        raise ValidationError.of("DNS-RRSET-SIZE", message, "RFC 1035 §4.2.2")
    _rendered[key] = rendered
    return rendered
