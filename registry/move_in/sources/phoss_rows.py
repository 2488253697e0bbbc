# SPDX-License-Identifier: Apache-2.0
"""Rows of a phoss SMP's database as our model.

What a participant's rows say wrongly is collected as reasons, so that the participant is refused with all of them. An
operator's participants mostly say the same of their services: what was made of rows and certificates is kept.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
)
from registry.move_in.participant_records import service_text
from registry.move_in.sources.sql_parts import Row
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    write_business_card,
)
from registry.smp.documents.lexical import XML_SPACE, collapse
from registry.smp.exchange.json_lines import parse_json
from registry.smp.exchange.phoss_extensions import parse_extensions
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

Text = tuple[str, tuple[Reason, ...]]
"""A service as `service_text` has it ("" where it can't be read), and what is wrong with it."""

Item = TypeVar("Item")

_KEPT = 4096
_LONG = 20  # endpoints; so many are rarely said twice, and take a lot of memory
_ANYBODY = ParticipantIdentifier("", "anybody")  # a service's text doesn't name the participant
_PROPERTY_TYPES = {"pub": True, "public": True, "priv": False, "private": False}


class PhossReader:
    """Makes values of rows; `zone` is the time zone in which the old system's computer wrote times."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._kept_information = lru_cache(_KEPT)(self._information)
        self._kept_redirect = lru_cache(_KEPT)(self._redirect)
        self._certificate = lru_cache(_KEPT)(_certificate)

    def information(self, document_type: tuple[str, str, str | None], rows: list[Row]) -> Text:
        """Service metadata; `document_type` has scheme, value and extension, a row a process and an endpoint."""
        if len(rows) > 1:
            rows.sort(key=lambda row: [str(value) for value in row])
        make = self._kept_information if len(rows) <= _LONG else self._information
        return make(document_type, tuple(rows))

    def redirect(self, row: Row) -> Text:
        """A redirect: scheme and value of the document type, URL, certificate's name, certificate, extension."""
        return self._kept_redirect(row)

    def _information(self, document_type: tuple[str, str, str | None], rows: tuple[Row, ...]) -> Text:
        reasons: list[Reason] = []
        scheme, value, extension = document_type
        where = f"{scheme}::{value}"
        processes: dict[Row, list[Endpoint]] = {}
        for process_scheme, process, process_extension, *endpoint in rows:
            endpoints = processes.setdefault((process_scheme, process, process_extension), [])
            endpoints.append(self._endpoint(endpoint, f"{where}, {process}", reasons))
        metadata = ServiceMetadata(
            _ANYBODY,
            DocumentTypeIdentifier(scheme.strip(XML_SPACE), value.strip(XML_SPACE)),
            tuple(
                ProcessMetadata(
                    (
                        Process(
                            ProcessIdentifier(scheme.strip(XML_SPACE), process.strip(XML_SPACE)),
                            extensions=_extensions(extension, f"{where}, {process}", reasons),
                        ),
                    ),
                    tuple(endpoints),
                )
                for (scheme, process, extension), endpoints in processes.items()
            ),
            _extensions(extension, where, reasons),
        )
        return ("", tuple(reasons)) if reasons else (service_text(metadata), ())

    def _endpoint(self, row: Iterable[Any], where: str, reasons: list[Reason]) -> Endpoint:
        profile, address, certificate, signed, level, start, end, description, contact, information, extension = row
        der = self._read_certificate(certificate, where, reasons)
        return Endpoint(
            transport_profile=profile.strip(XML_SPACE),
            address=collapse(address or ""),
            certificates=(EndpointCertificate(der),) if der else (),
            require_business_level_signature=bool(signed),
            minimum_authentication_level=level,
            activation=self._moment(start, where, reasons),
            expiration=self._moment(end, where, reasons),
            description=(description or "").strip(XML_SPACE),
            technical_contact=collapse(contact or ""),
            technical_information=None if information is None else collapse(information),
            extensions=_extensions(extension, where, reasons),
        )

    def _redirect(self, row: Row) -> Text:
        reasons: list[Reason] = []
        scheme, value, href, uid, certificate, extension = row
        where = f"redirect of {scheme}::{value}"
        redirect = Redirect(
            href=collapse(href),
            certificate_uid=(uid or "").strip(XML_SPACE),
            extensions=_extensions(extension, where, reasons),
            certificate=self._read_certificate(certificate, where, reasons),
        )
        document_type = DocumentTypeIdentifier(scheme.strip(XML_SPACE), value.strip(XML_SPACE))
        metadata = ServiceMetadata(_ANYBODY, document_type, (ProcessMetadata(redirect=redirect),))
        return ("", tuple(reasons)) if reasons else (service_text(metadata), ())

    def _read_certificate(self, text: str | None, where: str, reasons: list[Reason]) -> bytes | None:
        try:
            return self._certificate(text.strip(XML_SPACE)) if text else None
        except CertificateError as error:
            reasons.append(Reason("SMP-PHOSS-CERTIFICATE", f"{where}: the certificate: {error}"))
            return None

    def _moment(self, value: object, where: str, reasons: list[Reason]) -> datetime | None:
        try:
            # A dump has texts, and MySQL has dates that no calendar has, such as 0000-00-00, which come as texts, too.
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            return moment.replace(tzinfo=self._zone).astimezone(UTC) if isinstance(moment, datetime) else None
        except (ValueError, OverflowError):  # the last moment of the year 9999 is none in UTC west of Greenwich
            reasons.append(Reason("SMP-PHOSS-DATE", f"{where}: {str(value)!r} is no date"))
            return None


def extensions_of(text: str | None, reasons: list[Reason]) -> tuple[Extension, ...]:
    """The extensions of a service group."""
    return _extensions(text, "service group", reasons)


def properties_of(text: str | None, reasons: list[Reason]) -> tuple[CustomProperty, ...]:
    """The custom properties of a service group: a JSON array of objects with type, name and value."""
    try:
        return tuple(
            CustomProperty(str(item["name"]), str(item["value"]), _PROPERTY_TYPES[item["type"]])
            for item in _listed(text, dict)
        )
    except (ValidationError, KeyError, TypeError) as error:
        reasons.append(Reason("SMP-PHOSS-PROPERTIES", f"the custom properties can't be read: {error}"))
        return ()


def card_of(participant: ParticipantIdentifier, rows: list[Row], reasons: list[Reason]) -> bytes | None:
    """A business card as XML; a row an entity. None where there is none, or where it can't be read."""
    try:
        return write_business_card(BusinessCard(participant, tuple(map(_entity, rows)))) if rows else None
    except ValidationError as error:
        reasons += error.reasons
    except (KeyError, TypeError, ValueError) as error:
        reasons.append(Reason("SMP-PHOSS-BUSINESS-CARD", f"the business card can't be read: {error}"))
    return None


def _entity(row: Row) -> BusinessEntity:
    _, name, names, country, place, identifiers, websites, contacts, additional, registered = row
    return BusinessEntity(
        names=tuple(EntityName(_said(item, "name"), _said(item, "language").lower()) for item in _listed(names, dict))
        or (EntityName((name or "").strip(XML_SPACE)),),
        country_code=country.strip(XML_SPACE).upper(),
        geographical_information=(place or "").strip(XML_SPACE),
        identifiers=tuple(
            EntityIdentifier(_said(item, "scheme"), _said(item, "value")) for item in _listed(identifiers, dict)
        ),
        websites=tuple(item.strip(XML_SPACE) for item in _listed(websites, str)),
        contacts=tuple(
            Contact(_said(item, "type"), _said(item, "name"), _said(item, "phone"), _said(item, "email"))
            for item in _listed(contacts, dict)
        ),
        additional_information=(additional or "").strip(XML_SPACE),
        registration_date=date.fromisoformat(registered) if isinstance(registered, str) else registered,
    )


def _said(item: dict[str, Any], name: str) -> str:
    return str(item.get(name) or "").strip(XML_SPACE)


def _listed(text: str | None, kind: type[Item]) -> list[Item]:
    items = parse_json(text) if text else []
    if not isinstance(items, list) or not all(isinstance(item, kind) for item in items):
        raise ValidationError.of("SMP-JSON", "it is no list of what was expected")
    return items


def _certificate(text: str) -> bytes | None:
    return load_certificate(text).public_bytes(Encoding.DER) if text else None


@lru_cache(_KEPT)
def _parsed_extensions(text: str) -> tuple[Extension, ...]:
    return parse_extensions(text)


def _extensions(text: str | None, where: str, reasons: list[Reason]) -> tuple[Extension, ...]:
    try:
        return _parsed_extensions(text.strip(XML_SPACE)) if text else ()
    except ValidationError as error:
        reasons += [Reason(each.id, f"{where}: {each.message}", each.clause) for each in error.reasons]
        return ()
