# SPDX-License-Identifier: Apache-2.0
"""`/name-servers`, `/domains/{domain}/name-servers`, `…/zone/transfers`: what name servers serve, as it was seen last.

Nobody is asked here: processes with the role `jobs` look once a minute, and every other second while one is behind.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs, Within
from registry.consistency.last_checks import LastChecks, ServedContent, last_checks
from registry.dns.zone_status import Notified, ServerStatus, ZoneStatus, zone_statuses
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow

resource = Resource("name-servers", "What the name servers of zones serve, and how they come by it.")
_READ = Needs(Action.ZONE_READ, rules.domain)


class NotifyModel(Model):
    """The last NOTIFY that a secondary was sent (RFC 1996)."""

    serial: int
    sent_at: Moment
    acknowledged_at: Annotated[Moment | None, Field(description="Null as long as it isn't acknowledged.")]
    failure: Annotated[str | None, Field(description="Why it isn't.")]


class TransferModel(Model):
    """The last transfer of a zone to a client."""

    zone: str
    client: Annotated[str, Field(description="Its IP address.")]
    key: Annotated[str | None, Field(description="The TSIG key of the request; null where it had none.")]
    kind: Literal["AXFR", "IXFR"]
    serial: Annotated[int, Field(description="Up to which it went.")]
    octets: int
    milliseconds: int
    succeeded_at: Moment | None
    failed_at: Moment | None
    failure: Annotated[str | None, Field(description="Null where it succeeded.")]


class PushModel(Model):
    """How far a primary of others is, to which a zone is pushed (RFC 2136)."""

    zone: Annotated[str, Field(description="What the zone is called there.")]
    serial: Annotated[int | None, Field(description="Of ours, up to which all has arrived.")]
    pushed_at: Moment | None
    failed_at: Moment | None
    failure: Annotated[str | None, Field(description="Null where the last push succeeded.")]


class ContentModel(Model):
    """What a name server really served when it was compared last."""

    checked_at: Moment
    agrees: Annotated[bool, Field(description="Whether it was compared, and nothing has to be done.")]
    missing: Annotated[int, Field(description="Record sets that it lacks.")]
    differs: Annotated[int, Field(description="Those that are others there.")]
    surplus: Annotated[int, Field(description="Those that it should not have.")]
    foreign: Annotated[int, Field(description="Those that others have made there, where they may.")]
    failure: Annotated[str | None, Field(description="Why it could not be compared; null where it could.")]


class NameServerModel(Model):
    """A name server of a zone."""

    zone: Annotated[str, Field(description="While a zone moves, each of its two names has its servers.")]
    domain: Annotated[str | None, Field(description="Null for the catalog of all zones.")]
    address: str
    role: Annotated[
        Literal["observed", "secondary", "push-target"],
        Field(description="How it comes by the zone: from somebody else, from us by transfers, or from us by updates."),
    ]
    zone_serial: Annotated[int, Field(description="Ours.")]
    serial: Annotated[
        int | None,
        Field(
            description="Ours that it had last; of a primary that others write to as well, up to which all was "
            "pushed. Null where nobody knows."
        ),
    ]
    own_serial: Annotated[
        int | None,
        Field(description="What it shows where the zone is signed: counted by who signs it, it says nothing of ours."),
    ]
    behind_since: Annotated[
        Moment | None, Field(description="When the first change was published that it lacks; null where it lacks none.")
    ]
    behind_seconds: Annotated[float | None, Field(description="For how long that is.")]
    ahead: Annotated[
        bool,
        Field(
            description="Whether its serial is greater than ours: our data are older than what was published. Never "
            "where the zone is signed."
        ),
    ]
    succeeded_at: Annotated[Moment | None, Field(description="When it last answered as it should.")]
    failed_at: Moment | None
    failure: Annotated[str | None, Field(description="Null where its last answer was good.")]
    notify: Annotated[NotifyModel | None, Field(description="Null where it never was sent one.")]
    transfer: Annotated[TransferModel | None, Field(description="The last one; null where there was none.")]
    push: Annotated[PushModel | None, Field(description="Null for servers that aren't pushed to.")]
    content: Annotated[
        ContentModel | None, Field(description="As of the last comparison, one a day; null where there was none.")
    ]


@resource.get("/name-servers", Within(Action.ZONE_READ, rules.system), {200: Page[NameServerModel]})
def list_all_name_servers(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[NameServerModel]:
    """List the name servers of all zones that the caller may read, by zone and address; also those of the catalog."""
    context = call.context
    domains = [stored for stored in context.directory.all() if call.may(Action.ZONE_READ, Scope(stored.id))]
    others = context.other_zones if call.may(Action.ZONE_READ, SYSTEM) else {}
    return _page(context.database, domains, zone_statuses(context.database, domains, others), limit, cursor)


@resource.get(f"{DOMAIN}/name-servers", _READ, {200: Page[NameServerModel]})
def list_name_servers(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None
) -> Page[NameServerModel]:
    """List the name servers of a domain's zone, and of its other name while it moves, with what they serve."""
    domains = [call.context.domain(domain)]
    return _page(call.context.database, domains, zone_statuses(call.context.database, domains), limit, cursor)


