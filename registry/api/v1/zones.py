# SPDX-License-Identifier: Apache-2.0
"""`/zones` and `/domains/{domain}/zone`: what DNS says for a domain, and how it came to that; read only."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action, Scope
from registry.api.v1 import rules
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs, Within
from registry.dns.records import RRset
from registry.dns.zone_reader import ZoneReader, absolute
from registry.serials import SERIALS
from registry.storage.queries.zone_views import ZoneView

resource = Resource("zones", "What DNS says for a domain, and how it came to that.")
_ZONE = f"{DOMAIN}/zone"
_READ = Needs(Action.ZONE_READ, rules.domain)
Name = Annotated[str | None, Query(max_length=255, description="Only this name: absolute, or relative to the zone.")]
"""The query parameter `name`."""


class ZoneSummary(Model):
    """A zone."""

    name: str
    domain: str
    serial: Annotated[int, Field(description="Of what name servers are given.")]
    history_from: Annotated[int, Field(description="The oldest serial from which all changes are known.")]
    modified_at: Annotated[Moment, Field(description="When the serial was last moved.")]
    waiting_changes: Annotated[int, Field(description="Changes that are committed and have no serial yet.")]
    waiting_seconds: Annotated[float, Field(description="For how long the oldest of them has waited.")]


class ZoneModel(ZoneSummary):
    """A zone with its size."""

    record_sets: int


class RecordSet(Model):
    """All records of one type at one name."""

    name: Annotated[str, Field(description="Absolute.", examples=["x.edelivery.example.org."])]
    type: str
    ttl: Annotated[int, Field(description="In seconds.")]
    records: Annotated[list[str], Field(description="In presentation form (RFC 1035 §5.1).")]


class ZoneChangeModel(Model):
    """A change of a record set."""

    serial: int
    changed_at: Moment
    before: Annotated[RecordSet | None, Field(description="Null where there was none.")]
    after: Annotated[RecordSet | None, Field(description="Null where there is none.")]


@resource.get("/zones", Within(Action.ZONE_READ, rules.system), {200: Page[ZoneSummary]})
def list_zones(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[ZoneSummary]:
    """List the zones that the caller may read, by name."""
    (after,) = read_cursor(cursor, str) or ("",)
    names = {
        stored.id: stored.domain.name
        for stored in call.context.directory.all()
        if call.may(Action.ZONE_READ, Scope(stored.id))
    }
    call.narrowed = True
    rows = ZoneReader(call.context.database).zones(list(names), after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.name,))
    items = [_summary(call, row, names[row.domain_id]) for row in part]
    return Page[ZoneSummary](items=items, next_cursor=following)


@resource.get(_ZONE, _READ, {200: ZoneModel})
def read_zone(call: Call, domain: DomainName) -> ZoneModel:
    """Read how the zone of a domain is: its serial, and what has not come to name servers yet."""
    view, record_sets = ZoneReader(call.context.database).zone(call.context.domain(domain).id)
    return ZoneModel(**_summary(call, view, domain).model_dump(), record_sets=record_sets)


@resource.get(f"{_ZONE}/records", _READ, {200: Page[RecordSet]})
def list_zone_records(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None, name: Name = None
) -> Page[RecordSet]:
    """List what the names of a zone hold, after all changes that are committed."""
    after = read_cursor(cursor, str, str) or ("", "")
    stored = call.context.domain(domain)
    rows = ZoneReader(call.context.database).records(stored.id, name, after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.owner, row.rdtype))
    items = [record_set(row, stored.domain.dns.zone) for row in part]
    return Page[RecordSet](items=items, next_cursor=following)


@resource.get(f"{_ZONE}/changes", _READ, {200: Page[ZoneChangeModel]})
def list_zone_changes(
    call: Call,
    domain: DomainName,
    since: Annotated[int, Query(ge=0, lt=SERIALS, description="The serial that is known.")],
    limit: Limit = 50,
    cursor: Cursor = None,
    name: Name = None,
) -> Page[ZoneChangeModel]:
    """List what has changed since a serial, in order.

    400 where the journal doesn't reach back so far: then only all records tell.
    """
    (after,) = read_cursor(cursor, int) or (0,)
    stored = call.context.domain(domain)
    rows = ZoneReader(call.context.database).changes(stored.id, since, name, after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.sequence,))
    zone = stored.domain.dns.zone
    items = [
        ZoneChangeModel(
            serial=row.serial,
            changed_at=row.changed_at,
            before=None if row.before is None else record_set(row.before, zone),
            after=None if row.after is None else record_set(row.after, zone),
        )
        for row in part
    ]
    return Page[ZoneChangeModel](items=items, next_cursor=following)


def _summary(call: CallState, row: ZoneView, domain: str) -> ZoneSummary:
    waited = 0.0 if row.oldest_waiting is None else (call.context.database.now() - row.oldest_waiting).total_seconds()
    return ZoneSummary(
        name=row.name,
        domain=domain,
        serial=row.serial,
        history_from=row.history_from,
        modified_at=row.modified_at,
        waiting_changes=row.waiting,
        waiting_seconds=max(waited, 0.0),
    )


def record_set(rrset: RRset, zone: str) -> RecordSet:
    """A record set as it is answered."""
    return RecordSet(name=absolute(rrset.owner, zone), type=rrset.rdtype, ttl=rrset.ttl, records=list(rrset.rdatas))
