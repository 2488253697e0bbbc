# SPDX-License-Identifier: Apache-2.0
"""Signs what an SMP serves, at most once per stamp, and stores the bytes."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

from registry.domains.domain import Domain
from registry.errors import ConfigurationError, NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import sign_document, signature_profile
from registry.smp.folding import folded_group, folded_metadata
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import documents, domains, service_groups, services, signed_groups
from registry.storage.queries.documents import SignedDocument, Stamp
from registry.storage.queries.domains import SigningKeyRow
from registry.storage.queries.signed_groups import GroupKey, GroupStamp
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import Connection
from registry.telemetry import signatures_total
from trust_lists.certificates.parsing import SigningKey, load_signing_key
from trust_lists.errors import CertificateError

_SIGNER = Actor("smp:signer")


class DocumentSigner:
    """Makes signed documents. Keys are loaded once and stay in memory; methods may be called from several threads."""

    def __init__(self, database: Database, directory: DomainDirectory) -> None:
        self._database = database
        self._directory = directory
        self._keys: dict[int, SigningKey] = {}
        self._lock = threading.Lock()

    def current(self, service_id: int, dialect: str) -> SignedDocument:
        """The signed document of what a service shows now: the stored one, or else a new one (see `sign`)."""
        now = self._database.now()
        with self._database.read() as connection:
            stamp = documents.stamp_of(connection, service_id, now)
            stored = None if stamp is None else documents.find(connection, stamp, dialect)
        return stored or self.sign(service_id, dialect)

    @retried
    def sign(self, service_id: int, dialect: str) -> SignedDocument:
        """The signed document of what a service shows now, signed and stored if nobody did so before.

        Raises ConfigurationError when the service's domain has no signing key, or the key can't be read; NotFoundError
        when the service has gone meanwhile; ValidationError when the dialect can't say what the service says.
        """
        stamp, metadata, key_row, modified = self._load(service_id)
        domain = self._directory.by_id(key_row.domain_id).domain
        document = self._signed_metadata(domain, metadata, DIALECTS[dialect], key_row, modified)
        with self._database.write(_SIGNER) as work:
            documents.store(work, stamp, dialect, document)
        return document

    def sign_for(self, service_id: int, dialect: str, participant: ParticipantIdentifier) -> SignedDocument:
        """A document of a wildcard's service that says it is of `participant`; it isn't stored. Raises as `sign`."""
        _, metadata, key_row, modified = self._load(service_id)
        domain = self._directory.by_id(key_row.domain_id).domain
        asked = replace(metadata, participant=participant)
        return self._signed_metadata(domain, asked, DIALECTS[dialect], key_row, modified)

    @retried
    def current_group(self, stored: StoredDomain, key: GroupKey) -> SignedDocument:
        """The signed service group as it is now, for dialects that sign them: the stored one, or else a new one.

        Raises as `sign`.
        """
        with self._database.read() as connection:
            found = signed_groups.find(connection, key)
            if found is None:
                raise NotFoundError("the service group was withdrawn before it was signed")
            if found.document is not None:
                return found.document
            group = _load_group(connection, found.stamp)
            key_row = domains.signing_key(connection, found.stamp.signing_key_id)
        document = self._signed_group(stored.domain, group, DIALECTS[key.dialect], key_row, found.stamp)
        with self._database.write(_SIGNER) as work:
            signed_groups.store(work, found.stamp, key.dialect, document)
        return document

    def group_for(
        self, stored: StoredDomain, stamp: GroupStamp, dialect: str, participant: ParticipantIdentifier
    ) -> SignedDocument:
        """A wildcard's service group that says it is of `participant`; it isn't stored. Raises as `sign`."""
        with self._database.read() as connection:
            group = replace(_load_group(connection, stamp), participant=participant)
            key_row = domains.signing_key(connection, stamp.signing_key_id)
        return self._signed_group(stored.domain, group, DIALECTS[dialect], key_row, stamp)

    def _load(self, service_id: int) -> tuple[Stamp, ServiceMetadata, SigningKeyRow, int]:
        """What is to be signed, with which key, and when it last changed (seconds since 1970)."""
        now = self._database.now()
        with self._database.read() as connection:
            stamp = documents.stamp_of(connection, service_id, now)
            if stamp is None:
                if not services.exists(connection, service_id):
                    raise NotFoundError("the service metadata were withdrawn before they were signed")
                raise _no_key()
            metadata = services.load(connection, service_id, now)
            key_row = domains.signing_key(connection, stamp.signing_key_id)
            modified = max(services.last_modified(connection, service_id, now), key_row.modified_at)
        return stamp, metadata, key_row, to_microseconds(modified) // 1_000_000

    def _signed_metadata(
        self, domain: Domain, metadata: ServiceMetadata, dialect: Dialect, key_row: SigningKeyRow, modified: int
    ) -> SignedDocument:
        unsigned = dialect.write_service_metadata(folded_metadata(metadata, dialect, domain))
        return self._signed(unsigned, dialect, domain, key_row, modified)

    def _signed_group(
        self, domain: Domain, group: ServiceGroup, dialect: Dialect, key_row: SigningKeyRow, stamp: GroupStamp
    ) -> SignedDocument:
        unsigned = dialect.write_service_group(folded_group(group, dialect, domain), domain.smp.base_url)
        modified = to_microseconds(max(stamp.modified_at, key_row.modified_at)) // 1_000_000
        return self._signed(unsigned, dialect, domain, key_row, modified)

    def _signed(
        self, unsigned: bytes, dialect: Dialect, domain: Domain, key_row: SigningKeyRow, modified: int
    ) -> SignedDocument:
        body = sign_document(unsigned, self._key(key_row), dialect, signature_profile(domain, dialect))
        signatures_total.inc()
        return SignedDocument(body, etag_of(body), modified)

    def _key(self, row: SigningKeyRow) -> SigningKey:
        with self._lock:
            if row.id not in self._keys:
                self._keys[row.id] = read_signing_key(
                    Path(row.file), Path(row.password_file) if row.password_file else None
                )
            return self._keys[row.id]


def _load_group(connection: Connection, stamp: GroupStamp) -> ServiceGroup:
    row = service_groups.by_id(connection, stamp.service_group_id)
    types = service_groups.document_types(connection, row.id)
    return ServiceGroup(row.participant, types, row.extensions)


def _no_key() -> ConfigurationError:
    return ConfigurationError("the domain has no signing key, so it can't publish")


def read_signing_key(file: Path, password_file: Path | None) -> SigningKey:
    """A signing key from PKCS#12 or PEM. Raises ConfigurationError with what is wrong."""
    try:
        password = password_file.read_bytes().strip() if password_file else None
        return load_signing_key(file.read_bytes(), password)
    except OSError as error:
        raise ConfigurationError(f"the signing key can't be read: {error}") from error
    except CertificateError as error:
        raise ConfigurationError(f"the signing key {file} can't be used: {error}") from error


def etag_of(body: bytes) -> str:
    """A strong entity tag, quotes included."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
