# SPDX-License-Identifier: Apache-2.0
"""What a comparison of trust configurations reads and keeps: whose certificates a domain holds, runs, timelines.

Participants are only counted, many at a time, by what they need: a million of them behind some hundred access points
are some hundred rows. Who they are is told a page at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, delete, distinct, func, insert, or_, select, update

from registry.storage.tables import (
    access_point,
    access_point_certificate,
    certificate,
    domain,
    endpoint,
    process_metadata,
    publisher,
    publisher_certificate,
    redirect,
    registration,
    service,
    service_group,
    signing_key,
    trust_impact_run,
    trust_plan,
    trust_timeline,
)
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert

_IN = 500
"""Values of one IN."""
GROUPS = 50_000
"""Participants that are counted by one statement."""


@dataclass(frozen=True, slots=True)
class Shown:
    """That an access point or a publisher shows a certificate, from an instant (included) until another (not)."""

    holder_id: int
    sha256: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class HeldAccessPoint:
    """An access point, and who stands in for it from when on."""

    id: int
    name: str
    transport_profile: str
    address: str
    successor_id: int | None
    successor_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldPublisher:
    """A publisher that isn't suspended."""

    id: int
    smp_id: str
    address: str


@dataclass(frozen=True, slots=True)
class HeldRedirect:
    """The certificate of an SMP that documents are redirected to, with one of the addresses."""

    sha256: str
    address: str


@dataclass(frozen=True, slots=True)
class NewRun:
    """A comparison that begins; addresses of configurations, and the digest of the evidence."""

    domain_id: int
    before: str
    after: str
    evidence: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """A comparison; without `report` it isn't finished."""

    id: int
    domain_id: int
    before: str
    after: str
    evidence: str
    since: datetime
    until: datetime
    started_at: datetime
    finished_at: datetime | None
    report: Any


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """What a configuration says of a certificate; `spans` in JSON values."""

    configuration: str
    evidence: str
    question: str
    role: str
    certificate_sha256: str
    since: datetime
    until: datetime
    spans: list[Any]


def access_points(connection: Connection, domain_id: int) -> list[HeldAccessPoint]:
    """The access points of a domain, by id."""
    c = access_point.c
    columns = [c[name] for name in HeldAccessPoint.__dataclass_fields__]
    query = select(*columns).where(c.domain_id == domain_id).order_by(c.id)
    return [HeldAccessPoint(*row) for row in connection.execute(query)]


def access_point_certificates(connection: Connection, domain_id: int) -> list[Shown]:
    """What all access points of a domain show, by access point and position."""
    c = access_point_certificate.c
    query = (
        select(c.access_point_id, c.certificate_sha256, c.activation, c.expiration)
        .join(access_point)
        .where(access_point.c.domain_id == domain_id)
        .order_by(c.access_point_id, c.position)
    )
    return [Shown(*row) for row in connection.execute(query)]


def publishers(connection: Connection, domain_id: int) -> list[HeldPublisher]:
    """The publishers of a domain that aren't suspended, by id."""
    c = publisher.c
    query = select(c.id, c.smp_id, c.logical_address).where(c.domain_id == domain_id, c.suspended.is_(False))
    return [HeldPublisher(*row) for row in connection.execute(query.order_by(c.id))]


def publisher_certificates(connection: Connection, domain_id: int) -> list[Shown]:
    """What the publishers of a domain may log in with."""
    c = publisher_certificate.c
    query = (
        select(c.publisher_id, c.certificate_sha256, c.usable_from, c.usable_until)
        .join(publisher)
        .where(publisher.c.domain_id == domain_id)
        .order_by(c.publisher_id, c.certificate_sha256)
    )
    return [Shown(*row) for row in connection.execute(query)]


def registrations(connection: Connection, domain_id: int) -> dict[int, int]:
    """How many participants are registered, by publisher."""
    c = registration.c
    query = (
        select(c.publisher_id, func.count(distinct(c.scheme + "::" + c.value_key)))
        .where(c.domain_id == domain_id)
        .group_by(c.publisher_id)
    )
    return {int(publisher_id): int(count) for publisher_id, count in connection.execute(query)}


def signing_certificate(connection: Connection, domain_id: int) -> str | None:
    """The SHA-256 of the certificate that the SMP of this instance signs with."""
    c = signing_key.c
    return connection.execute(select(c.certificate_sha256).where(c.domain_id == domain_id, c.active)).scalar()


def redirects(connection: Connection, domain_id: int) -> list[HeldRedirect]:
    """The certificates, as far as they are known, of the SMPs that documents of a domain are redirected to."""
    c = redirect.c
    query = (
        select(c.certificate_sha256, func.min(c.href))
        .join(process_metadata, process_metadata.c.id == c.process_metadata_id)
        .join(service, service.c.id == process_metadata.c.service_id)
        .join(service_group, service_group.c.id == service.c.service_group_id)
        .where(service_group.c.domain_id == domain_id, c.certificate_sha256.is_not(None))
        .group_by(c.certificate_sha256)
        .order_by(c.certificate_sha256)
    )
    return [HeldRedirect(*row) for row in connection.execute(query)]


