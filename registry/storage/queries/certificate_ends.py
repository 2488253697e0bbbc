# SPDX-License-Identifier: Apache-2.0
"""When the certificates end that publishers, signing keys and access points have in use, and who has no successor yet.

An end is that of the certificate, or of the window in which it may speak for a publisher, whichever comes first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    insert,
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
    certificate_reminder,
    domain,
    endpoint,
    publisher,
    publisher_certificate,
    signing_key,
)
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

HolderKind = Literal["access-point", "publisher", "signing-key"]
HOLDER_KINDS: tuple[HolderKind, ...] = get_args(HolderKind)


@dataclass(frozen=True, slots=True)
class EndingCertificate:
    """A certificate in use that ends, and who has it: an access point, an SMP, the domain that signs with its key."""

    kind: HolderKind
    domain_id: int
    holder_id: int
    name: str
    sha256: str
    subject: str
    ends_at: datetime
    has_successor: bool
    """Whether another one is there already that takes over by then."""

    @property
    def holder(self) -> str:
        """Who has it, as reminders name it."""
        return f"{self.kind}:{self.holder_id}"

    @property
    def place(self) -> tuple[int, str, int, str]:
        """Where it stands in the order of `ending`: when it ends (see `to_microseconds`), who has it, which it is."""
        return to_microseconds(self.ends_at), self.kind, self.holder_id, self.sha256


@dataclass(frozen=True, slots=True)
class EndingFilter:
    """Which are wanted: those that end after one instant and not after another; None: in any domain."""

    after: datetime | None
    until: datetime
    domain_ids: Collection[int] | None = None
    by_name: Collection[int] = ()
    """Domains whose SMPs are known by issuer and subject: their certificates are renewed without anybody being told, so
    nobody knows here what they have in use."""
    only_without_successor: bool = False
    not_told_of_days: int | None = None
    """Only those of which nobody was reminded at this number of days before."""


def ending(
    connection: Connection,
    wanted: EndingFilter,
    now: datetime,
    size: int,
    behind: tuple[int, str, int, str] | None = None,
) -> list[EndingCertificate]:
    """Up to `size` certificates that are in use now behind a place; what ends first comes first."""
    found = _filtered(wanted, now).subquery()
    c = found.c
    order = (type_coerce(c.ends_at, BigInteger), c.kind, c.holder_id, c.sha256)
    query = select(*(c[name] for name in EndingCertificate.__dataclass_fields__)).order_by(*order).limit(size)
    if behind is not None:
        query = query.where(tuple_(*order) > behind)
    return [EndingCertificate(*row) for row in connection.execute(query)]


def count_ending(
    connection: Connection, now: datetime, until: datetime, by_name: Collection[int]
) -> dict[tuple[int, HolderKind], int]:
    """How many certificates in use have no successor and end by an instant, or have ended, by domain and holder."""
    found = _filtered(EndingFilter(None, until, by_name=by_name, only_without_successor=True), now).subquery()
    query = select(found.c.domain_id, found.c.kind, func.count()).group_by(found.c.domain_id, found.c.kind)
    return {(domain_id, kind): count for domain_id, kind, count in connection.execute(query)}


def remind(work: UnitOfWork, rows: Sequence[EndingCertificate], days: int) -> None:
    """Note that somebody was told how soon these end."""
    values = [
        {"certificate_sha256": row.sha256, "holder": row.holder, "days": days, "told_at": work.now} for row in rows
    ]
    work.connection.execute(insert(certificate_reminder), values)


def _filtered(wanted: EndingFilter, now: datetime) -> Select[Any]:
    held = _held(wanted.until, now).subquery()
    c = held.c
    query = select(held).where(c.ends_at <= wanted.until)
    if wanted.after is not None:
        query = query.where(c.ends_at > wanted.after)
    if wanted.domain_ids is not None:
        query = query.where(c.domain_id.in_(wanted.domain_ids))
    if wanted.by_name:
        query = query.where(or_(c.kind != "publisher", c.domain_id.not_in(wanted.by_name)))
    if wanted.only_without_successor:
        query = query.where(~c.has_successor)
    if wanted.not_told_of_days is not None:
        told = certificate_reminder.c
        holder = c.kind + literal(":") + cast(c.holder_id, String)
        same = and_(told.certificate_sha256 == c.sha256, told.holder == holder, told.days == wanted.not_told_of_days)
        query = query.where(~select(told.days).where(same).exists())
    return query


def _held(until: datetime, now: datetime) -> CompoundSelect[Any]:
    """What is in use now and may end by `until`; the bound is in each part, where an index serves it."""
    return union_all(_of_publishers(until, now), _of_signing_keys(until), _of_access_points(until, now))


def _of_publishers(until: datetime, now: datetime) -> Select[Any]:
    held, known = publisher_certificate, certificate
    other, other_known = publisher_certificate.alias("other"), certificate.alias("other_known")
    ends = case((held.c.usable_until < known.c.not_after, held.c.usable_until), else_=known.c.not_after)
    later = case((other.c.usable_until < other_known.c.not_after, other.c.usable_until), else_=other_known.c.not_after)
    successor = (
        select(other.c.publisher_id)
        .join(other_known, other_known.c.sha256 == other.c.certificate_sha256)
        .where(
            other.c.publisher_id == held.c.publisher_id,
            other.c.certificate_sha256 != held.c.certificate_sha256,
            or_(other.c.usable_from.is_(None), other.c.usable_from <= ends),
            later > ends,
        )
    )
    return (
        select(
            literal("publisher").label("kind"),
            publisher.c.domain_id,
            publisher.c.id.label("holder_id"),
            publisher.c.smp_id.label("name"),
            known.c.sha256,
            known.c.subject,
            ends.label("ends_at"),
            successor.exists().label("has_successor"),
        )
        .select_from(
            held.join(publisher, publisher.c.id == held.c.publisher_id).join(
                known, known.c.sha256 == held.c.certificate_sha256
            )
        )
        .where(
            publisher.c.removing_at.is_(None),
            or_(held.c.usable_from.is_(None), held.c.usable_from <= now),
            or_(held.c.usable_until.is_(None), held.c.usable_until > now),
            ends <= until,
        )
    )


def _of_signing_keys(until: datetime) -> Select[Any]:
    known, planned = certificate, signing_key.alias("planned")
    successor = select(planned.c.id).where(
        planned.c.domain_id == signing_key.c.domain_id,
        ~planned.c.active,
        planned.c.retired_at.is_(None),
        planned.c.planned_at <= known.c.not_after,
    )
    return (
        select(
            literal("signing-key").label("kind"),
            signing_key.c.domain_id,
            signing_key.c.id.label("holder_id"),
            domain.c.name.label("name"),
            known.c.sha256,
            known.c.subject,
            known.c.not_after.label("ends_at"),
            successor.exists().label("has_successor"),
        )
        .select_from(
            signing_key.join(domain, domain.c.id == signing_key.c.domain_id).join(
                known, known.c.sha256 == signing_key.c.certificate_sha256
            )
        )
        .where(signing_key.c.active, known.c.not_after <= until)
    )


def _of_access_points(until: datetime, now: datetime) -> Select[Any]:
    """Those that endpoints show: their own certificates, or those of the successor that has taken over."""
    known, shown = certificate, access_point_certificate
    other, other_known = access_point_certificate.alias("other"), certificate.alias("other_known")
    shown_id = case((access_point.c.successor_at <= now, access_point.c.successor_id), else_=access_point.c.id)
    beside = (
        select(other.c.position)
        .join(other_known, other_known.c.sha256 == other.c.certificate_sha256)
        .where(
            other.c.access_point_id == shown.c.access_point_id,
            other.c.type_code == shown.c.type_code,
            other_known.c.not_after > known.c.not_after,
        )
    )
    planned = and_(access_point.c.successor_at > now, access_point.c.successor_at <= known.c.not_after)
    used = select(endpoint.c.id).where(endpoint.c.access_point_id == access_point.c.id)
    return (
        select(
            literal("access-point").label("kind"),
            access_point.c.domain_id,
            access_point.c.id.label("holder_id"),
            access_point.c.name.label("name"),
            known.c.sha256,
            known.c.subject,
            known.c.not_after.label("ends_at"),
            or_(beside.exists(), func.coalesce(planned, literal(False))).label("has_successor"),  # noqa: FBT003
        )
        .select_from(
            access_point.join(shown, shown.c.access_point_id == shown_id).join(
                known, known.c.sha256 == shown.c.certificate_sha256
            )
        )
        .where(known.c.not_after <= until, used.exists())
        .distinct()
    )
