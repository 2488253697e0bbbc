# SPDX-License-Identifier: Apache-2.0
"""The two kinds of SML that our SMP hands participants over at: this instance's own, and anybody else's over SOAP."""

from dataclasses import dataclass

from registry.errors import ConflictError, NotFoundError
from registry.identifiers.migration_key import new_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.administration import SmlAdministration
from registry.sml.client import SmlClient
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor


@dataclass(frozen=True, slots=True)
class OwnSml:
    """The SML of this instance; implements `registry.smp.handover.HoldingSml`."""

    administration: SmlAdministration
    actor: Actor
    stored: StoredDomain
    smp_id: str
    joins: bool = True

    def prepare(self, participant: ParticipantIdentifier, key: str) -> None:
        self._check_ours(participant)
        self.administration.prepare_migration(self.actor, self.stored, participant, key)

    def cancel(self, participant: ParticipantIdentifier) -> None:
        self._check_ours(participant)
        self.administration.cancel_migration(self.actor, self.stored, participant)

    def migrate(self, participant: ParticipantIdentifier, key: str) -> None:
        self.administration.complete_migration(self.actor, self.stored, participant, self.smp_id, key)

    def holds(self, participant: ParticipantIdentifier) -> bool:
        try:
            registered = self.administration.registration(self.stored, participant)
        except NotFoundError:
            return False
        return registered.smp_id.lower() == self.smp_id.lower()

    def _check_ours(self, participant: ParticipantIdentifier) -> None:
        if not self.holds(participant):
            raise ConflictError(f"{participant} is not registered by our SMP {self.smp_id}")


@dataclass(frozen=True, slots=True)
class ForeignSml:
    """Somebody else's SML; implements `registry.smp.handover.HoldingSml`.

    Its SOAP interface knows no cancelling (sml.md §1.3). A key that nobody is told takes the place of the one that was:
    then the participant can't be taken over, though that SML has its migration open still.
    """

    client: SmlClient
    smp_id: str
    joins: bool = False

    def prepare(self, participant: ParticipantIdentifier, key: str) -> None:
        self.client.prepare_migration(self.smp_id, participant, key)

    def cancel(self, participant: ParticipantIdentifier) -> None:
        self.client.prepare_migration(self.smp_id, participant, new_migration_key())

    def migrate(self, participant: ParticipantIdentifier, key: str) -> None:
        self.client.migrate(self.smp_id, participant, key)

    def holds(self, participant: ParticipantIdentifier) -> bool:
        return self.client.exists_participant(self.smp_id, participant)
