# SPDX-License-Identifier: Apache-2.0
"""An SML that has what the audit says was asked of it, so that it remembers what a killed process had it do."""

from collections.abc import Sequence

from registry.audit import events
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.model import ParticipantPage
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import consistency


class RememberingSml:
    """Holds the participants of one SMP; nothing is ever removed."""

    def __init__(self, database: Database, stored: StoredDomain) -> None:
        self._database = database
        self._stored = stored

    def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage:
        return ParticipantPage(smp_id, tuple(self._held()), None)

    def exists_participant(self, smp_id: str, participant: ParticipantIdentifier) -> bool:
        return participant in self._held()

    def create_participants(self, smp_id: str, participants: Sequence[ParticipantIdentifier]) -> None:
        assert set(participants) <= set(self._held())

    def delete_participants(self, smp_id: str | None, participants: Sequence[ParticipantIdentifier]) -> None:
        raise AssertionError("nothing is to be removed")

    def _held(self) -> list[ParticipantIdentifier]:
        with self._database.read() as connection:
            groups = list(consistency.all_groups(connection, self._stored.id))
        served = [ParticipantIdentifier(scheme, value) for scheme, _, value in groups]
        return [participant for participant in served if self._was_asked_for(participant)]

    def _was_asked_for(self, participant: ParticipantIdentifier) -> bool:
        return any(event.tag.endswith(":ask-elsewhere") for event in events.about(self._database, str(participant)))
