# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/access-points`: where documents are received, changed once for all participants behind it."""

import base64
from collections.abc import Sequence
from typing import Annotated

from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, warning_header
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Line, Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs
from registry.api.v1.service_models import Base64, CertificateModel
from registry.errors import NotFoundError, Reason, ValidationError
from registry.identifiers.text import shorten
from registry.metadata import EndpointCertificate
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import access_points
from registry.storage.queries.access_points import AccessPointRow
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

resource = Resource("access points", "Where documents are received, shared by many endpoints.")
ACCESS_POINTS = f"{DOMAIN}/access-points"
ACCESS_POINT = f"{ACCESS_POINTS}/{{access_point}}"
AccessPointName = Annotated[str, Field(max_length=128, description="An access point's name.", examples=["gateway"])]


class Planned(Model):
    """Another one that stands in from an instant on."""

    name: str
    at: Moment


class AccessPointSummary(Model):
    """An access point in a list."""

    name: str
    transport_profile: str
    address: str
    endpoints: Annotated[int, Field(description="How many endpoints refer to it.")]
    planned: Annotated[Planned | None, Field(description="Its successor, where one is planned.")]


class AccessPointModel(AccessPointSummary):
    """An access point with all that it says at present."""

    description: str
    technical_contact: str
    technical_information: str | None
    certificates: list[CertificateModel]


class AccessPointChange(Model):
    """What is to change; what is left out stays."""

    address: Annotated[Line | None, Field(description="The new URL.")] = None
    certificate: Annotated[Base64 | None, Field(min_length=1, description="The new one, DER.")] = None
    at: Annotated[Moment | None, Field(description="From then on; at once where it is left out.")] = None


@resource.get(ACCESS_POINTS, Needs(Action.ACCESS_POINT_READ, rules.domain), {200: Page[AccessPointSummary]})
def list_access_points(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None
) -> Page[AccessPointSummary]:
    """List the access points of a domain by name, with how many endpoints refer to each."""
    stored = call.context.domain(domain)
    after = read_cursor(cursor, str, int)
    rows = sorted(call.context.access_points(stored).listed(), key=_position)
    rest = [row for row in rows if after is None or _position(row) > after]
    part, following = paged(rest[: limit + 1], limit, _position)
    return Page[AccessPointSummary](items=[_summary(row) for row in part], next_cursor=following)


@resource.get(ACCESS_POINT, Needs(Action.ACCESS_POINT_READ, rules.domain), {200: AccessPointModel})
def read_access_point(call: Call, domain: DomainName, access_point: AccessPointName) -> AccessPointModel:
    """Read an access point."""
    return _shown(call, call.context.domain(domain), access_point)


@resource.patch(
    ACCESS_POINT,
    Needs(Action.ACCESS_POINT_WRITE, rules.domain),
    {200: AccessPointModel},
    examples={"moves in January": {"address": "https://ap2.example.org/as4", "at": "2027-01-31T06:00:00Z"}},
)
def change_access_point(
    call: Call, domain: DomainName, access_point: AccessPointName, body: AccessPointChange
) -> Answer:
    """Give an access point another address or certificate, at once or from an instant on.

    Every document that shows it is signed anew when it is next asked for. A change at once calls off what was planned.
    """
    stored = call.context.domain(domain)
    if body.address is None and body.certificate is None:
        raise ValidationError((Reason("ACCESS-POINT-CHANGE", "say what changes: address or certificate"),))
    access_points.lock(call.work, stored.id, access_point)
    call.match(lambda: _shown(call, stored, access_point))
    warnings = call.context.access_points(stored).change(
        call.actor,
        access_point,
        address=body.address,
        certificate=None if body.certificate is None else _der(body.certificate),
        at=body.at,
    )
    return Answer(_shown(call, stored, access_point), headers=warning_header(warnings))


def _shown(call: CallState, stored: StoredDomain, name: str) -> AccessPointModel:
    row = next((row for row in call.context.access_points(stored).listed() if row.name == name), None)
    if row is None:
        raise NotFoundError(f"there is no access point {shorten(name)} in this domain")
    with call.context.database.read() as connection:
        content = access_points.content(connection, row.id, call.context.database.now())
    return AccessPointModel(
        **_summary(row).model_copy(update={"address": content.address}).model_dump(exclude={"planned"}),
        planned=_summary(row).planned,
        description=content.description,
        technical_contact=content.technical_contact,
        technical_information=content.technical_information,
        certificates=_certificates(content.certificates),
    )


def _certificates(certificates: Sequence[EndpointCertificate]) -> list[CertificateModel]:
    return [
        CertificateModel(
            der=base64.b64encode(item.der).decode(),
            type_code=item.type_code,
            mime_code=item.mime_code,
            description=item.description,
            activation=item.activation,
            expiration=item.expiration,
        )
        for item in certificates
    ]


def _summary(row: AccessPointRow) -> AccessPointSummary:
    planned = None
    if row.successor is not None and row.successor_at is not None:
        planned = Planned(name=row.successor, at=row.successor_at)
    return AccessPointSummary(
        name=row.name,
        transport_profile=row.transport_profile,
        address=row.address,
        endpoints=row.endpoints,
        planned=planned,
    )


def _position(row: AccessPointRow) -> tuple[str, int]:
    return row.name, row.id


def _der(text: str) -> bytes:
    try:
        return load_certificate(base64.b64decode(text, validate=True)).public_bytes(Encoding.DER)
    except (ValueError, CertificateError):
        message = "no certificate: the base64 of DER is wanted"
        raise ValidationError((Reason("ACCESS-POINT-CERTIFICATE", message, pointer="#/certificate"),)) from None
