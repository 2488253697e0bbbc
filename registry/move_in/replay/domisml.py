# SPDX-License-Identifier: Apache-2.0
"""Tells DomiSML over its SOAP services (4.x, 5.x) which SMPs there are and which participants each has.

DomiSML knows who calls by a header of the proxy before it (sml.md §1.4), so each call is made in the name of the SMP
that it is about, with a certificate that is registered for it here: `SSLClientCert` with the certificate, or
`Client-Cert` with its names. A participant goes from one SMP to another by a migration, of which both ends are ours.
"""

import base64
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import EventFilter, search
from registry.errors import NotFoundError
from registry.identifiers.migration_key import new_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.replay.changes import Change, Subject
from registry.move_in.replay.old_api import context_of
from registry.sml.client import SmlClient
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import certificate_views, publishers, registrations, sml_views
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.sml_views import PublisherCertificate
from trust_lists.certificates.parsing import load_certificate, subject_text


class IdentityHeader(StrEnum):
    """The header by which an old SML is told who calls."""

    CERTIFICATE = "SSLClientCert"
    NAMES = "Client-Cert"

    def value_for(self, certificate: x509.Certificate) -> str:
        """What it says of a certificate."""
        if self is IdentityHeader.CERTIFICATE:
            return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        begin, end = (
            f"{instant:%b %d %H:%M:%S %Y} GMT"
            for instant in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        )
        return (
            f"sno={certificate.serial_number:016x}&subject={subject_text(certificate)}"
            f"&validfrom={begin}&validto={end}&issuer={certificate.issuer.rfc4514_string()}"
        )


@dataclass(frozen=True, slots=True)
class OldSmlAccess:
    """Where the services of an old SML are (`https://sml.example.org/edelivery-sml`), and how it is told who calls.

    `anchors` is a PEM file with who issued its server certificate, where that isn't somebody whom the system trusts.
    """

    base_url: str
    header: IdentityHeader = IdentityHeader.CERTIFICATE
    anchors: Path | None = None


class DomiSmlReplay:
    """An old DomiSML; see `registry.move_in.replay.model.OldSystem`."""

    subjects = frozenset({Subject.PUBLISHER, Subject.REGISTRATION})

    def __init__(self, database: Database, directory: DomainDirectory, access: OldSmlAccess) -> None:
        """Raises ConfigurationError for a file that can't be used."""
        self._database = database
        self._directory = directory
        self._access = access
        self._tls = None if access.anchors is None else context_of(access.anchors)
        self._clients: dict[str, SmlClient] = {}

    def take(self, change: Change) -> None:
        """Let an SMP, or a participant's registration, be there as it is here."""
        stored = self._directory.by_id(change.domain_id)
        if change.subject is Subject.PUBLISHER:
            self._take_publisher(stored, change.name)
        else:
            self._take_registration(stored, ParticipantIdentifier.parse(change.name), change.smp_ids)

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def _take_publisher(self, stored: StoredDomain, smp_id: str) -> None:
        here, there = self._here(stored, smp_id), self._there(stored, smp_id)
        client = self._client(stored, smp_id)
        if here is None:
            if there is not None:
                client.delete_publisher(smp_id)
            return
        wanted = Publisher(here.smp_id, here.logical_address, here.physical_address)
        if there is None:
            client.create_publisher(wanted)
        elif (there.logical_address, there.physical_address) != (wanted.logical_address, wanted.physical_address):
            client.update_publisher(wanted)

    def _take_registration(
        self, stored: StoredDomain, participant: ParticipantIdentifier, smp_ids: frozenset[str]
    ) -> None:
        here = self._registered_at(stored, participant)
        holders = [
            each for each in sorted(smp_ids | ({here} if here else set())) if self._holds(stored, each, participant)
        ]
        others = [each for each in holders if each != here]
        if here is None:
            for holder in others:
                self._client(stored, holder).delete_participants(holder, [participant])
        elif here not in holders:
            if self._there(stored, here) is None:
                self._take_publisher(stored, here)
            if not others:
                self._client(stored, here).create_participants(here, [participant])
                return
            key = new_migration_key()
            self._client(stored, others[0]).prepare_migration(others[0], participant, key)
            self._client(stored, here).migrate(here, participant, key)

    def _registered_at(self, stored: StoredDomain, participant: ParticipantIdentifier) -> str | None:
        key = stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            rows = registrations.find(connection, stored.id, [(participant.scheme, key)])
            names = publishers.smp_ids(connection, {row.publisher_id for row in rows})
        return next((names[row.publisher_id] for row in rows), None)

    def _holds(self, stored: StoredDomain, smp_id: str, participant: ParticipantIdentifier) -> bool:
        if self._there(stored, smp_id) is None:
            return False
        return self._client(stored, smp_id).exists_participant(smp_id, participant)

    def _here(self, stored: StoredDomain, smp_id: str) -> PublisherRow | None:
        with self._database.read() as connection:
            return next(iter(publishers.find(connection, [stored.id], smp_id)), None)

    def _there(self, stored: StoredDomain, smp_id: str) -> Publisher | None:
        try:
            return self._client(stored, smp_id).read_publisher(smp_id)
        except SmlError as error:
            if error.kind is FaultKind.NOT_FOUND:
                return None
            raise

    def _client(self, stored: StoredDomain, smp_id: str) -> SmlClient:
        """Who calls in the name of an SMP. Raises NotFoundError where no certificate of it is known here."""
        certificate = self._certificate(stored, smp_id)
        value = self._access.header.value_for(certificate)
        if value not in self._clients:
            transport = _Told(self._access.header, value, self._tls)
            self._clients[value] = SmlClient(self._access.base_url, None, transport=transport)
        return self._clients[value]

    def _certificate(self, stored: StoredDomain, smp_id: str) -> x509.Certificate:
        now = self._database.now()
        here = self._here(stored, smp_id)
        with self._database.read() as connection:
            held = [] if here is None else sml_views.certificates_of(connection, here.id)
            usable = [
                each
                for each in held
                if (each.usable_from is None or each.usable_from <= now)
                and (each.usable_until is None or now < each.usable_until)
            ]
            # The oldest that is still good: the old SML need not know of a successor.
            sha256 = min(usable, key=_age).sha256 if usable else self._told_of(stored, smp_id)
            if sha256 is None:
                raise NotFoundError(f"no certificate of the SMP {smp_id} is known here, in whose name to call")
            return load_certificate(certificate_views.der(connection, sha256))

    def _told_of(self, stored: StoredDomain, smp_id: str) -> str | None:
        """The last certificate of an SMP that is gone, as the audit has it."""
        wanted = EventFilter(subject=smp_id, tag="sml:publisher-certificate:*", domain_ids=frozenset({stored.id}))
        for event in search(self._database, wanted).events:
            for said in (event.after, event.before):
                if isinstance(said, dict) and "certificate" in said:
                    return str(said["certificate"])
        return None


def _age(certificate: PublisherCertificate) -> str:
    return certificate.not_before.isoformat() if certificate.not_before else ""


class _Told(httpx2.BaseTransport):
    """Tells in a header who calls."""

    def __init__(self, header: IdentityHeader, value: str, tls: ssl.SSLContext | None) -> None:
        self._header = header
        self._value = value
        self._below = httpx2.HTTPTransport(verify=True if tls is None else tls, trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers[self._header] = self._value
        return self._below.handle_request(request)

    def close(self) -> None:
        self._below.close()
