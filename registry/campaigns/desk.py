# SPDX-License-Identifier: Apache-2.0
"""The use cases of campaigns: to make one, to count it, to close it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from registry.audit.events import record
from registry.campaigns import document_types, pki, zones
from registry.campaigns.forecast import forecast
from registry.campaigns.model import INVALID, CampaignKind, CampaignState, Census, Member, NewCampaign, check, required
from registry.errors import AlreadyExistsError, ConflictError, ValidationError
from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import alerts, campaigns
from registry.storage.queries.campaigns import CampaignRow, MemberRow, ProgressRow
from registry.storage.unit_of_work import Connection, UnitOfWork

COUNT: Final = "campaign-count"
"""The kind of the job that counts a campaign; where it names none, it has that done for all that are open."""
REMIND: Final = "campaign-remind"
"""That of the job that reminds those who are late of one."""


def add(work: UnitOfWork, stored: StoredDomain, new: NewCampaign) -> CampaignRow:
    """Make a campaign, and ask for it to be counted.

    Raises ValidationError with everything that is wrong, AlreadyExistsError.
    """
    check(new, work.now)
    _check_channel(work.connection, stored, new.channel)
    values = {
        "domain_id": stored.id,
        "name": new.name,
        "kind": new.kind.value,
        "target": _target(work.connection, stored, new),
        "state": CampaignState.OPEN.value,
        "starts_at": new.starts_at or work.now,
        "deadline": new.deadline,
        "days": sorted(new.days, reverse=True),
        "owners": new.owners,
        "channel": new.channel,
        "automatic": new.automatic,
    }
    campaign_id = campaigns.add(work, values)
    if campaign_id is None:
        raise AlreadyExistsError(f"there is a campaign {new.name} in this domain already")
    after = {"kind": new.kind.value, "deadline": new.deadline.isoformat(), "days": values["days"]}
    record(work, "campaigns:campaign:create", f"campaign:{new.name}", domain_id=stored.id, after=after)
    row = required(campaigns.by_id(work.connection, campaign_id))
    request_count(work, row)
    return row


def close(work: UnitOfWork, row: CampaignRow) -> CampaignRow:
    """Close a campaign: what was counted last stays. Raises ConflictError where it is closed already."""
    held = required(campaigns.by_id(work.connection, row.id, lock=True))
    if held.state != CampaignState.OPEN:
        raise ConflictError(f"the campaign {row.name} is closed already")
    campaigns.change(work, row.id, state=CampaignState.CLOSED.value, closed_by=work.actor, closed_at=work.now)
    record(
        work, "campaigns:campaign:close", f"campaign:{row.name}", domain_id=row.domain_id, after=dict(held.counts or {})
    )
    return required(campaigns.by_id(work.connection, row.id))


def request_count(work: UnitOfWork, row: CampaignRow, account_id: int | None = None) -> int:
    """Ask for the job that counts a campaign; gives its number. Raises ConflictError where it is closed."""
    return _request(work, COUNT, row, account_id)


def request_reminding(work: UnitOfWork, row: CampaignRow, account_id: int | None = None) -> int:
    """Ask for the job that reminds those who are late; gives its number. Raises ConflictError where it is closed."""
    return _request(work, REMIND, row, account_id)


def _request(work: UnitOfWork, kind: str, row: CampaignRow, account_id: int | None) -> int:
    if row.state != CampaignState.OPEN:
        raise ConflictError(f"the campaign {row.name} is closed")
    key = f"{kind}:{row.domain_id}:{row.name}"
    return enqueue(work, kind, {"campaign": row.name}, key=key, domain_id=row.domain_id, account_id=account_id)


@retried
def take(database: Database, actor: Actor, campaign_id: int, census: Census) -> CampaignRow:
    """Write down what was counted, with today's progress and what it makes expect: all of it, or nothing.

    Of a campaign that was closed meanwhile nothing is written. Raises NotFoundError where it has gone.
    """
    with database.write(actor) as work:
        row = required(campaigns.by_id(work.connection, campaign_id, lock=True))
        if row.state != CampaignState.OPEN:
            return row
        held = campaigns.members(work.connection, campaign_id)
        found = {member.id: member for member in census.members}
        rows = (_row(member, held.get(key), work.now) for key, member in found.items())
        campaigns.put_members(work, campaign_id, [each for each in rows if held.get(each.id) != each])
        campaigns.remove_members(work, campaign_id, sorted(held.keys() - found.keys()))
        today = ProgressRow(
            work.now.replace(hour=0, minute=0, second=0, microsecond=0),
            len(found),
            sum(member.done for member in found.values()),
            census.participants,
            census.participants_done,
        )
        campaigns.put_progress(work, campaign_id, today)
        expected = forecast(campaigns.progress(work.connection, campaign_id))
        counts = {name: getattr(today, name) for name in ProgressRow.__dataclass_fields__ if name != "day"}
        campaigns.change(work, campaign_id, counts=counts, expected_at=expected.at, counted_at=work.now)
        return required(campaigns.by_id(work.connection, campaign_id))


def _row(member: Member, held: MemberRow | None, now: datetime) -> MemberRow:
    changed_at = held.changed_at if held is not None and held.done == member.done else now
    return MemberRow(
        member.kind.value,
        member.key,
        member.name,
        member.address,
        member.participants,
        member.late,
        member.done,
        member.reason,
        changed_at,
    )


def _target(connection: Connection, stored: StoredDomain, new: NewCampaign) -> Mapping[str, Any]:
    match new.kind:
        case CampaignKind.PKI:
            return pki.target(connection, stored, new.target)
        case CampaignKind.ZONE:
            return zones.target(stored, new.target)
        case CampaignKind.DOCUMENT_TYPE:
            return document_types.target(stored.domain, new.target)


def _check_channel(connection: Connection, stored: StoredDomain, name: str | None) -> None:
    if name is None:
        return
    found = alerts.find_channel(connection, name)
    if found is None or (found.domains and stored.domain.name not in found.domains):
        raise ValidationError.of(INVALID, f"there is no alert channel {name[:63]} that this domain may use")