@resource.get(f"{DOMAIN}/zone/transfers", _READ, {200: Page[TransferModel]})
def list_zone_transfers(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None
) -> Page[TransferModel]:
    """List the last transfer of each client that has taken the zone, whether or not the settings name it."""
    after = read_cursor(cursor, str, str, str) or ("", "", "")
    zones = zone_statuses(call.context.database, [call.context.domain(domain)])
    rows = sorted(
        ((zone.name, row) for zone in zones for row in zone.transfers), key=lambda each: _transfer_place(*each)
    )
    part, following = paged(
        [each for each in rows if _transfer_place(*each) > after][: limit + 1],
        limit,
        lambda each: _transfer_place(*each),
    )
    return Page[TransferModel](items=[_transfer(*each) for each in part], next_cursor=following)


def _page(
    database: Database, domains: Sequence[StoredDomain], zones: Iterable[ZoneStatus], limit: int, cursor: str | None
) -> Page[NameServerModel]:
    after = read_cursor(cursor, str, str, str, str) or ("", "", "", "")
    rows = sorted(((zone, server) for zone in zones for server in zone.servers), key=lambda each: _place(*each))
    part, following = paged(
        [each for each in rows if _place(*each) > after][: limit + 1], limit, lambda each: _place(*each)
    )
    with database.read() as connection:
        contents = {stored.domain.name: last_checks(connection, stored.id) for stored in domains}
    items = [_shown(*each, contents.get(each[0].domain or "", {})) for each in part]
    return Page[NameServerModel](items=items, next_cursor=following)


def _place(zone: ZoneStatus, server: ServerStatus) -> tuple[str, str, str, str]:
    return zone.name, server.address, server.role.value, server.zone_there


def _transfer_place(zone: str, row: TransferRow) -> tuple[str, str, str]:
    return zone, row.client, row.key


def _shown(zone: ZoneStatus, server: ServerStatus, contents: LastChecks) -> NameServerModel:
    content = contents.get((server.address, server.zone_there))
    return NameServerModel(
        zone=zone.name,
        domain=zone.domain,
        address=server.address,
        role=server.role.value,
        zone_serial=zone.serial,
        serial=server.serial,
        own_serial=server.own_serial,
        behind_since=server.behind_since,
        behind_seconds=server.behind_s,
        ahead=server.ahead,
        succeeded_at=server.succeeded_at,
        failed_at=server.failed_at,
        failure=server.failure,
        notify=None if server.notified is None else _notify(server.notified),
        transfer=None if server.transfer is None else _transfer(zone.name, server.transfer),
        push=None if server.pushed is None else _push(server.pushed),
        content=None if content is None else _content(content),
    )


def _notify(told: Notified) -> NotifyModel:
    return NotifyModel(
        serial=told.serial, sent_at=told.sent_at, acknowledged_at=told.acknowledged_at, failure=told.failure
    )


def _transfer(zone: str, row: TransferRow) -> TransferModel:
    return TransferModel(
        zone=zone,
        client=row.client,
        key=row.key or None,
        kind="AXFR" if row.kind == "AXFR" else "IXFR",
        serial=row.serial,
        octets=row.octets,
        milliseconds=row.milliseconds,
        succeeded_at=row.succeeded_at,
        failed_at=row.failed_at,
        failure=row.failure,
    )


def _content(content: ServedContent) -> ContentModel:
    return ContentModel(
        checked_at=content.checked_at, agrees=content.agrees, failure=content.failure, **dict(content.counts)
    )


def _push(row: ZonePushRow) -> PushModel:
    return PushModel(
        zone=row.name, serial=row.serial, pushed_at=row.pushed_at, failed_at=row.failed_at, failure=row.failure
    )
