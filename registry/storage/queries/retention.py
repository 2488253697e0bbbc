# SPDX-License-Identifier: Apache-2.0
"""Deletes what is kept long enough, a bounded number of rows at a time.

Each function takes the moment before which rows go, and how many of them at most; it gives how many went.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    and_,
    case,
    delete,
    func,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from registry.serials import SERIALS
from registry.storage.queries.audit import overwriting
from registry.storage.queries.documents import access_points_version
from registry.storage.tables import (
    blocked_certificate,
    campaign,
    certificate,
    certificate_reminder,
    ended_migration,
    idempotent_answer,
    intervention,
    job,
    login_failure,
    migration,
    move_in,
    moved_record,
    oidc_login,
    plan,
    plan_row,
    problem,
    quarantine,
    service,
    service_group,
    session,
    signed_document,
    signed_service_group,
    signing_key,
    trust_impact_run,
    trust_timeline,
    zone,
    zone_change,
    zone_push,
    zone_serial,
)
from registry.storage.unit_of_work import UnitOfWork

_MINUTE = 60_000_000
_PRECISE = timedelta(days=1)
_IN_VAIN = timedelta(days=7)
_FINISHED = ("done", "failed", "cancelled")


def sessions(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Sessions that ended before a moment, by themselves or because somebody ended them."""
    return _delete(work, session, or_(session.c.expires_at < before, session.c.revoked_at < before), limit)


