# SPDX-License-Identifier: Apache-2.0
"""Quarantine: who was deregistered is for a while (`sml.quarantine_days`) for the former SMP alone to register again.

So nobody gets an identifier by being faster, and who deregistered it by mistake has it back at once. The former SMP is
known by its id. Who takes that id after the SMP has gone is another one, so `forget` is called for each new SMP.
A domain without quarantine pays nothing for it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import SmlError, bad_request
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import quarantine
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.quarantine import QuarantineRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork


def quarantine_refusals(
    connection: Connection,
    stored: StoredDomain,
    publisher: PublisherRow,
    participants: Sequence[ParticipantIdentifier],
    at: datetime,
) -> Iterator[SmlError]:
    """What quarantine has against that a publisher registers participants."""
    if not stored.domain.sml.quarantine_days:
        return
    keys = _keys(stored, participants)
    held = quarantine.find(connection, stored.id, keys, at)
    for participant, key in zip(participants, keys, strict=True):
        row = held.get(key)
        if row is not None and row.smp_id.lower() != publisher.smp_id.lower():
            yield _refused(participant, row)


def end_quarantine(
    work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, participants: Sequence[ParticipantIdentifier]
) -> None:
    """Let participants out that a publisher has registered just now. Raises SmlError (ERR-106) where it may not.

    After the registration: whoever waited there for the end of another one finds here what that one left.
    """
    if not stored.domain.sml.quarantine_days:
        return
    for refusal in quarantine_refusals(work.connection, stored, publisher, participants, work.now):
        raise refusal
    quarantine.remove(work, stored.id, _keys(stored, participants))


def begin_quarantine(work: UnitOfWork, stored: StoredDomain, rows: Sequence[RegistrationRow], smp_id: str) -> None:
    """Keep participants for the SMP that had them, from now on."""
    days = stored.domain.sml.quarantine_days
    if days:
        until = work.now + timedelta(days=days)
        kept = {(row.scheme, row.value_key): None for row in rows}
        quarantine.put(work, [QuarantineRow(stored.id, *key, smp_id, until) for key in kept])


def forget_publisher(work: UnitOfWork, stored: StoredDomain, smp_id: str) -> None:
    """Let a new SMP not be taken for the one that had its id before."""
    quarantine.forget_publisher(work, stored.id, smp_id)


def _keys(stored: StoredDomain, participants: Sequence[ParticipantIdentifier]) -> list[tuple[str, str]]:
    return [(each.scheme, stored.domain.identifiers.participant_key(each)) for each in participants]


def _refused(participant: ParticipantIdentifier, row: QuarantineRow) -> SmlError:
    text = (
        f"The participant identifier '{participant.value}' with scheme: '{participant.scheme}' is in quarantine until "
        f"{row.until:%Y-%m-%dT%H:%M:%SZ}: only the SMP that had it last may register it before"
    )
    return bad_request(text, ValidationError.of("SML-QUARANTINE", text))
