# SPDX-License-Identifier: Apache-2.0
"""Our SMP and our SML compared: which participants the one serves and the other doesn't know, and the reverse."""

from registry.consistency.findings import Finding, Findings, Kind
from registry.errors import NotFoundError
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import consistency, publishers
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import Connection


def own_publisher(connection: Connection, stored: StoredDomain) -> PublisherRow | None:
    """Our own SMP as our SML knows it; None where the domain has no SMP of ours, or another SML.

    Raises NotFoundError where the SML should know it and doesn't.
    """
    smp_id = stored.domain.smp.smp_id
    if not smp_id or not stored.domain.sml.enabled:
        return None
    found = publishers.find(connection, [stored.id], smp_id)
    if not found:
        raise NotFoundError(f"the SML of the domain {stored.domain.name} doesn't know its own SMP {smp_id}; add it")
    return found[0]


def compare_groups(connection: Connection, stored: StoredDomain, findings: Findings) -> None:
    """Find the participants of which SMP and SML say different things. Raises NotFoundError as `own_publisher`."""
    own = own_publisher(connection, stored)
    if own is None:
        return
    service = stored.domain.dns.naptr_service
    for group in consistency.groups_not_of(connection, stored.id, own.id, service):
        subject, key = str(group.participant), (group.participant.scheme, group.participant.value)
        if group.publisher_id is None:
            findings.add(Finding(Kind.GROUP_UNREGISTERED, subject, key, wanted=own.smp_id))
        else:
            smp_ids = publishers.smp_ids(connection, {group.publisher_id})
            findings.add(Finding(Kind.GROUP_ELSEWHERE, subject, key, own.smp_id, smp_ids.get(group.publisher_id)))
    for participant in consistency.registrations_without_group(connection, stored.id, own.id):
        key = (participant.scheme, participant.value)
        findings.add(Finding(Kind.REGISTRATION_UNSERVED, str(participant), key, found=own.smp_id))
    groups = consistency.group_count(connection, stored.id)
    findings.summary.looked_at(groups, Kind.GROUP_UNREGISTERED, Kind.GROUP_ELSEWHERE)
    registered = publishers.registrations_of(connection, own.id)
    findings.summary.looked_at(registered, Kind.REGISTRATION_UNSERVED)
