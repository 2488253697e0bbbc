# SPDX-License-Identifier: Apache-2.0
"""The use cases of participants as a whole: who they are, whose they are, and whether our SML knows them.

What they receive is in `registry.smp.publishing`.
"""

from dataclasses import dataclass, replace

from registry.accounts.groups import place_participant
from registry.errors import ConflictError, NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, ServiceGroup, Visibility
from registry.sml.errors import SmlError
from registry.sml.registration import Registrar
from registry.smp.publishing import Outcome, Published, Publishing
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import participants, publishers, registrations, service_groups
from registry.storage.queries.beginnings import Sought, beginnings
from registry.storage.queries.participants import Found, ParticipantFilter, ParticipantRow
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.tables import service_group
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Keep:
    """In the place of a value: it stays as it is."""


KEEP = Keep()


@dataclass(frozen=True, slots=True)
class ParticipantChange:
    """What a participant is to be; `KEEP` leaves it as it is, and is the usual value for a new one."""

    extensions: tuple[Extension, ...] | Keep = KEEP
    group_id: int | Keep | None = KEEP
    """The owner group, None for none; usually none."""
    registered: bool | Keep = KEEP
    """At our SML, where the domain has one; usually yes."""
    properties: tuple[CustomProperty, ...] | Keep = KEEP
    """Usually none."""
    visibility: Visibility | Keep = KEEP
    """Usually as the domain says."""


class Participants:
    """Shows and changes participants. Every write raises ValidationError with all reasons, or ConflictError."""

    def __init__(self, database: Database, publishing: Publishing, registrar: Registrar) -> None:
        self._database = database
        self._publishing = publishing
        self._registrar = registrar

    def find(self, stored: StoredDomain, participant: ParticipantIdentifier) -> ParticipantRow | None:
        """A participant, or None."""
        with self._database.read() as connection:
            return participants.find(connection, stored.id, participant.scheme, _key(stored, participant))

    def page(
        self,
        stored: StoredDomain,
        sought: Sought,
        wanted: ParticipantFilter,
        after: tuple[str, str] | None,
        size: int,
    ) -> Found:
        """Participants that begin as is sought behind a place, in order of scheme and value."""
        with self._database.read() as connection:
            parts = beginnings(connection, service_group, stored.id, stored.domain.identifiers, sought)
            return participants.page(connection, stored.id, replace(wanted, beginnings=parts), after, size)

    def lock(self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> ParticipantRow | None:
        """As `find`, and until the end of the transaction nobody else changes it."""
        key = _key(stored, participant)
        service_groups.lock_participant(work, stored.id, participant.scheme, key)
        # By itself: a statement that had to wait would show what it joins as that was before.
        return participants.find(work.connection, stored.id, participant.scheme, key)

    def put(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        participant: ParticipantIdentifier,
        change: ParticipantChange,
        held: ParticipantRow | None,
    ) -> Published:
        """Make a participant, or change what is to be changed of `held`, which was locked in this transaction."""
        registered = change.registered
        if isinstance(registered, Keep):
            registered = held is None or held.registered_by is not None
        extensions = change.extensions
        if isinstance(extensions, Keep):
            extensions = held.extensions if held else ()
        properties = None if isinstance(change.properties, Keep) else change.properties
        visibility = None if isinstance(change.visibility, Keep) else change.visibility
        group = ServiceGroup(participant, extensions=extensions, properties=properties, visibility=visibility)
        found = None if held is None else _group_of(stored, held)
        published = self._publishing.put_service_group_in(work, stored, group, found, in_sml=registered)
        ended = held is not None and not registered and self._unregister(work, stored, held)
        moved = not isinstance(change.group_id, Keep) and change.group_id != (held.group_id if held else None)
        if moved and not isinstance(change.group_id, Keep):
            place_participant(work, stored.id, participant.scheme, _key(stored, participant), change.group_id)
        if (ended or moved) and published.outcome is Outcome.UNCHANGED:
            return replace(published, outcome=Outcome.UPDATED)
        return published

    @retried
    def show_to(
        self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier, visibility: Visibility
    ) -> Published:
        """Change who learns of a participant. Raises NotFoundError, and as every write."""
        with self._database.write(actor) as work:
            held = self.lock(work, stored, participant)
            if held is None:
                raise NotFoundError(f"{participant} has no service group")
            return self.put(work, stored, participant, ParticipantChange(visibility=visibility), held)

    def _unregister(self, work: UnitOfWork, stored: StoredDomain, held: ParticipantRow) -> bool:
        """End the registration where it is our own SMP's; returns whether there was one."""
        smp_id = stored.domain.smp.smp_id
        if held.registered_by is None or not smp_id:
            return False
        own = publishers.find(work.connection, [stored.id], smp_id)
        keys = [(held.participant.scheme, held.value_key)]
        rows = registrations.find(work.connection, stored.id, keys, lock=True)
        mine = [row for row in rows if own and row.publisher_id == own[0].id]
        try:
            if mine:
                self._registrar.unregister_owned(work, stored, own[0], mine)
        except SmlError as error:
            raise ConflictError(str(error)) from error
        return bool(mine)


def _group_of(stored: StoredDomain, row: ParticipantRow) -> ServiceGroupRow:
    return ServiceGroupRow(row.id, stored.id, row.participant, row.modified_at, row.extensions, row.visibility)


def _key(stored: StoredDomain, participant: ParticipantIdentifier) -> str:
    return stored.domain.identifiers.participant_key(participant)
