# SPDX-License-Identifier: Apache-2.0
"""Access points: where documents are received, shared by all the endpoints that say the same.

An endpoint's content is looked up by its hash, so that a million imported endpoints of one gateway become one row.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, update

from registry.metadata import Endpoint, EndpointCertificate
from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.queries import certificates
from registry.storage.tables import access_point, access_point_certificate, certificate, endpoint
from registry.storage.unit_of_work import UnitOfWork

_MAX_HOST = 100
"""Leaves room for what tells several of a host apart."""


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """What an access point says about itself."""

    transport_profile: str
    address: str
    certificates: tuple[EndpointCertificate, ...]
    description: str = ""
    technical_contact: str = ""
    technical_information: str | None = None

    @classmethod
    def of(cls, source: Endpoint) -> "AccessPoint":
        """The part of an endpoint that belongs to its access point."""
        return cls(
            source.transport_profile,
            source.address,
            source.certificates,
            source.description,
            source.technical_contact,
            source.technical_information,
        )

    def as_endpoint(self) -> Endpoint:
        """An endpoint that says just this."""
        return Endpoint(
            transport_profile=self.transport_profile,
            address=self.address,
            certificates=self.certificates,
            description=self.description,
            technical_contact=self.technical_contact,
            technical_information=self.technical_information,
        )

    def content_sha256(self) -> str:
        """Equal for equal content."""
        parts = [
            self.transport_profile,
            self.address,
            [_hashed_certificate(c) for c in self.certificates],
            self.description,
            self.technical_contact,
            self.technical_information,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AccessPointRow:
    """An access point as stored, with how many endpoints refer to it."""

    id: int
    name: str
    transport_profile: str
    address: str
    version: int
    successor_id: int | None
    successor_at: datetime | None
    endpoints: int
    successor: str | None
    """The successor's name."""


_COUNT = (
    select(func.count(endpoint.c.id)).where(endpoint.c.access_point_id == access_point.c.id).correlate(access_point)
)
_SUCCESSOR = access_point.alias("successor")
_SUCCESSOR_NAME = (
    select(_SUCCESSOR.c.name).where(_SUCCESSOR.c.id == access_point.c.successor_id).correlate(access_point)
)
_ROW = [
    *(access_point.c[name] for name in AccessPointRow.__dataclass_fields__ if name not in {"endpoints", "successor"}),
    _COUNT.scalar_subquery().label("endpoints"),
    _SUCCESSOR_NAME.scalar_subquery().label("successor"),
]


def find_or_add(work: UnitOfWork, domain_id: int, wanted: AccessPoint, held: Collection[int] = ()) -> int:
    """The id of an access point that says exactly this, made under a name of its own where there is none.

    One with a planned successor is taken only if it is among `held`, those of the document that is changed: who says
    again what is published doesn't call off what is planned.
    """
    c = access_point.c
    digest = wanted.content_sha256()
    query = select(c.id).where(c.domain_id == domain_id, c.content_sha256 == digest).limit(1)
    if held:
        planned = and_(c.id.in_(held), c.successor_at > work.now)
        query = query.where(or_(c.successor_id.is_(None), planned)).order_by(case((c.id.in_(held), 0), else_=1), c.id)
    else:
        query = query.where(c.successor_id.is_(None)).order_by(c.id)
    found = work.connection.execute(query).scalar()
    return int(found) if found is not None else add(work, domain_id, f"sha256-{digest[:16]}", wanted)


def add(work: UnitOfWork, domain_id: int, name: str, new: AccessPoint) -> int:
    """Insert an access point; a taken name gets the next free number behind it."""
    c = access_point.c
    taken = select(c.id).where(c.domain_id == domain_id, c.transport_profile == new.transport_profile)
    number, free = 1, name
    while work.connection.execute(taken.where(c.name == free)).first() is not None:
        number += 1
        free = f"{name}-{number}"
    values = {
        "domain_id": domain_id,
        "name": free,
        "version": 1,
        "modified_at": work.now,
        **_content_columns(new),
    }
    statement = insert(access_point).values(values).returning(access_point.c.id)
    access_point_id = int(work.connection.execute(statement).scalar_one())
    _write_certificates(work, access_point_id, new)
    return access_point_id


def content(connection: Connection, access_point_id: int, at: datetime) -> AccessPoint:
    """What an access point says at a moment: its own words, or those of its successor once that has taken over."""
    c = access_point.c
    shown_id = connection.execute(
        select(case((c.successor_at <= at, c.successor_id), else_=c.id)).where(c.id == access_point_id)
    ).scalar_one()
    row = connection.execute(
        select(c.transport_profile, c.address, c.description, c.technical_contact, c.technical_information).where(
            c.id == shown_id
        )
    ).one()
    return AccessPoint(
        row.transport_profile,
        row.address,
        certificates_of(connection, {shown_id})[shown_id],
        row.description,
        row.technical_contact,
        row.technical_information,
    )


def fold_successor(work: UnitOfWork, access_point_id: int) -> None:
    """Where a successor has taken over, let the access point say the same itself, so that it can have another one.

    A successor whose time hasn't come is forgotten.
    """
    held = content(work.connection, access_point_id, work.now)
    if _successor_of(work, access_point_id) is not None:
        change(work, access_point_id, held)


