# SPDX-License-Identifier: Apache-2.0
"""What a reader sees of certificates: which there are, until when they are good, and who uses them for what."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from registry.storage.tables import (
    access_point,
    access_point_certificate,
    certificate,
    process_metadata,
    publisher,
    publisher_certificate,
    redirect,
    service,
    service_group,
    signing_key,
)
from registry.storage.types import to_microseconds

UseRole = Literal["access-point", "publisher", "redirect", "signing-key"]
_ROLES: tuple[UseRole, ...] = get_args(UseRole)
_NEVER = 2**62  # microseconds


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate; one that can't be parsed has empty names and no dates."""

    sha256: str
    subject: str
    issuer: str
    serial: str
    not_before: datetime | None
    not_after: datetime | None
    key_sha256: str

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in the order of `page`: when it ends (see `to_microseconds`), then by fingerprint."""
        return _NEVER if self.not_after is None else to_microseconds(self.not_after), self.sha256


@dataclass(frozen=True, slots=True)
class CertificateFilter:
    """Which certificates are wanted; None: any.

    `domain_ids` and `role` ask for those that are used there, and for that.
    """

    expires_before: datetime | None = None
    subject_has: str | None = None
    domain_ids: Collection[int] | None = None
    role: UseRole | None = None


@dataclass(frozen=True, slots=True)
class CertificateUse:
    """Who uses a certificate: an access point or an SMP by name, a signing key by its state, a participant.

    That is `active`, `planned` or `former`; the participant is one whose documents redirect to an SMP that signs so.
    """

    role: UseRole
    domain_id: int
    name: str


_COLUMNS = [certificate.c[name] for name in CertificateView.__dataclass_fields__]


def page(
    connection: Connection, wanted: CertificateFilter, after: tuple[int, str] | None, size: int
) -> list[CertificateView]:
    """Up to `size` certificates behind the place `after`; those that expire first come first."""
    c = certificate.c
    ends = func.coalesce(type_coerce(c.not_after, BigInteger), _NEVER)
    query = select(*_COLUMNS).order_by(ends, c.sha256).limit(size)
    if after is not None:
        query = query.where(tuple_(ends, c.sha256) > after)
    if wanted.expires_before is not None:
        query = query.where(c.not_after < wanted.expires_before)
    if wanted.subject_has is not None:
        query = query.where(c.subject.icontains(wanted.subject_has, autoescape=True))
    if wanted.domain_ids is not None or wanted.role is not None:
        roles = _ROLES if wanted.role is None else (wanted.role,)
        used = (_uses(role, wanted.domain_ids).where(_SHA256[role] == c.sha256).exists() for role in roles)
        query = query.where(or_(*used))
    return [CertificateView(*row) for row in connection.execute(query)]


def find(connection: Connection, sha256: str) -> CertificateView | None:
    """One certificate."""
    row = connection.execute(select(*_COLUMNS).where(certificate.c.sha256 == sha256)).first()
    return None if row is None else CertificateView(*row)


def der(connection: Connection, sha256: str) -> bytes:
    """The bytes of a certificate that is there."""
    return bytes(connection.execute(select(certificate.c.der).where(certificate.c.sha256 == sha256)).scalar_one())


def uses(
    connection: Connection,
    sha256: str,
    domain_ids: Collection[int] | None,
    after: tuple[str, int, str] | None,
    size: int,
) -> list[CertificateUse]:
    """Up to `size` uses of a certificate (in these domains, where they are given), by role, domain and name."""
    every = union_all(*(_uses(role, domain_ids).where(_SHA256[role] == sha256) for role in _ROLES)).subquery()
    c = every.c
    query = select(c.role, c.domain_id, c.name).distinct().order_by(c.role, c.domain_id, c.name).limit(size)
    if after is not None:
        query = query.where(tuple_(c.role, c.domain_id, c.name) > after)
    return [CertificateUse(*row) for row in connection.execute(query)]


_SHA256 = {
    "access-point": access_point_certificate.c.certificate_sha256,
    "publisher": publisher_certificate.c.certificate_sha256,
    "redirect": redirect.c.certificate_sha256,
    "signing-key": signing_key.c.certificate_sha256,
}


def _uses(role: str, domain_ids: Collection[int] | None) -> Select[tuple[str, int, str]]:
    """Role, domain and name of who uses certificates for something."""
    name: ColumnElement[str]
    domain_id: ColumnElement[int]
    source: FromClause
    match role:
        case "access-point":
            name, domain_id = access_point.c.name, access_point.c.domain_id
            source = access_point_certificate.join(access_point)
        case "publisher":
            name, domain_id = publisher.c.smp_id, publisher.c.domain_id
            source = publisher_certificate.join(publisher)
        case "signing-key":
            planned = signing_key.c.planned_at.is_not(None) & signing_key.c.retired_at.is_(None)
            name = case((signing_key.c.active, "active"), (planned, "planned"), else_="former")
            domain_id = signing_key.c.domain_id
            source = signing_key
        case _:
            name, domain_id = service_group.c.scheme + "::" + service_group.c.value, service_group.c.domain_id
            source = redirect.join(process_metadata).join(service).join(service_group)
    query = select(literal(role).label("role"), domain_id.label("domain_id"), name.label("name")).select_from(source)
    return query if domain_ids is None else query.where(domain_id.in_(domain_ids))
