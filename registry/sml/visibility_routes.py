# SPDX-License-Identifier: Apache-2.0
"""Since when DNS shows what an SMP has registered, over the publisher API; each SMP sees its own."""

from dataclasses import asdict
from typing import Any

from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.calls import Calls
from registry.sml.errors import participants_not_found
from registry.sml.publisher_api import ApiRequest, Route
from registry.sml.visibility import VisibilityReader
from registry.storage.engine import Database
from registry.storage.queries import registrations


class VisibilityRoutes:
    """`…/visibility` of a publisher and of a participant."""

    def __init__(self, database: Database, calls: Calls) -> None:
        self._calls = calls
        self._reader = VisibilityReader(database)
        self.routes = [
            Route("GET", "publishers/{smp_id}/visibility", self._publisher),
            Route("GET", "participants/{participant}/visibility", self._participant),
        ]

    def _publisher(self, request: ApiRequest) -> dict[str, Any]:
        """Of one SMP. Raises SmlError: ERR-100 where there is none, ERR-101 for somebody else's."""
        with self._calls.open(request.caller, request.path["smp_id"]) as (work, authorized):
            row = authorized.own_publisher(work, request.path["smp_id"])
            stored = authorized.domain_of(row)
        return asdict(self._reader.publisher(stored, row.smp_id))

    def _participant(self, request: ApiRequest) -> dict[str, Any]:
        """Of a participant of one of the caller's SMPs. Raises SmlError: ERR-110 where none of them has it."""
        text = request.path["participant"]
        with self._calls.open(request.caller) as (work, authorized):
            own = {row.id: row for row in authorized.own_publishers(work)}
            for stored in authorized.domains:
                rules = stored.domain.identifiers
                participant = ParticipantIdentifier.parse(text, scheme_optional=rules.participant.allow_no_scheme)
                key = (participant.scheme, rules.participant_key(participant))
                if any(row.publisher_id in own for row in registrations.find(work.connection, stored.id, [key])):
                    break
            else:
                raise participants_not_found([participant])
        return asdict(self._reader.participant(stored, participant))
