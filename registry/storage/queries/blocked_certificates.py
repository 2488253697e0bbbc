# SPDX-License-Identifier: Apache-2.0
"""Certificates that a domain's SML listens to no more, by issuer and serial number, and whom that concerns.

Both are written as in the table of certificates: the issuer as RFC 4514 has it, the serial number in hexadecimal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select, tuple_

from registry.storage.tables import blocked_certificate, certificate, publisher, publisher_certificate
from registry.storage.unit_of_work import UnitOfWork

Named = tuple[str, str]
"""Issuer and serial number."""


@dataclass(frozen=True, slots=True)
class BlockedCertificate:
    """A blocked certificate; `intervention_id` is the intervention that blocked it."""

    issuer: str
    serial: str
    blocked_at: datetime
    intervention_id: int | None

    @property
    def name(self) -> Named:
        """Issuer and serial number."""
        return self.issuer, self.serial


@dataclass(frozen=True, slots=True)
class Speaker:
    """A certificate that may speak for a publisher at a moment."""

    smp_id: str
    issuer: str
    serial: str
    subject: str


_c = blocked_certificate.c
_COLUMNS = [_c[name] for name in BlockedCertificate.__dataclass_fields__]


def find(connection: Connection, domain_id: int, names: Sequence[Named]) -> list[BlockedCertificate]:
    """Those of these that are blocked."""
    query = select(*_COLUMNS).where(_c.domain_id == domain_id, tuple_(_c.issuer, _c.serial).in_(names))
    return [BlockedCertificate(*row) for row in connection.execute(query.order_by(_c.issuer, _c.serial))]


def page(connection: Connection, domain_id: int, after: Named, size: int) -> list[BlockedCertificate]:
    """Up to `size` blocked certificates behind (issuer, serial), in that order."""
    query = select(*_COLUMNS).where(_c.domain_id == domain_id, tuple_(_c.issuer, _c.serial) > tuple_(*after))
    return [BlockedCertificate(*row) for row in connection.execute(query.order_by(_c.issuer, _c.serial).limit(size))]


def add(work: UnitOfWork, domain_id: int, blocked: Iterable[BlockedCertificate]) -> None:
    """Block certificates that aren't."""
    fields = BlockedCertificate.__dataclass_fields__
    values = [{name: getattr(row, name) for name in fields} | {"domain_id": domain_id} for row in blocked]
    if values:
        work.connection.execute(insert(blocked_certificate), values)


def remove(work: UnitOfWork, domain_id: int, names: Sequence[Named]) -> None:
    """Block certificates no more."""
    named = tuple_(_c.issuer, _c.serial).in_(names)
    work.connection.execute(delete(blocked_certificate).where(_c.domain_id == domain_id, named))


def speakers_beside(connection: Connection, domain_id: int, names: Sequence[Named], at: datetime) -> list[Speaker]:
    """All certificates that may speak, at that moment or later, for the publishers for which one of these may."""
    mine = _speaking(domain_id, at).where(tuple_(certificate.c.issuer, certificate.c.serial).in_(names))
    smp_ids = mine.with_only_columns(publisher.c.smp_id)
    query = _speaking(domain_id, at).where(publisher.c.smp_id.in_(smp_ids))
    return [Speaker(*row) for row in connection.execute(query.order_by(publisher.c.smp_id, certificate.c.sha256))]


def _speaking(domain_id: int, at: datetime) -> Select[Any]:
    held = publisher_certificate.c
    joined = publisher_certificate.join(publisher, publisher.c.id == held.publisher_id).join(
        certificate, certificate.c.sha256 == held.certificate_sha256
    )
    return (
        select(publisher.c.smp_id, certificate.c.issuer, certificate.c.serial, certificate.c.subject)
        .select_from(joined)
        .where(publisher.c.domain_id == domain_id, or_(held.usable_until.is_(None), held.usable_until > at))
    )