def certificates(connection: Connection, digests: Collection[str]) -> dict[str, bytes]:
    """Certificates in DER, by SHA-256."""
    found: dict[str, bytes] = {}
    for some in _portions(sorted(digests)):
        query = select(certificate.c.sha256, certificate.c.der).where(certificate.c.sha256.in_(some))
        found |= {sha256: bytes(der) for sha256, der in connection.execute(query)}
    return found


def needs(
    connection: Connection, domain_id: int, after: int
) -> tuple[Counter[tuple[frozenset[int], frozenset[str]]], int]:
    """What the next participants behind an id need, each set counted; and the id of the last of them, 0 at the end.

    Access points by id, and the certificates of SMPs that their documents are redirected to.
    """
    c = service_group.c
    page = select(c.id).where(c.domain_id == domain_id, c.id > after).order_by(c.id).limit(GROUPS).subquery()
    last, total = connection.execute(select(func.max(page.c.id), func.count())).one()
    if not total:
        return Counter(), 0
    within = and_(c.domain_id == domain_id, c.id > after, c.id <= last)
    led_away: dict[int, set[str]] = {}
    query = (
        select(c.id, redirect.c.certificate_sha256)
        .join(service, service.c.service_group_id == c.id)
        .join(process_metadata, process_metadata.c.service_id == service.c.id)
        .join(redirect, redirect.c.process_metadata_id == process_metadata.c.id)
        .where(within, redirect.c.certificate_sha256.is_not(None))
    )
    for group_id, sha256 in connection.execute(query):
        led_away.setdefault(group_id, set()).add(sha256)
    points = _listed(connection, endpoint.c.access_point_id)
    each = (
        select(c.id.label("group_id"), points.label("points"))
        .join(service, service.c.service_group_id == c.id)
        .join(endpoint, endpoint.c.service_id == service.c.id)
        .where(within)
        .group_by(c.id)
    )
    found: Counter[tuple[frozenset[int], frozenset[str]]] = Counter()
    if led_away:
        for group_id, text in connection.execute(each):
            found[_ids(text), frozenset(led_away.pop(group_id, ()))] += 1
        for digests in led_away.values():
            found[frozenset(), frozenset(digests)] += 1
    else:
        alike = each.subquery()
        for text, count in connection.execute(select(alike.c.points, func.count()).group_by(alike.c.points)):
            found[_ids(text), frozenset()] += count
    found[frozenset(), frozenset()] += total - found.total()
    return found, int(last)


def participants(
    connection: Connection, domain_id: int, points: Collection[int] | None, digests: Collection[str], after: int
) -> list[tuple[int, str, str]]:
    """The next participants behind an id that need one of these access points, or redirects; None: all there are.

    Each with its id, scheme and value as registered, in order of the ids; a page at a time.
    """
    c = service_group.c
    query = select(c.id, c.scheme, c.value).where(c.domain_id == domain_id, c.id > after).order_by(c.id).limit(_IN * 10)
    if points is not None:
        met = [_through_endpoint(some) for some in _portions(sorted(points))]
        met += [_through_redirect(some) for some in _portions(sorted(digests))]
        query = query.where(or_(*met))
    return [(row.id, row.scheme, row.value) for row in connection.execute(query)]


def needed_by(connection: Connection, group_ids: Sequence[int]) -> Iterator[tuple[int, int | None, str | None]]:
    """For each of these participants the access points and redirects that it needs, as id and one of the two."""
    for some in _portions(group_ids):
        through = (
            select(service.c.service_group_id, endpoint.c.access_point_id)
            .join(endpoint, endpoint.c.service_id == service.c.id)
            .where(service.c.service_group_id.in_(some))
            .distinct()
        )
        for group_id, point in connection.execute(through):
            yield group_id, point, None
        away = (
            select(service.c.service_group_id, redirect.c.certificate_sha256)
            .join(process_metadata, process_metadata.c.service_id == service.c.id)
            .join(redirect, redirect.c.process_metadata_id == process_metadata.c.id)
            .where(service.c.service_group_id.in_(some), redirect.c.certificate_sha256.is_not(None))
            .distinct()
        )
        for group_id, sha256 in connection.execute(away):
            yield group_id, None, sha256


def begin(work: UnitOfWork, new: NewRun) -> int:
    """Insert a run, and return its id."""
    c = trust_impact_run.c
    values = {name: getattr(new, name) for name in NewRun.__dataclass_fields__} | {"started_at": work.now}
    return int(work.connection.execute(insert(trust_impact_run).values(values).returning(c.id)).scalar_one())


def finish(work: UnitOfWork, run_id: int, report: Any) -> None:
    """Write the report of a run."""
    c = trust_impact_run.c
    work.connection.execute(update(trust_impact_run).where(c.id == run_id).values(report=report, finished_at=work.now))


