# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/zone-records`: what an operator has in the zone beside participants and SMPs."""

from typing import Annotated

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Line, Model, Moment, Page
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.api.v1.zones import Name
from registry.dns.records import MAX_TTL, RRset
from registry.dns.zone_reader import absolute
from registry.dns.zone_records import DEFAULT_TTL, ZoneRecord
from registry.errors import NotFoundError

resource = Resource("zone-records", "What an operator has in a zone beside the records of participants and SMPs.")
_RECORDS = f"{DOMAIN}/zone-records"
_RECORD = f"{_RECORDS}/{{name}}/{{type}}"
_READ = Needs(Action.ZONE_READ, rules.domain)
_WRITE = Needs(Action.ZONE_WRITE, rules.domain)
Owner = Annotated[
    str, Field(max_length=255, description="A name in the zone; absolute, or relative to it.", examples=["0088.sml"])
]
"""The path parameter `{name}`."""
RecordType = Annotated[str, Field(max_length=20, description="A type of records.", examples=["CNAME"])]
"""The path parameter `{type}`."""


class NewZoneRecord(Model):
    """All records of one type at one name."""

    ttl: Annotated[int, Field(ge=0, le=MAX_TTL, description="In seconds.")] = DEFAULT_TTL
    records: Annotated[
        list[Line],
        Field(
            min_length=1,
            max_length=100,
            description="In presentation form (RFC 1035 §5.1); names in them are absolute.",
            examples=[["sml.example.org."]],
        ),
    ]


class ZoneRecordModel(Model):
    """All records of one type at one name, and who put them there."""

    name: Annotated[str, Field(description="Absolute.", examples=["0088.sml.edelivery.example.org."])]
    type: str
    ttl: int
    records: list[str]
    added_by: str
    modified_at: Moment


@resource.get(_RECORDS, _READ, {200: Page[ZoneRecordModel]})
def list_operator_records(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None, name: Name = None
) -> Page[ZoneRecordModel]:
    """List what the operator has in the zone, by name and type."""
    after = read_cursor(cursor, str, str) or ("", "")
    rows = call.context.zone_records.page(call.context.domain(domain), name, after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.rrset.owner, row.rrset.rdtype))
    return Page[ZoneRecordModel](items=[_shown(call, row) for row in part], next_cursor=following)


@resource.get(_RECORD, _READ, {200: ZoneRecordModel})
def read_operator_record(call: Call, domain: DomainName, name: Owner, type: RecordType) -> ZoneRecordModel:  # noqa: A002
    """Read the operator's records of a type at a name."""
    found = call.context.zone_records.find(call.context.domain(domain), name, type)
    if found is None:
        raise NotFoundError("the operator has no such records in the zone")
    return _shown(call, found)


@resource.put(_RECORD, _WRITE, {200: ZoneRecordModel, 201: ZoneRecordModel})
def put_operator_record(
    call: Call,
    domain: DomainName,
    name: Owner,
    type: RecordType,  # noqa: A002
    new: NewZoneRecord,
) -> Answer:
    """Put records into the zone, in the place of those of their name and type.

    NS records delegate a name to others, a DNAME gives it another one. Refused where that would take participants out
    of the zone, and where registration makes the names.
    """
    stored = call.context.domain(domain)
    existed = _current(call, name, type) is not None
    call.context.zone_records.put(call.actor, stored, [RRset(name, type, new.ttl, tuple(new.records))])
    now = read_operator_record(call, domain, name, type)
    if existed:
        return Answer(now)
    return Answer(now, status=201, headers={"location": url(_RECORD, domain, name, now.type)})


@resource.delete(_RECORD, _WRITE, {204: None})
def delete_operator_record(call: Call, domain: DomainName, name: Owner, type: RecordType) -> None:  # noqa: A002
    """Remove the operator's records of a type at a name."""
    if _current(call, name, type) is None:
        raise NotFoundError("the operator has no such records in the zone")
    call.context.zone_records.remove(call.actor, call.context.domain(domain), name, type)


def _current(call: CallState, name: str, rdtype: str) -> ZoneRecordModel | None:
    """What there is before a change, which nobody else makes meanwhile."""
    found = call.context.zone_records.find(call.domain, name, rdtype, lock=True)
    shown = None if found is None else _shown(call, found)
    call.match(lambda: shown)
    return shown


def _shown(call: CallState, row: ZoneRecord) -> ZoneRecordModel:
    rrset = row.rrset
    return ZoneRecordModel(
        name=absolute(rrset.owner, call.domain.domain.dns.zone),
        type=rrset.rdtype,
        ttl=rrset.ttl,
        records=list(rrset.rdatas),
        added_by=row.added_by,
        modified_at=row.modified_at,
    )
