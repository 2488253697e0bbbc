# SPDX-License-Identifier: Apache-2.0
"""Finds what an intervention names: a publisher, registered participants."""

from collections.abc import Sequence

from registry.errors import ConflictError, NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import some_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork


def publisher_named(connection: Connection, stored: StoredDomain, smp_id: str) -> PublisherRow:
    """The publisher with this id. Raises NotFoundError."""
    found = publishers.find(connection, [stored.id], smp_id)
    if not found:
        raise NotFoundError(f"the domain {stored.domain.name} has no SMP {smp_id!r}")
    return found[0]


def lock_publisher(work: UnitOfWork, publisher_id: int) -> PublisherRow:
    """A publisher that nobody else changes until the transaction ends. Raises ConflictError where it has gone."""
    row = publishers.by_id(work.connection, publisher_id, lock=True)
    if row is None or row.removing:
        raise ConflictError("the SMP isn't there any more")
    return row


def registered(
    connection: Connection, stored: StoredDomain, participants: Sequence[ParticipantIdentifier], *, lock: bool = False
) -> list[RegistrationRow]:
    """The registrations of participants, each once; `lock` keeps others from changing them.

    Raises NotFoundError naming those that aren't registered.
    """
    keys = {(each.scheme, stored.domain.identifiers.participant_key(each)): each for each in participants}
    service = stored.domain.dns.naptr_service
    rows = registrations.find(connection, stored.id, list(keys), lock=lock)
    found = {(row.scheme, row.value_key): row for row in rows if row.naptr_service == service}
    if missing := [str(participant) for key, participant in keys.items() if key not in found]:
        raise NotFoundError(f"not registered: {some_of(missing)}")
    return [found[key] for key in keys]