def oidc_logins(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Logins at a provider that nobody finished and that can't be finished since a moment."""
    return _delete(work, oidc_login, oidc_login.c.expires_at < before, limit)


def login_failures(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Failed logins under names that were not tried since a moment, and are not locked."""
    c = login_failure.c
    free = or_(c.locked_until.is_(None), c.locked_until < work.now)
    return _delete(work, login_failure, and_(c.last_at < before, free), limit)


def problems(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Problems that ended before a moment, with what was told of them."""
    return _delete(work, problem, problem.c.ended_at < before, limit)


def answers(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Answers that a repeated request would have got again."""
    return _delete(work, idempotent_answer, idempotent_answer.c.created_at < before, limit)


def jobs(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Jobs that have ended."""
    return _delete(work, job, and_(job.c.state.in_(_FINISHED), job.c.finished_at < before), limit)


def impact_runs(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Comparisons of trust models that were begun before a moment."""
    return _delete(work, trust_impact_run, trust_impact_run.c.started_at < before, limit)


def timelines(work: UnitOfWork, before: datetime, limit: int) -> int:
    """What trust models said of certificates, as it was decided before a moment."""
    return _delete(work, trust_timeline, trust_timeline.c.computed_at < before, limit)


def migrations(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Migrations that expired."""
    return _delete(work, migration, migration.c.expires_at < before, limit)


def ended_migrations(work: UnitOfWork, before: datetime, limit: int) -> int:
    """What is known of migrations that ended."""
    return _delete(work, ended_migration, ended_migration.c.ended_at < before, limit)


def moved_records(work: UnitOfWork, before: datetime, limit: int) -> int:
    """What was loaded by moves that ended."""
    ended = select(move_in.c.id).where(move_in.c.state == "ended", move_in.c.modified_at < before)
    return _delete(work, moved_record, moved_record.c.move_in_id.in_(ended), limit)


def campaigns(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Campaigns that were closed before a moment, with all that belongs to them."""
    return _delete(work, campaign, campaign.c.closed_at < before, limit)


def plans(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Plans that were made before a moment and aren't applied at present, once their rows have gone."""
    rows = select(plan_row.c.number).where(plan_row.c.plan_id == plan.c.id)
    return _delete(work, plan, and_(_old_plan(before), ~rows.exists()), limit)


def plan_rows(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Rows of such plans."""
    old = select(plan.c.id).where(_old_plan(before))
    return _delete(work, plan_row, plan_row.c.plan_id.in_(old), limit)


def _old_plan(before: datetime) -> ColumnElement[bool]:
    return and_(plan.c.created_at < before, plan.c.state != "applying")


def quarantines(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Quarantines that are over."""
    return _delete(work, quarantine, quarantine.c.until < before, limit)


def interventions(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Interventions of operators, but those that block a certificate still."""
    blocking = select(blocked_certificate.c.intervention_id).where(blocked_certificate.c.intervention_id.is_not(None))
    old = and_(intervention.c.asked_at < before, intervention.c.id.not_in(blocking))
    return _delete(work, intervention, old, limit)


def certificate_reminders(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Reminders of certificates that have ended."""
    ended = select(certificate.c.sha256).where(certificate.c.not_after < before)
    return _delete(work, certificate_reminder, certificate_reminder.c.certificate_sha256.in_(ended), limit)


def zone_serials(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Since when serials were out; of what is a day old, all but the last one of each minute.

    Servers that are behind are asked every other second, and a busy zone has several serials in one. Our present serial
    stays: who lacks it is behind for as long as it is out.
    """
    c, later = zone_serial.c, zone_serial.alias()
    present = select(zone.c.serial).where(zone.c.id == c.zone_id).scalar_subquery()
    kept = and_(c.server == "", c.serial == present)
    gone = _delete(work, zone_serial, and_(c.seen_at < before, not_(kept)), limit)
    minute = type_coerce(c.seen_at, BigInteger) // _MINUTE
    same_minute = (
        later.c.zone_id == c.zone_id,
        later.c.server == c.server,
        later.c.seen_at > c.seen_at,
        type_coerce(later.c.seen_at, BigInteger) < (minute + 1) * _MINUTE,
    )
    outdone = and_(c.seen_at < work.now - _PRECISE, not_(kept), select(later.c.serial).where(*same_minute).exists())
    return gone + _delete(work, zone_serial, outdone, limit - gone)


def zone_changes(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Published changes of zones; who has an older serial gets the whole zone from then on.

    What a primary lacks to which a zone is pushed, in vain but again and again, stays: nobody else knows what it has
    of us, so that it can be taken away there.
    """
    total = 0
    for zone_id, present in work.connection.execute(select(zone.c.id, zone.c.serial)).all():
        total += _zone_changes(work, zone_id, present, before, limit - total)
        if total >= limit:
            break
    return total


def _zone_changes(work: UnitOfWork, zone_id: int, present: int, before: datetime, limit: int) -> int:
    c = zone_change.c
    old = and_(c.zone_id == zone_id, c.serial.is_not(None), c.changed_at < before)
    pushed = select(zone_push.c.serial).where(
        zone_push.c.zone_id == zone_id, zone_push.c.serial.is_not(None), zone_push.c.failed_at > work.now - _IN_VAIN
    )
    waited_for = [_unrolled(serial, present) for serial in work.connection.execute(pushed).scalars()]
    if waited_for:
        old = and_(old, case((c.serial > present, c.serial), else_=c.serial + SERIALS) <= min(waited_for))
    going = select(c.sequence).where(old).order_by(c.sequence).limit(limit)
    # Serials go round, so they are compared by their distance from the present one (RFC 1982).
    unrolled = case((c.serial > present, c.serial), else_=c.serial + SERIALS)
    newest = work.connection.execute(select(func.max(unrolled)).where(c.sequence.in_(going))).scalar()
    if newest is None:
        return 0
    held = work.connection.execute(select(zone.c.history_from).where(zone.c.id == zone_id)).scalar_one()
    serial = max(newest, _unrolled(held, present)) % SERIALS
    work.connection.execute(update(zone).where(zone.c.id == zone_id).values(history_from=serial))
    with overwriting(work.connection):
        return work.connection.execute(delete(zone_change).where(c.sequence.in_(going))).rowcount


def _unrolled(serial: int, present: int) -> int:
    """A serial as a number that goes up to the present one's."""
    return serial if serial > present else serial + SERIALS


def signed_documents(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Signed documents that are not served any more: their content, access points or signing key have changed since."""
    c, version = signed_document.c, access_points_version()
    stale = (
        select(*signed_document.primary_key.columns)
        .select_from(
            signed_document.join(service, service.c.id == c.service_id)
            .join(service_group, service_group.c.id == service.c.service_group_id)
            .outerjoin(signing_key, and_(signing_key.c.domain_id == service_group.c.domain_id, signing_key.c.active))
        )
        .where(
            c.signed_at < before,
            or_(
                c.content_version != service.c.content_version,
                c.signing_key_id != signing_key.c.id,
                c.access_points_version != version,
            ),
        )
        .limit(limit)
    )
    key = tuple_(*signed_document.primary_key.columns)
    statement = delete(signed_document).where(key.in_(stale))
    return work.connection.execute(statement, {"now": work.now}).rowcount


def signed_service_groups(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Signed service groups that are not served any more."""
    c = signed_service_group.c
    stale = (
        select(*signed_service_group.primary_key.columns)
        .select_from(
            signed_service_group.join(service_group, service_group.c.id == c.service_group_id).outerjoin(
                signing_key, and_(signing_key.c.domain_id == service_group.c.domain_id, signing_key.c.active)
            )
        )
        .where(
            c.signed_at < before,
            or_(c.content_version != service_group.c.content_version, c.signing_key_id != signing_key.c.id),
        )
        .limit(limit)
    )
    key = tuple_(*signed_service_group.primary_key.columns)
    return work.connection.execute(delete(signed_service_group).where(key.in_(stale))).rowcount


def _delete(work: UnitOfWork, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    columns = list(table.primary_key.columns)
    going = select(*columns).where(condition).limit(limit)
    key = columns[0] if len(columns) == 1 else tuple_(*columns)
    with overwriting(work.connection):
        return work.connection.execute(delete(table).where(key.in_(going))).rowcount