def change(work: UnitOfWork, access_point_id: int, new: AccessPoint) -> None:
    """Replace what an access point says, at once; every document that shows it gets a new stamp."""
    c = access_point.c
    successor_id = _successor_of(work, access_point_id)
    grown = work.connection.execute(select(c.version).where(c.id == successor_id)).scalar() or 0
    work.connection.execute(
        update(access_point)
        .where(c.id == access_point_id)
        # Beyond whatever an activated successor added to the stamp: stamps never come back.
        .values(
            version=c.version + int(grown) + 1,
            modified_at=work.now,
            successor_id=None,
            successor_at=None,
            **_content_columns(new),
        )
    )
    work.connection.execute(
        delete(access_point_certificate).where(access_point_certificate.c.access_point_id == access_point_id)
    )
    _write_certificates(work, access_point_id, new)
    if successor_id is not None:
        _remove_unreferenced(work, {successor_id})


def lock(work: UnitOfWork, domain_id: int, name: str) -> None:
    """Let nobody else change an access point before the end of the transaction."""
    c = access_point.c
    query = select(c.id).where(c.domain_id == domain_id, c.name == name)
    work.connection.execute(query.order_by(c.id).with_for_update())


def plan_successor(work: UnitOfWork, access_point_id: int, successor_id: int, at: datetime) -> None:
    """From `at` on, another access point stands in for this one. A successor must have none itself."""
    work.connection.execute(
        update(access_point)
        .where(access_point.c.id == access_point_id)
        .values(successor_id=successor_id, successor_at=at)
    )


def listed(connection: Connection, domain_id: int) -> list[AccessPointRow]:
    """The access points of a domain, by name."""
    query = select(*_ROW).where(access_point.c.domain_id == domain_id).order_by(access_point.c.name)
    return [AccessPointRow(*row) for row in connection.execute(query)]


def remove_unused(work: UnitOfWork, ids: set[int]) -> None:
    """Delete those of these access points that were made for endpoints and to which none refers any more."""
    if not ids:
        return
    c = access_point.c
    rows = work.connection.execute(select(c.id, c.name, c.address).where(c.id.in_(ids)))
    _remove_unreferenced(work, {number for number, name, address in rows if made_for_endpoints(name, address)})


def made_for_endpoints(name: str, address: str) -> bool:
    """Whether an access point has a name that nobody gave it: of its content, or of the host that it is on."""
    host = host_name(address)
    return name.startswith(("sha256-", f"{host}-")) or name == host


def host_name(address: str) -> str:
    """What an access point is called that is the only one of its transport profile on its host."""
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    return (host or "access-point")[:_MAX_HOST]


def _remove_unreferenced(work: UnitOfWork, ids: set[int]) -> None:
    if not ids:
        return
    used = select(endpoint.c.access_point_id).where(endpoint.c.access_point_id.in_(ids))
    successors = select(access_point.c.successor_id).where(access_point.c.successor_id.in_(ids))
    work.connection.execute(
        delete(access_point).where(
            access_point.c.id.in_(ids),
            access_point.c.id.not_in(used),
            access_point.c.id.not_in(successors),
        )
    )


def certificates_of(connection: Connection, ids: set[int]) -> dict[int, tuple[EndpointCertificate, ...]]:
    """The certificates of access points, in order."""
    found: dict[int, list[EndpointCertificate]] = {access_point_id: [] for access_point_id in ids}
    c = access_point_certificate.c
    query = (
        select(
            c.access_point_id,
            certificate.c.der,
            c.type_code,
            c.mime_code,
            c.description,
            c.activation,
            c.expiration,
        )
        .join(certificate, certificate.c.sha256 == c.certificate_sha256)
        .where(c.access_point_id.in_(ids))
        .order_by(c.access_point_id, c.position)
    )
    for access_point_id, der, *described in connection.execute(query):
        found[access_point_id].append(EndpointCertificate(bytes(der), *described))
    return {access_point_id: tuple(items) for access_point_id, items in found.items()}


def _successor_of(work: UnitOfWork, access_point_id: int) -> int | None:
    query = select(access_point.c.successor_id).where(access_point.c.id == access_point_id)
    found = work.connection.execute(query).scalar()
    return None if found is None else int(found)


def _hashed_certificate(item: EndpointCertificate) -> list[str]:
    """What a hash of content holds of a certificate; what only SMP 2.0 says is in it only where it is said."""
    dates = [moment.isoformat() if moment else "" for moment in (item.activation, item.expiration)]
    described = [item.mime_code, item.description, *dates]
    return [item.type_code, certificate_sha256(item.der), *(described if any(described) else [])]


def _content_columns(content: AccessPoint) -> dict[str, str | None]:
    return {
        "transport_profile": content.transport_profile,
        "address": content.address,
        "description": content.description,
        "technical_contact": content.technical_contact,
        "technical_information": content.technical_information,
        "content_sha256": content.content_sha256(),
    }


def _write_certificates(work: UnitOfWork, access_point_id: int, content: AccessPoint) -> None:
    certificates.put(work.connection, [certificate_row(c.der) for c in content.certificates])
    rows = [
        {
            "access_point_id": access_point_id,
            "position": position,
            "type_code": c.type_code,
            "mime_code": c.mime_code,
            "description": c.description,
            "activation": c.activation,
            "expiration": c.expiration,
            "certificate_sha256": certificate_sha256(c.der),
        }
        for position, c in enumerate(content.certificates)
    ]
    if rows:
        work.connection.execute(insert(access_point_certificate), rows)
