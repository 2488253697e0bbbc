# SPDX-License-Identifier: Apache-2.0
"""What an administrator may not do alone where the domain wants a second person for the power that it amounts to.

An intervention is asked for and approved. The same end could be come to by other functions: giving participants to
another SMP one by one, leading an SMP's name elsewhere, removing what is suspended and registering it anew.
"""

from collections.abc import Iterable

from registry.errors import ConflictError
from registry.sml.interventions.model import Kind
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import interventions, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

_COMMANDS = {
    Kind.TRANSFER: "transfer",
    Kind.RESUME_PUBLISHER: "resume",
    Kind.RESUME_PARTICIPANT: "resume",
}


def wants_two(stored: StoredDomain, kind: Kind) -> bool:
    """Whether the domain wants a second person for a power."""
    return kind in stored.domain.sml.four_eyes


def check_moving(stored: StoredDomain) -> None:
    """Raises ConflictError where participants may be given to another SMP by a transfer only."""
    _check(stored, Kind.TRANSFER, "giving a participant to another SMP")


def check_leading_elsewhere(
    work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, logical_address: str
) -> None:
    """Raises ConflictError where another address for an SMP with participants comes to a transfer of them."""
    if logical_address != publisher.logical_address and registrations.count_of(work.connection, publisher.id, 1):
        _check(stored, Kind.TRANSFER, "another address of an SMP with participants")


def check_removing(work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow) -> None:
    """Raises ConflictError where an SMP or its participants are suspended, and may not be resumed by one alone."""
    if publisher.suspended:
        _check(stored, Kind.RESUME_PUBLISHER, "removing an SMP that is suspended, to register it anew,")
    if interventions.has_suspended(work.connection, publisher.id):
        _check(stored, Kind.RESUME_PARTICIPANT, "removing a participant that is suspended, to register it anew,")


def check_unregistering(stored: StoredDomain, rows: Iterable[RegistrationRow]) -> None:
    """Raises ConflictError as `check_removing`, for participants."""
    if any(row.suspended for row in rows):
        _check(stored, Kind.RESUME_PARTICIPANT, "removing a participant that is suspended, to register it anew,")


def _check(stored: StoredDomain, kind: Kind, doing: str) -> None:
    if wants_two(stored, kind):
        message = f"the domain wants a second person for {kind}, and {doing} comes to that"
        raise ConflictError(f"{message}; ask for it: registry sml {_COMMANDS[kind]}")
