# SPDX-License-Identifier: Apache-2.0
"""What is known of the certificates that call the SML: which are registered for an SMP, and which are blocked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from cryptography import x509
from sqlalchemy import Connection, bindparam, or_, select

from registry.storage.statements import rows_among
from registry.storage.tables import certificate, publisher_certificate
from registry.storage.types import Instant
from trust_lists.certificates.parsing import fingerprint, subject_text


@dataclass(frozen=True, slots=True)
class Bearer:
    """A certificate by what tables know it by: as `certificate_row` writes fingerprint, names and serial number."""

    sha256: str
    issuer: str
    subject: str
    serial: str

    @classmethod
    def of(cls, shown: x509.Certificate) -> Self:
        """Of a certificate that can be read."""
        return cls(*_known_by(shown))


@lru_cache(maxsize=512)  # a list of participants comes with each call; what a certificate says doesn't change
def _known_by(shown: x509.Certificate) -> tuple[str, str, str, str]:
    return fingerprint(shown), shown.issuer.rfc4514_string(), subject_text(shown), format(shown.serial_number, "x")


_BLOCKED = "SELECT domain_id FROM blocked_certificate WHERE issuer = ? AND serial = ? AND domain_id"
_SPEAKING = or_(
    publisher_certificate.c.usable_until.is_(None),
    publisher_certificate.c.usable_until > bindparam("at", type_=Instant),
)
_REGISTERED = select(publisher_certificate.c.certificate_sha256).where(_SPEAKING).distinct()


def blocked_in(connection: Connection, domain_ids: Sequence[int], bearer: Bearer) -> set[int]:
    """Those of these domains in which a certificate is blocked."""
    rows = rows_among(connection, _BLOCKED, domain_ids, bearer.issuer, bearer.serial)
    return {domain_id for (domain_id,) in rows}


def registered(connection: Connection, at: datetime) -> set[str]:
    """The fingerprints of all certificates that speak for an SMP at that moment, or are to, in any domain."""
    return set(connection.execute(_REGISTERED, {"at": at}).scalars())


def registered_ders(connection: Connection, at: datetime) -> list[bytes]:
    """These certificates, as they are stored."""
    query = select(certificate.c.der).where(certificate.c.sha256.in_(_REGISTERED))
    return [bytes(der) for der in connection.execute(query, {"at": at}).scalars()]
