# SPDX-License-Identifier: Apache-2.0
"""Values that the SML's edge and its use cases exchange, and the port between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from cryptography import x509

from registry.identifiers.participant import ParticipantIdentifier


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client certificate of the TLS connection, or None where none was shown."""

    certificate: x509.Certificate | None
    request_id: str
    address: str = ""
    idempotency_key: str = ""
    """What the caller calls this request, so as to send it again; empty where it doesn't."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A service metadata publisher as the locator knows it; addresses as the caller spelled them."""

    smp_id: str
    logical_address: str
    physical_address: str


@dataclass(frozen=True, slots=True)
class ParticipantPage:
    """One page of a publisher's participants, in registered spelling; `next_page` is None on the last one."""

    smp_id: str
    participants: tuple[ParticipantIdentifier, ...]
    next_page: str | None


class SmlOperations(Protocol):
    """The operations of ManageServiceMetadata, ManageParticipantIdentifier and BDMSL (sml.md §1.1 A, B, C).

    Each is one transaction, blocking, and raises `SmlError` for every refusal.
    """

    def create_publisher(self, caller: Caller, publisher: Publisher) -> None: ...
    def read_publisher(self, caller: Caller, smp_id: str) -> Publisher: ...
    def update_publisher(self, caller: Caller, publisher: Publisher) -> None: ...
    def delete_publisher(self, caller: Caller, smp_id: str) -> None: ...
    def create_participants(
        self, caller: Caller, smp_id: str, participants: Sequence[ParticipantIdentifier], service: str | None = None
    ) -> None: ...
    def delete_participants(
        self, caller: Caller, smp_id: str | None, participants: Sequence[ParticipantIdentifier]
    ) -> None: ...
    def list_participants(self, caller: Caller, smp_id: str, page: str | None) -> ParticipantPage: ...
    def prepare_migration(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None: ...
    def migrate(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None: ...
    def exists_participant(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier) -> bool: ...
    def prepare_change_certificate(
        self, caller: Caller, new_certificate: x509.Certificate | str, migration_date: date | None
    ) -> None: ...
    def is_alive(self, caller: Caller) -> None: ...
