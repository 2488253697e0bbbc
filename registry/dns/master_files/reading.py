# SPDX-License-Identifier: Apache-2.0
"""Reads a master file (RFC 1035 §5.1) that somebody gives us; bounded in size, and it leads to no other files.

`$ORIGIN` and `$TTL` (RFC 2308 §4) are understood. `$INCLUDE` would read files of this machine, and a line of
`$GENERATE` can stand for any number of records: both are refused.
"""

import dns.exception
import dns.name
import dns.node
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.zonefile

from registry.dns.records import RRset
from registry.errors import ValidationError

MAX_OCTETS = 16 * 2**20
"""Some hundred thousand records, which take twenty seconds to be read."""
_DIRECTIVES = ("$ORIGIN", "$TTL")


class _Records(dns.zonefile.RRsetsReaderTransaction):
    """Collects record sets. What stands beside what is for our own rules; this would look through all for each."""

    def _get_node(self, name: dns.name.Name) -> dns.node.Node | None:
        return None


class _Manager(dns.zonefile.RRSetsReaderManager):
    def writer(self, replacement: bool = False) -> _Records:
        return _Records(self, replacement, read_only=False)  # type: ignore[no-untyped-call]


def read_master_file(text: str, zone: str) -> list[RRset]:
    """The record sets in a master file of a zone: owners relative to it, absolute (with a dot) where outside of it.

    Raises ValidationError with the line where it can't be read.
    """
    if len(text.encode()) > MAX_OCTETS:
        message = f"the file has more than {MAX_OCTETS} octets; take out what participants and SMPs have"
        raise ValidationError.of("MASTER-FILE-SIZE", message)
    origin = dns.name.from_text(zone)
    manager = _Manager(origin)
    try:
        with manager.writer(replacement=True) as records:
            tokens = dns.tokenizer.Tokenizer(text, "line")
            reader = dns.zonefile.Reader(tokens, dns.rdataclass.IN, records, allow_directives=_DIRECTIVES)
            # All names are read, also those outside of the zone, which would be left out without a word.
            reader.zone_origin = dns.name.root
            reader.read()
    except (dns.exception.DNSException, ValueError) as error:
        raise ValidationError.of("MASTER-FILE", f"the file can't be read: {error}", "RFC 1035 §5.1") from None
    found = []
    for rrset in manager.rrsets:
        owner = rrset.name.relativize(origin).to_text().lower()
        rdtype = dns.rdatatype.to_text(rrset.rdtype)
        found.append(RRset(owner, rdtype, rrset.ttl, tuple(rdata.to_text() for rdata in rrset)))
    return found
