# SPDX-License-Identifier: Apache-2.0
"""What name servers really answer, by samples: the records of some participants, asked of each server itself.

A server that is behind isn't wrong: a name that has changed since the serial that it serves is left out, and the next
sample taken. The whole zone is compared where it is made (`zone_comparison`); this is about what comes out.
"""

import random

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.consistency.findings import Finding, Findings, Kind
from registry.dns.asking import AskSoa, Query, ask, ask_soa
from registry.dns.records import RRset
from registry.dns.zone_reader import absolute
from registry.errors import TechnicalError
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import consistency, name_servers, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

_TYPES = ("CNAME", "NAPTR")


def compare_answers(
    database: Database,
    stored: StoredDomain,
    server: str,
    samples: int,
    findings: Findings,
    *,
    seed: int = 0,
    query: Query = ask,
    soa_of: AskSoa = ask_soa,
) -> int:
    """Ask a server for the names of up to `samples` participants; returns how many could be compared.

    `seed` chooses them. A server that can't be asked is a finding.
    """
    zone_name = stored.domain.dns.zone
    with database.read() as connection:
        owners = _owners(connection, stored, samples, random.Random(seed))  # noqa: S311 — which ones is no secret
    try:
        soa = soa_of(server, zone_name)
    except TechnicalError as error:
        findings.add(Finding(Kind.SERVER_DIFFERS, f"{server} {zone_name}", (server,), "an answer", str(error)))
        return 0
    # Asked without a transaction, which would wait as long as the server lets us wait.
    answers = {owner: _asked(query, server, absolute(owner, zone_name)) for owner in owners}
    compared = 0
    with database.read() as connection:
        zone = zones.of_domain(connection, stored.id)
        if zone is None:  # gone meanwhile
            return 0
        serial = name_servers.serial_behind(connection, zone, server) if soa.signed else soa.serial
        for owner, found in answers.items():
            change = name_servers.newest_change(connection, zone, [owner])
            if change is not None and (change.serial is None or is_greater(change.serial, serial)):
                continue
            compared += 1
            wanted = _held(connection, zone, owner)
            if found != wanted:
                subject = f"{server} {absolute(owner, zone_name)}"
                findings.add(Finding(Kind.SERVER_DIFFERS, subject, (server, owner), wanted, found))
    return compared


def _owners(connection: Connection, stored: StoredDomain, samples: int, chance: random.Random) -> list[str]:
    low, high = consistency.id_range(connection, stored.id)
    found: dict[str, None] = {}
    for _ in range(samples if low <= high else 0):
        row = consistency.next_registration(connection, stored.id, chance.randint(low, high))
        if row is not None:
            found[row.label] = None
    return list(found)


def _asked(query: Query, server: str, name: str) -> str | None:
    try:
        response = query(server, dns.message.make_query(name, dns.rdatatype.NAPTR, flags=0))
    except TechnicalError as error:
        return str(error)
    return _answered(response, dns.name.from_text(name))


def _held(connection: Connection, zone: ZoneRow, owner: str) -> str | None:
    """What a name holds, in the form in which answers are compared."""
    texts = zones.rrset_texts(connection, zone.id, [(owner, rdtype) for rdtype in _TYPES])
    lines = []
    for (_, rdtype), text in texts.items():
        rrset = RRset.from_text(owner, rdtype, text)
        lines += [_line(rdtype, rrset.ttl, _rdata(rdtype, rdata)) for rdata in rrset.rdatas]
    return "\n".join(sorted(lines)) or None


def _answered(response: dns.message.Message, owner: dns.name.Name) -> str | None:
    # What an alias leads to is another name's.
    rrsets = [rrset for rrset in response.answer if rrset.name == owner and rrset.rdtype in _CODES]
    lines = [_line(_CODES[rrset.rdtype], rrset.ttl, rdata) for rrset in rrsets for rdata in rrset]
    return "\n".join(sorted(lines)) or None


_CODES = {dns.rdatatype.from_text(rdtype): rdtype for rdtype in _TYPES}


def _rdata(rdtype: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, text)


def _line(rdtype: str, ttl: int, rdata: dns.rdata.Rdata) -> str:
    text = rdata.to_text()
    return f"{rdtype} {ttl} {text.lower() if rdtype == 'CNAME' else text}"
