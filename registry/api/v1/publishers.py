# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/publishers`: the SMPs that the SML of a domain knows, and the certificates that speak for them."""

from typing import Annotated

from cryptography import x509
from fastapi import Query
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
from registry.errors import NotFoundError, Reason, ValidationError
from registry.sml.model import Publisher
from registry.sml.publisher_certificates import Window
from registry.storage.queries.sml_views import PublisherCertificate, PublisherView
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

resource = Resource("publishers", "The SMPs that the SML of a domain knows, and the certificates that speak for them.")
_PUBLISHERS = f"{DOMAIN}/publishers"
_PUBLISHER = f"{_PUBLISHERS}/{{smp_id}}"
_CERTIFICATES = f"{_PUBLISHER}/certificates"
_CERTIFICATE = f"{_CERTIFICATES}/{{sha256}}"
_READ = Needs(Action.PUBLISHER_READ, rules.domain)
_WRITE = Needs(Action.PUBLISHER_WRITE, rules.domain)
SmpId = Annotated[str, Field(max_length=64, description="The id of an SMP; case means nothing.", examples=["SMP-1"])]
"""The path parameter `{smp_id}`."""
Sha256 = Annotated[str, Field(max_length=64, description="SHA-256 of a certificate, in hexadecimal.")]
"""The path parameter `{sha256}`."""
_Last = Annotated[bool, Query(description="That nobody can speak for the SMP then is meant.")]
Pem = Annotated[str, Field(max_length=20_000, pattern=r"^[\t\r\n -~]*$", description="A certificate in PEM.")]
_Address = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class PublisherAddresses(Model):
    """Where an SMP is."""

    logical_address: Annotated[
        _Address, Field(description="Its URL, to which names lead.", examples=["https://smp.example.org/"])
    ]
    physical_address: Annotated[
        Line, Field(description="An IP address that nobody resolves by, as SOAP has it.", examples=["192.0.2.1"])
    ] = ""


class PublisherSummary(Model):
    """An SMP in a list."""

    smp_id: str
    logical_address: str
    physical_address: str
    suspended: Annotated[bool, Field(description="Whether nobody may speak for it at present.")]
    modified_at: Moment
    registrations: Annotated[int, Field(description="How many participants it has.")]


class WindowModel(Model):
    """From and until when a certificate may speak for an SMP."""

    usable_from: Annotated[Moment | None, Field(description="Null: from now on, or as it was.")] = None
    usable_until: Annotated[Moment | None, Field(description="Null: without an end.")] = None


class NewPublisherCertificate(WindowModel):
    """A certificate that is to speak for an SMP."""

    certificate: Pem


class PublisherCertificateModel(Model):
    """A certificate that may speak for an SMP, or did or will."""

    sha256: str
    subject: str
    not_before: Moment | None
    not_after: Moment | None
    usable_from: Moment | None
    usable_until: Moment | None


class PublisherModel(Model):
    """An SMP with its certificates."""

    smp_id: str
    logical_address: str
    physical_address: str
    suspended: bool
    modified_at: Moment
    certificates: list[PublisherCertificateModel]


class RemovalPlanModel(Model):
    """What would go with an SMP."""

    registrations: Annotated[int, Field(description="How many participants it has.")]
    wildcards: Annotated[int, Field(description="How many of them are wildcards.")]
    suspended: Annotated[int, Field(description="How many of them are suspended.")]
    migrations: Annotated[int, Field(description="How many have an open migration: that stands against its removal.")]
    names: Annotated[int, Field(description="How many names in DNS go, its own among them.")]
    quarantine_days: Annotated[
        int, Field(description="For how many days nobody may register its participants then; 0: anybody may.")
    ]


@resource.get(_PUBLISHERS, _READ, {200: Page[PublisherSummary]})
def list_publishers(call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None) -> Page[PublisherSummary]:
    """List the SMPs of a domain, by id."""
    (after,) = read_cursor(cursor, str) or ("",)
    rows = call.context.sml.publishers(call.context.domain(domain), after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.smp_id.lower(),))
    items = [
        PublisherSummary(
            smp_id=row.smp_id,
            logical_address=row.logical_address,
            physical_address=row.physical_address,
            suspended=row.suspended,
            modified_at=row.modified_at,
            registrations=row.registrations,
        )
        for row in part
    ]
    return Page[PublisherSummary](items=items, next_cursor=following)


@resource.get(_PUBLISHER, _READ, {200: PublisherModel})
def read_publisher(call: Call, domain: DomainName, smp_id: SmpId) -> PublisherModel:
    """Read an SMP with its certificates."""
    return _shown(*call.context.sml.publisher(call.context.domain(domain), smp_id))


@resource.put(_PUBLISHER, _WRITE, {200: PublisherModel, 201: PublisherModel})
def put_publisher(call: Call, domain: DomainName, smp_id: SmpId, new: PublisherAddresses) -> Answer:
    """Register an SMP, or give it other addresses.

    The names of all its participants follow a changed address. Nobody may speak for a new SMP over SOAP before it has
    a certificate.
    """
    sml, stored = call.context.sml, call.context.domain(domain)
    found = _current(call, smp_id)
    if found is None:
        sml.create_publisher(call.actor, stored, Publisher(smp_id, new.logical_address, new.physical_address))
    else:
        sml.change_publisher(call.actor, stored, smp_id, new.logical_address, new.physical_address)
    now = _shown(*sml.publisher(stored, smp_id))
    if found is not None:
        return Answer(now)
    return Answer(now, status=201, headers={"location": url(_PUBLISHER, domain, now.smp_id)})


