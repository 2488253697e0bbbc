# SPDX-License-Identifier: Apache-2.0
"""Asks a server that gives no zone away for some record sets of it: chosen by chance, and what was removed last.

Every record set has the same chance, so what is found says something of the whole: where none of n is wrong, then with
95 % confidence fewer than 1 - 0.05^(1/n) of all are (about 3/n). What only the server has is not found this way, but
for names that we had until lately.
"""

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from registry.dns.asking import Query, ask
from registry.dns.reconcile.differences import Difference, Kind, text_of
from registry.dns.reconcile.wire_reader import canonical_rdata, tail_of, tails_of
from registry.dns.zone_reader import absolute
from registry.errors import TechnicalError

CONFIDENCE = 0.95
_AT_ONCE = 8
_FAILURES = 10
"""So many queries without an answer, and the server isn't asked on."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A record set as it should be; `text` is None for one that should not be there."""

    owner: str
    rdtype: str
    text: str | None


def choose(rows: Iterable[tuple[str, str, str]], number: int, seed: int) -> list[Sample]:
    """Up to `number` record sets, each with the same chance; one look through all of them."""
    chance = random.Random(seed)  # noqa: S311 — which ones is no secret
    chosen: list[tuple[str, str, str]] = []
    for place, row in enumerate(rows):
        if place < number:
            chosen.append(row)
        elif (at := chance.randrange(place + 1)) < number:
            chosen[at] = row
    return [Sample(*row) for row in chosen]


def undetected_share(samples: int) -> float:
    """The share of wrong record sets that, with confidence, isn't reached where none of so many samples was wrong."""
    return 1 - float((1 - CONFIDENCE) ** (1 / samples)) if samples else 1.0


def is_signed(server: str, zone: str, query: Query = ask) -> bool:
    """Whether a server has keys that sign the zone. Raises TechnicalError."""
    response = query(server, dns.message.make_query(zone, dns.rdatatype.DNSKEY, flags=0))
    return any(rrset.rdtype == dns.rdatatype.DNSKEY for rrset in response.answer)


def ask_samples(server: str, zone: str, samples: Sequence[Sample], query: Query = ask) -> list[Difference]:
    """What a server answers other than it should, TTLs included.

    Raises TechnicalError where it doesn't answer well enough to tell.
    """
    failures: list[str] = []

    def one(sample: Sample) -> Difference | None:
        if len(failures) >= _FAILURES:
            return None
        try:
            return _compared(sample, records_at(server, zone, sample.owner, sample.rdtype, query))
        except TechnicalError as error:
            failures.append(str(error))
            return None

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="samples") as threads:
        found = [difference for difference in threads.map(one, samples) if difference is not None]
    if failures:
        raise TechnicalError(f"{len(failures)} of {len(samples)} queries had no answer: {failures[0]}")
    return found


def records_at(server: str, zone: str, owner: str, rdtype: str, query: Query = ask) -> frozenset[bytes]:
    """The tails (`wire_reader`) of a record set as a server answers; none where it isn't there. Raises TechnicalError.

    They count wherever they are: those of a delegation aren't in the answer (RFC 1034 §4.3.2).
    """
    name, code = dns.name.from_text(absolute(owner, zone)), dns.rdatatype.from_text(rdtype)
    response = query(server, dns.message.make_query(name, code, flags=0))
    if response.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise TechnicalError(f"it answers {dns.rcode.to_text(response.rcode())}")
    for section in (response.answer, response.authority, response.additional):
        rrset = response.get_rrset(section, name, dns.rdataclass.IN, code)
        if rrset:
            wires = (rdata.to_wire() or b"" for rdata in rrset)
            return frozenset(tail_of(int(code), rrset.ttl, canonical_rdata(int(code), wire)) for wire in wires)
    return frozenset()


def _compared(sample: Sample, found: frozenset[bytes]) -> Difference | None:
    wanted = frozenset() if sample.text is None else frozenset(tails_of(sample.rdtype, sample.text))
    if wanted == found:
        return None
    kind = Kind.SURPLUS if not wanted else Kind.DIFFERS if found else Kind.MISSING
    return Difference(kind, sample.owner, sample.rdtype, _text(wanted - found), _text(found - wanted))


def _text(tails: frozenset[bytes]) -> str | None:
    return "\n".join(sorted(map(text_of, tails))) or None
