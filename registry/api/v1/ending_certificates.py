# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/ending-certificates`: what SMPs, signing keys and access points use and ends before long."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs
from registry.sml.reminders import known_by_name
from registry.storage.queries import certificate_ends
from registry.storage.queries.certificate_ends import EndingCertificate, EndingFilter, HolderKind

resource = Resource(
    "ending certificates", "Certificates in use that end before long, and whether a successor is there."
)
_Days = Annotated[int, Query(ge=0, le=3_650, description="Those that end within so many days, or have ended.")]
_Open = Annotated[bool, Query(description="Only those without a successor.")]


class EndingCertificateModel(Model):
    """A certificate in use that ends, or may speak for an SMP no more."""

    holder: Annotated[HolderKind, Field(description="What uses it.")]
    name: Annotated[str, Field(description="The SMP or access point; of a signing key its domain.")]
    sha256: str
    subject: str
    ends_at: Moment
    has_successor: Annotated[bool, Field(description="Whether another one is there already that takes over by then.")]


@resource.get(
    f"{DOMAIN}/ending-certificates",
    Needs(Action.CERTIFICATE_READ, rules.domain),
    {200: Page[EndingCertificateModel]},
)
def list_ending_certificates(
    call: Call,
    domain: DomainName,
    within_days: _Days = 90,
    without_successor: _Open = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EndingCertificateModel]:
    """List certificates in use that end before long, or have ended; what ends first comes first."""
    stored, now = call.context.domain(domain), call.context.database.now()
    behind = read_cursor(cursor, int, str, int, str)
    wanted = EndingFilter(
        after=None,
        until=now + timedelta(days=within_days),
        domain_ids=[stored.id],
        by_name=known_by_name([stored]),
        only_without_successor=without_successor,
    )
    with call.context.database.read() as connection:
        rows = certificate_ends.ending(connection, wanted, now, limit + 1, behind)
    part, following = paged(rows, limit, lambda row: row.place)
    return Page[EndingCertificateModel](items=[_shown(row) for row in part], next_cursor=following)


def _shown(row: EndingCertificate) -> EndingCertificateModel:
    return EndingCertificateModel(
        holder=row.kind,
        name=row.name,
        sha256=row.sha256,
        subject=row.subject,
        ends_at=row.ends_at,
        has_successor=row.has_successor,
    )
