# SPDX-License-Identifier: Apache-2.0
"""`/certificates`: every certificate that is used here, until when it is good, and by whom it is used."""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.alerts.certificate_calendar import MAX_DAYS, certificate_calendar
from registry.alerts.icalendar import MEDIA_TYPE
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, Raw
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.publishers import Sha256
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Within
from registry.errors import NotFoundError
from registry.storage.queries import certificate_views
from registry.storage.queries.certificate_views import CertificateFilter, CertificateView, UseRole

resource = Resource("certificates", "Every certificate that is used here, until when it is good, and by whom.")
_CERTIFICATE = "/certificates/{sha256}"
_CALENDAR = "text/calendar"
_READ = Within(Action.CERTIFICATE_READ, rules.system)
_PEM = "application/x-pem-file"
_OfDomain = Annotated[str | None, Query(max_length=64, description="Only those that are used in this domain.")]


class CertificateModel(Model):
    """A certificate; one that can't be parsed has empty names and no dates."""

    sha256: str
    subject: str
    issuer: str
    serial: str
    not_before: Moment | None
    not_after: Moment | None
    key_sha256: str


class CertificateUseModel(Model):
    """Who uses a certificate."""

    role: UseRole
    domain: str
    name: Annotated[
        str,
        Field(
            description="The access point, the SMP, the participant that redirects; of a key, "
            "`active`, `planned` or `former`."
        ),
    ]


@resource.get("/certificates", _READ, {200: Page[CertificateModel]})
def list_certificates(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    expires_before: Annotated[Moment | None, Query(description="Only those that end before this instant.")] = None,
    subject: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only subjects that hold it.")
    ] = None,
    domain: _OfDomain = None,
    role: Annotated[UseRole | None, Query(description="Only those that are used for this.")] = None,
) -> Page[CertificateModel]:
    """List the certificates that are used where the caller may see it; what expires first comes first."""
    after = read_cursor(cursor, int, str)
    wanted = CertificateFilter(expires_before, subject, _domains(call, domain), role)
    with call.context.database.read() as connection:
        rows = certificate_views.page(connection, wanted, after, limit + 1)
    part, following = paged(rows, limit, lambda row: row.place)
    return Page[CertificateModel](items=[_shown(row) for row in part], next_cursor=following)


@resource.get("/certificate-calendar", _READ, {200: _CALENDAR})
def download_certificate_calendar(
    call: Call,
    within_days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="The ends of the next so many days.")] = 90,
    domain: _OfDomain = None,
) -> Answer:
    """Download the ends of certificates that are used where the caller may see it, as a calendar (RFC 5545)."""
    domains = _domains(call, domain)
    names = {stored.id: stored.domain.name for stored in call.context.directory.all()}
    with call.context.database.read() as connection:
        body = certificate_calendar(connection, names, domains, within_days, call.context.database.now())
    return Answer(Raw(body, MEDIA_TYPE), headers={"content-disposition": 'attachment; filename="certificates.ics"'})


@resource.get(_CERTIFICATE, _READ, {200: CertificateModel})
def read_certificate(call: Call, sha256: Sha256) -> CertificateModel:
    """Read what a certificate says."""
    return _shown(_seen(call, sha256)[0])


@resource.get(f"{_CERTIFICATE}/pem", _READ, {200: _PEM})
def download_certificate(call: Call, sha256: Sha256) -> Raw:
    """Download a certificate in PEM. 404 for one that can't be parsed, too."""
    der = _seen(call, sha256)[1]
    try:
        return Raw(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM), _PEM)
    except ValueError:
        raise NotFoundError("the bytes of this certificate are not one") from None


@resource.get(f"{_CERTIFICATE}/uses", _READ, {200: Page[CertificateUseModel]})
def list_certificate_uses(
    call: Call, sha256: Sha256, limit: Limit = 50, cursor: Cursor = None, domain: _OfDomain = None
) -> Page[CertificateUseModel]:
    """List who uses a certificate, where the caller may see it."""
    after = read_cursor(cursor, str, int, str)
    _seen(call, sha256)
    with call.context.database.read() as connection:
        rows = certificate_views.uses(connection, sha256, _domains(call, domain), after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.role, row.domain_id, row.name))
    names = {stored.id: stored.domain.name for stored in call.context.directory.all()}
    items = [CertificateUseModel(role=row.role, domain=names[row.domain_id], name=row.name) for row in part]
    return Page[CertificateUseModel](items=items, next_cursor=following)


def _domains(call: CallState, name: str | None = None) -> list[int] | None:
    """The domains in which the caller may see certificates, or the named one of them; None: everywhere."""
    if name is not None:
        stored = call.context.domain(name)
        call.require(Action.CERTIFICATE_READ, Scope(stored.id), lambda: no_domain(name))
        return [stored.id]
    if call.may(Action.CERTIFICATE_READ, SYSTEM):
        return None
    return [stored.id for stored in call.context.directory.all() if call.may(Action.CERTIFICATE_READ, Scope(stored.id))]


def _seen(call: CallState, sha256: str) -> tuple[CertificateView, bytes]:
    """A certificate that the caller may see. Raises NotFoundError."""
    domains = _domains(call)
    with call.context.database.read() as connection:
        found = certificate_views.find(connection, sha256)
        hidden = domains is not None and not certificate_views.uses(connection, sha256, domains, None, 1)
        if found is None or hidden:
            raise NotFoundError("there is no such certificate")
        return found, certificate_views.der(connection, sha256)


def _shown(row: CertificateView) -> CertificateModel:
    return CertificateModel(
        sha256=row.sha256,
        subject=row.subject,
        issuer=row.issuer,
        serial=row.serial,
        not_before=row.not_before,
        not_after=row.not_after,
        key_sha256=row.key_sha256,
    )
