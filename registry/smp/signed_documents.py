# SPDX-License-Identifier: Apache-2.0
"""Signs what an SMP serves, at most once per stamp, and stores the bytes."""

import hashlib
import threading
from pathlib import Path

from registry.errors import ConfigurationError, NotFoundError
from registry.smp.documents.busdox import write_service_metadata
from registry.smp.documents.signing import sign_service_metadata
from registry.storage.engine import Actor, Database
from registry.storage.queries import documents, domains, services
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.domains import SigningKeyRow
from registry.storage.types import to_microseconds
from registry.telemetry import signatures_total
from trust_lists.certificates.parsing import SigningKey, load_signing_key
from trust_lists.errors import CertificateError

DIALECT = "busdox"


class DocumentSigner:
    """Makes signed documents. Keys are loaded once and stay in memory; methods may be called from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[int, SigningKey] = {}
        self._lock = threading.Lock()

    def current(self, service_id: int) -> SignedDocument:
        """The signed document of what a service shows now: the stored one, or else a new one (see `sign`)."""
        now = self._database.now()
        with self._database.read() as connection:
            stamp = documents.stamp_of(connection, service_id, now)
            stored = None if stamp is None else documents.find(connection, stamp, DIALECT)
        return stored or self.sign(service_id)

    def sign(self, service_id: int) -> SignedDocument:
        """The signed document of what a service shows now, signed and stored if nobody did so before.

        Raises ConfigurationError when the service's domain has no signing key, or the key can't be read; NotFoundError
        when the service has gone meanwhile.
        """
        now = self._database.now()
        with self._database.read() as connection:
            stamp = documents.stamp_of(connection, service_id, now)
            if stamp is None:
                if not services.exists(connection, service_id):
                    raise NotFoundError("the service metadata were withdrawn before they were signed")
                raise ConfigurationError("the domain has no signing key, so it can't publish")
            metadata = services.load(connection, service_id, now)
            key_row = domains.signing_key(connection, stamp.signing_key_id)
            modified = max(services.last_modified(connection, service_id, now), key_row.modified_at)
        body = sign_service_metadata(write_service_metadata(metadata), self._key(key_row))
        signatures_total.inc()
        document = SignedDocument(body, etag_of(body), to_microseconds(modified) // 1_000_000)
        with self._database.write(Actor("smp:signer")) as work:
            documents.store(work, stamp, DIALECT, document)
        return document

    def _key(self, row: SigningKeyRow) -> SigningKey:
        with self._lock:
            if row.id not in self._keys:
                self._keys[row.id] = read_signing_key(
                    Path(row.file), Path(row.password_file) if row.password_file else None
                )
            return self._keys[row.id]


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
