# SPDX-License-Identifier: Apache-2.0
"""Notes in the transaction of a change that the directory of the domain may have to be told.

What it is to be told is worked out later, from the rows as they are then (`registry.directory.pushing`), so it doesn't
matter what the change was. Whoever changes a participant's card, services, visibility or registration marks it; what
changes very many at once asks for a comparison of all.
"""

from collections.abc import Iterable, Sequence

from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.queries.directory_entries import DirectoryPlace, Key
from registry.storage.unit_of_work import UnitOfWork


def place_of(stored: StoredDomain) -> DirectoryPlace:
    """A domain's directory, and who registers its participants, as the statements want it."""
    own = stored.domain.sml.enabled and stored.zone_id is not None and stored.domain.smp.smp_id
    return DirectoryPlace(stored.id, stored.domain.directory.address, own or None)


def mark(work: UnitOfWork, stored: StoredDomain, keys: Iterable[Key]) -> None:
    """Have somebody look at what the directory knows of these participants, where the domain has one.

    Written at the end of the transaction, with all others.
    """
    if stored.domain.directory.enabled:
        work.write_together(_write, [(stored.id, key) for key in keys])


def mark_participant(work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
    """As `mark`, one of them."""
    mark(work, stored, [(participant.scheme, stored.domain.identifiers.participant_key(participant))])


def mark_all(work: UnitOfWork, stored: StoredDomain) -> None:
    """Have all participants compared with what the directory was told, where the domain has one."""
    if stored.domain.directory.enabled:
        directory_standings.ask_to_compare(work, stored.id)


def tell_anew(work: UnitOfWork, stored: StoredDomain) -> None:
    """Have another directory, or the same one under another key, told all that it doesn't know yet."""
    mark_all(work, stored)
    directory_entries.try_now(work, stored.id)


def _write(work: UnitOfWork, rows: Sequence[tuple[int, Key]]) -> None:
    by_domain: dict[int, set[Key]] = {}
    for domain_id, key in rows:
        by_domain.setdefault(domain_id, set()).add(key)
    for domain_id, keys in sorted(by_domain.items()):
        directory_entries.mark(work, domain_id, keys)