def unfinished(connection: Connection, domain_id: int, before: str, after: str) -> RunRow | None:
    """The last run of a comparison, if it wasn't finished."""
    c = trust_impact_run.c
    found = _run(connection, and_(c.domain_id == domain_id, c.before == before, c.after == after), c.id)
    return None if found is None or found.finished_at is not None else found


def latest(connection: Connection, domain_id: int, after: str | None = None) -> RunRow | None:
    """The last finished run of a domain; of those that asked about one configuration, where it is given."""
    c = trust_impact_run.c
    wanted = and_(c.domain_id == domain_id, c.finished_at.is_not(None))
    return _run(connection, wanted if after is None else and_(wanted, c.after == after), c.finished_at)


def latest_ids(connection: Connection) -> dict[int, int]:
    """The last finished run of each domain that has one, as ids of both."""
    c = trust_impact_run.c
    query = (
        select(c.id)
        .where(c.domain_id == domain.c.id, c.finished_at.is_not(None))
        .order_by(c.finished_at.desc(), c.id.desc())
        .limit(1)
    )
    found = connection.execute(select(domain.c.id, query.scalar_subquery()))
    return {domain_id: run_id for domain_id, run_id in found if run_id is not None}


def _run(connection: Connection, wanted: ColumnElement[bool], order: ColumnElement[Any]) -> RunRow | None:
    columns = [trust_impact_run.c[name] for name in RunRow.__dataclass_fields__]
    query = select(*columns).where(wanted).order_by(order.desc(), trust_impact_run.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else RunRow(*row)


def timelines(
    connection: Connection, configuration: str, evidence: str, questions: Collection[str]
) -> Iterator[TimelineRow]:
    """Those of the answers that are known."""
    c = trust_timeline.c
    columns = [c[name] for name in TimelineRow.__dataclass_fields__]
    for some in _portions(sorted(questions)):
        query = select(*columns).where(c.configuration == configuration, c.evidence == evidence, c.question.in_(some))
        yield from (TimelineRow(*row) for row in connection.execute(query))


def put_timelines(work: UnitOfWork, rows: Iterable[TimelineRow]) -> None:
    """Store answers, instead of those that are known for the same question."""
    values = [
        {name: getattr(row, name) for name in TimelineRow.__dataclass_fields__} | {"computed_at": work.now}
        for row in rows
    ]
    if values:
        statement = upsert(work.connection, trust_timeline)
        changed = {name: statement.excluded[name] for name in ("since", "until", "spans", "computed_at")}
        key = list(trust_timeline.primary_key.columns)
        work.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), values)


def drop_outdated(work: UnitOfWork, configurations: Collection[str], evidence: str) -> None:
    """Forget what these configurations said on other evidence: it is only ever replaced by newer."""
    c = trust_timeline.c
    work.connection.execute(delete(trust_timeline).where(c.configuration.in_(configurations), c.evidence != evidence))


def plan(connection: Connection, domain_id: int) -> Any:
    """The configuration that a domain is to have, as JSON has it; None where there is none."""
    return connection.execute(select(trust_plan.c.document).where(trust_plan.c.domain_id == domain_id)).scalar()


def put_plan(work: UnitOfWork, domain_id: int, document: Any) -> None:
    """Plan a configuration for a domain, instead of the one that was planned; None: none any more."""
    if document is None:
        work.connection.execute(delete(trust_plan).where(trust_plan.c.domain_id == domain_id))
        return
    values = {"document": document, "planned_at": work.now}
    statement = upsert(work.connection, trust_plan).values(domain_id=domain_id, **values)
    work.connection.execute(statement.on_conflict_do_update(index_elements=["domain_id"], set_=values))


def _listed(connection: Connection, column: ColumnElement[int]) -> ColumnElement[str]:
    """The different values of a group as one text, with commas between them, in whatever order."""
    if connection.dialect.name == "sqlite":
        return func.group_concat(distinct(column))
    return func.string_agg(distinct(cast(column, Text)), ",")


def _ids(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split(",")))


def _through_endpoint(points: Collection[int]) -> ColumnElement[bool]:
    through = select(service.c.id).join(endpoint, endpoint.c.service_id == service.c.id)
    mine = and_(service.c.service_group_id == service_group.c.id, endpoint.c.access_point_id.in_(points))
    return through.where(mine).correlate(service_group).exists()


def _through_redirect(digests: Collection[str]) -> ColumnElement[bool]:
    through = (
        select(service.c.id)
        .join(process_metadata, process_metadata.c.service_id == service.c.id)
        .join(redirect, redirect.c.process_metadata_id == process_metadata.c.id)
    )
    mine = and_(service.c.service_group_id == service_group.c.id, redirect.c.certificate_sha256.in_(digests))
    return through.where(mine).correlate(service_group).exists()


def _portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _IN):
        yield values[start : start + _IN]
