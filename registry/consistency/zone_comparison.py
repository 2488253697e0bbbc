# SPDX-License-Identifier: Apache-2.0
"""SML and DNS compared: what each name of a zone shall hold by its rows, and what it holds.

Both sides go past each other once, in the order of names, so memory stays the same for any number of them. What is
compared is the state after all committed changes; how much of it is out is another question
(`registry.sml.visibility`). On PostgreSQL the two sides are read one after the other while others write, so a finding
is looked at again before it is repaired.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice

from registry.consistency.findings import Finding, Findings, Kind
from registry.dns.journal import NewState
from registry.dns.records import ns_rrset, soa_rrset
from registry.dns.zone_reader import absolute
from registry.domains.domain import Domain
from registry.scratch import Row, SortedRows
from registry.sml.bulk import FOLLOW, REMOVE, TRANSFER
from registry.sml.names import participant_states, publisher_states
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import consistency, publishers, zone_records
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection

REGISTRATION, PUBLISHER, OPERATOR, APEX_RECORDS, AT_WORK = "registration", "publisher", "operator", "apex", "job"
"""Why a name shall hold something. Whatever it holds is right while a job is at work on it."""
NAME_KINDS = (Kind.NAME_MISSING, Kind.NAME_DIFFERS, Kind.NAME_SURPLUS, Kind.NAME_CONTESTED)
BULK_JOBS = (FOLLOW, TRANSFER, REMOVE)
_TOGETHER = 10_000

Progress = Callable[[int], None]
"""Is told how many things were looked at so far."""


def compare_names(
    connection: Connection, stored: StoredDomain, zone_id: int, findings: Findings, progress: Progress
) -> None:
    """Find what names of a domain hold and shouldn't, or should and don't."""
    with SortedRows() as wanted:
        looked_at = 0
        for row in wanted_rows(connection, stored, zone_id):
            wanted.add(row)
            looked_at += 1
            if looked_at % _TOGETHER == 0:
                progress(looked_at)
        compared = 0
        held = consistency.all_rrsets(connection, zone_id)
        for finding in _merged(wanted, held, stored.domain.dns.zone, findings):
            compared += 1
            if finding is not None:
                findings.add(finding)
            if compared % _TOGETHER == 0:
                progress(looked_at + compared)
        progress(looked_at + compared)
    findings.summary.looked_at(compared, *NAME_KINDS)


def wanted_rows(connection: Connection, stored: StoredDomain, zone_id: int) -> Iterator[Row]:
    """What the names of a domain shall hold: owner, type, text, and why, with the id of the row that says so."""
    domain = stored.domain
    by_id = {row.id: row for row in publishers.of_domain(connection, stored.id)}
    at_work = consistency.publishers_at_work(connection, stored.id, BULK_JOBS)
    for state in apex_states(domain):
        yield state.owner, state.rdtype, state.text or "", APEX_RECORDS, ""
    for record in zone_records.of_zone(connection, zone_id):
        yield record.owner, record.rdtype, record.content, OPERATOR, ""
    for row in by_id.values():
        why = AT_WORK if row.id in at_work else PUBLISHER
        yield from _rows(publisher_states(domain, row), why, row.id)
    registrations = consistency.all_registrations(connection, stored.id)
    while part := list(islice(registrations, _TOGETHER)):
        for publisher_id, mine in _by_publisher(part).items():
            if publisher_id in by_id:  # else it was added since
                why = AT_WORK if publisher_id in at_work else REGISTRATION
                yield from _participant_rows(domain, by_id[publisher_id], mine, why)


def apex_states(domain: Domain) -> list[NewState]:
    """What the zone itself shall hold; the serial in it is that of each version."""
    return [NewState.of(soa_rrset(domain.dns, 0)), NewState.of(ns_rrset(domain.dns))]


def _participant_rows(
    domain: Domain, publisher: PublisherRow, rows: Sequence[RegistrationRow], why: str
) -> Iterator[Row]:
    by_label = {row.label: row.id for row in rows}
    row_id = 0
    for state in participant_states(domain, publisher, rows):
        row_id = by_label.get(state.owner, row_id)  # other names of a participant come behind its own
        yield from _rows([state], why, row_id)


def _rows(states: Iterable[NewState], why: str, row_id: int) -> Iterator[Row]:
    for state in states:
        if state.text is not None or why == AT_WORK:
            yield state.owner, state.rdtype, state.text or "", why, str(row_id)


def _by_publisher(rows: Iterable[RegistrationRow]) -> dict[int, list[RegistrationRow]]:
    found: dict[int, list[RegistrationRow]] = {}
    for row in rows:
        found.setdefault(row.publisher_id, []).append(row)
    return found


def _merged(
    wanted: Iterable[Row], held: Iterator[tuple[str, str, str]], zone: str, findings: Findings
) -> Iterator[Finding | None]:
    """A finding, or None where all is well, for each record set that is wanted or held."""
    at = next(held, None)
    for key, rows in groupby(wanted, key=lambda row: row[:2]):
        while at is not None and at[:2] < key:
            yield _surplus(at, zone)
            at = next(held, None)
        found = None
        if at is not None and at[:2] == key:
            found, at = at[2], next(held, None)
        reasons = list(rows)
        if any(row[3] == AT_WORK for row in reasons):
            findings.summary.in_progress += 1
            yield None
        else:
            yield _judged(reasons, found, zone)
    while at is not None:
        yield _surplus(at, zone)
        at = next(held, None)


def _judged(wanted: Sequence[Row], found: str | None, zone: str) -> Finding | None:
    owner, rdtype, text, *_ = wanted[0]
    subject = _subject(owner, rdtype, zone)
    if len({row[2] for row in wanted}) > 1:
        claims = ", ".join(f"{why} {number}" for *_, why, number in wanted[:5])
        return Finding(Kind.NAME_CONTESTED, f"{subject} ({claims})", tuple(wanted[0][:2]), text, found)
    if found == text:
        return None
    kind = Kind.NAME_MISSING if found is None else Kind.NAME_DIFFERS
    return Finding(kind, subject, tuple(wanted[0]), text, found)


def _surplus(held: tuple[str, str, str], zone: str) -> Finding:
    owner, rdtype, text = held
    return Finding(Kind.NAME_SURPLUS, _subject(owner, rdtype, zone), (owner, rdtype), None, text)


def _subject(owner: str, rdtype: str, zone: str) -> str:
    return f"{absolute(owner, zone)} {rdtype}"