@resource.delete(_PUBLISHER, _WRITE, {204: None})
def delete_publisher(call: Call, domain: DomainName, smp_id: SmpId) -> None:
    """Remove an SMP with all its registrations and their names.

    Refused while one of its participants has an open migration.
    """
    _current(call, smp_id)
    call.context.sml.delete_publisher(call.actor, call.context.domain(domain), smp_id)


@resource.get(f"{_PUBLISHER}/removal", _READ, {200: RemovalPlanModel})
def plan_publisher_removal(call: Call, domain: DomainName, smp_id: SmpId) -> RemovalPlanModel:
    """Tell what would go with an SMP that is removed. Changes nothing."""
    plan = call.context.sml.plans.removing(call.context.domain(domain), smp_id)
    return RemovalPlanModel(
        registrations=plan.participants,
        wildcards=plan.wildcards,
        suspended=plan.suspended,
        migrations=plan.migrations,
        names=plan.names,
        quarantine_days=plan.quarantine_days,
    )


@resource.get(_CERTIFICATES, _READ, {200: Page[PublisherCertificateModel]})
def list_publisher_certificates(
    call: Call, domain: DomainName, smp_id: SmpId, limit: Limit = 50, cursor: Cursor = None
) -> Page[PublisherCertificateModel]:
    """List the certificates of an SMP, those that have ended among them."""
    (after,) = read_cursor(cursor, str) or ("",)
    held = call.context.sml.publisher(call.context.domain(domain), smp_id)[1]
    part, following = paged([row for row in held if row.sha256 > after][: limit + 1], limit, lambda row: (row.sha256,))
    return Page[PublisherCertificateModel](items=[_shown_certificate(row) for row in part], next_cursor=following)


@resource.get(_CERTIFICATE, _READ, {200: PublisherCertificateModel})
def read_publisher_certificate(
    call: Call, domain: DomainName, smp_id: SmpId, sha256: Sha256
) -> PublisherCertificateModel:
    """Read from and until when a certificate may speak for an SMP."""
    return _certificate(call, domain, smp_id, sha256)


@resource.post(_CERTIFICATES, _WRITE, {201: PublisherCertificateModel})
def add_publisher_certificate(call: Call, domain: DomainName, smp_id: SmpId, new: NewPublisherCertificate) -> Answer:
    """Let a certificate speak for an SMP.

    So an SMP can have its next certificate beside the present one. One that the domain would not accept is refused.
    """
    certificate = read_pem(new.certificate, "#/certificate")
    window = Window(new.usable_from, new.usable_until)
    sha256 = call.context.sml.add_certificate(call.actor, call.context.domain(domain), smp_id, certificate, window)
    added = _certificate(call, domain, smp_id, sha256)
    return Answer(added, headers={"location": url(_CERTIFICATE, domain, smp_id, sha256)})


@resource.put(_CERTIFICATE, _WRITE, {200: PublisherCertificateModel})
def change_publisher_certificate(
    call: Call, domain: DomainName, smp_id: SmpId, sha256: Sha256, window: WindowModel, last: _Last = False
) -> PublisherCertificateModel:
    """Change from and until when a certificate may speak for an SMP; to end the only one that does has to be meant."""
    _current_certificate(call, domain, smp_id, sha256)
    wanted = Window(window.usable_from, window.usable_until)
    call.context.sml.change_certificate(call.actor, call.context.domain(domain), smp_id, sha256, wanted, last=last)
    return _certificate(call, domain, smp_id, sha256)


@resource.delete(_CERTIFICATE, _WRITE, {204: None})
def end_publisher_certificate(
    call: Call, domain: DomainName, smp_id: SmpId, sha256: Sha256, last: _Last = False
) -> None:
    """Let a certificate speak for an SMP no more, from now on; to end the only one that does has to be meant."""
    _current_certificate(call, domain, smp_id, sha256)
    call.context.sml.end_certificate(call.actor, call.context.domain(domain), smp_id, sha256, last=last)


def read_pem(text: str, pointer: str) -> x509.Certificate:
    """A certificate that came in a request. Raises ValidationError that points to it."""
    try:
        return load_certificate(text)
    except CertificateError as error:
        raise ValidationError((Reason("CERTIFICATE-PEM", str(error), pointer=pointer),)) from error


def _current(call: CallState, smp_id: str) -> PublisherModel | None:
    """What there is before a change, which nobody else makes meanwhile."""
    try:
        found = _shown(*call.context.sml.publisher(call.domain, smp_id, lock=True))
    except NotFoundError:
        found = None
    call.match(lambda: found)
    return found


def _current_certificate(call: CallState, domain: str, smp_id: str, sha256: str) -> None:
    call.context.sml.publisher(call.context.domain(domain), smp_id, lock=True)
    found = _certificate(call, domain, smp_id, sha256)
    call.match(lambda: found)


def _certificate(call: CallState, domain: str, smp_id: str, sha256: str) -> PublisherCertificateModel:
    for row in call.context.sml.publisher(call.context.domain(domain), smp_id)[1]:
        if row.sha256 == sha256:
            return _shown_certificate(row)
    raise NotFoundError("the SMP has no such certificate")


def _shown(view: PublisherView, certificates: list[PublisherCertificate]) -> PublisherModel:
    return PublisherModel(
        smp_id=view.smp_id,
        logical_address=view.logical_address,
        physical_address=view.physical_address,
        suspended=view.suspended,
        modified_at=view.modified_at,
        certificates=[_shown_certificate(row) for row in certificates],
    )


def _shown_certificate(row: PublisherCertificate) -> PublisherCertificateModel:
    return PublisherCertificateModel(
        sha256=row.sha256,
        subject=row.subject,
        not_before=row.not_before,
        not_after=row.not_after,
        usable_from=row.usable_from,
        usable_until=row.usable_until,
    )
