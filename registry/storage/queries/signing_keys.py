# SPDX-License-Identifier: Apache-2.0
"""The signing keys of a domain in time: former, active, planned; and the redirects that name their certificates."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from registry.storage.tables import (
    certificate,
    process_metadata,
    redirect,
    service,
    service_group,
    signing_key,
)
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A signing key with its certificate. `planned_at` stays once it is active; `retired_at` is None before that ends.

    Keys that ceased to sign before instants were kept have neither.
    """

    id: int
    active: bool
    planned_at: datetime | None
    retired_at: datetime | None
    file: str
    password_file: str | None
    certificate_sha256: str
    subject: str
    not_before: datetime | None
    not_after: datetime | None

    @property
    def is_planned(self) -> bool:
        """Whether it is to sign, and never has."""
        return not self.active and self.planned_at is not None and self.retired_at is None


@dataclass(frozen=True, slots=True)
class NamedRedirect:
    """A redirect with the participant and document type for which it stands, and the certificate that it names."""

    domain_id: int
    participant: str
    document_type: str
    href: str
    certificate_uid: str


_KEY = [
    *(signing_key.c[name] for name in ("id", "active", "planned_at", "retired_at", "file", "password_file")),
    signing_key.c.certificate_sha256,
    *(certificate.c[name] for name in ("subject", "not_before", "not_after")),
]


def of_domain(connection: Connection, domain_id: int) -> list[KeyRow]:
    """All keys of a domain, in the order in which they were added."""
    source = signing_key.join(certificate, certificate.c.sha256 == signing_key.c.certificate_sha256)
    query = select(*_KEY).select_from(source).where(signing_key.c.domain_id == domain_id).order_by(signing_key.c.id)
    return [KeyRow(*row) for row in connection.execute(query)]


def plan(
    work: UnitOfWork, domain_id: int, certificate_sha256: str, file: str, password_file: str | None, at: datetime
) -> int:
    """Add a key that is to become the active one; its certificate is stored already. Returns its id."""
    values = {
        "domain_id": domain_id,
        "certificate_sha256": certificate_sha256,
        "file": file,
        "password_file": password_file,
        "active": False,
        "modified_at": work.now,
        "planned_at": at,
    }
    return int(work.connection.execute(insert(signing_key).values(values).returning(signing_key.c.id)).scalar_one())


def forget(work: UnitOfWork, signing_key_id: int) -> None:
    """Remove a key that never signed."""
    work.connection.execute(delete(signing_key).where(signing_key.c.id == signing_key_id))


def activate(work: UnitOfWork, domain_id: int, signing_key_id: int) -> None:
    """Make a planned key the one that signs, and retire the one before."""
    c = signing_key.c
    before = update(signing_key).where(c.domain_id == domain_id, c.active)
    work.connection.execute(before.values(active=False, retired_at=work.now))
    after = update(signing_key).where(c.id == signing_key_id)
    work.connection.execute(after.values(active=True, modified_at=work.now))


def named_by_redirects(connection: Connection) -> list[str]:
    """Every certificate identifier that a redirect names, of whatever domain."""
    return list(connection.execute(select(redirect.c.certificate_uid).distinct()).scalars())


def count_redirects(connection: Connection, uids: Collection[str], certificate_sha256: str) -> int:
    """How many redirects name one of these identifiers or this certificate."""
    query = select(func.count()).select_from(redirect).where(_names(uids, certificate_sha256))
    return int(connection.execute(query).scalar_one())


def redirects(
    connection: Connection, uids: Collection[str], certificate_sha256: str, limit: int
) -> list[NamedRedirect]:
    """Up to `limit` redirects that name one of these identifiers or this certificate, of whatever domain."""
    group = service_group.c
    query = (
        select(
            group.domain_id,
            group.scheme + "::" + group.value,
            service.c.scheme + "::" + service.c.value,
            redirect.c.href,
            redirect.c.certificate_uid,
        )
        .select_from(redirect.join(process_metadata).join(service).join(service_group))
        .where(_names(uids, certificate_sha256))
        .order_by(redirect.c.process_metadata_id)
        .limit(limit)
    )
    return [NamedRedirect(*row) for row in connection.execute(query)]


def _names(uids: Collection[str], certificate_sha256: str) -> ColumnElement[bool]:
    return or_(redirect.c.certificate_uid.in_(uids), redirect.c.certificate_sha256 == certificate_sha256)
