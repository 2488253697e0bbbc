# SPDX-License-Identifier: Apache-2.0
"""Writes an export as phoss SMP 8 does (`<smp-data version="1.0">`), from the model of this registry."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from registry.identifiers.scheme_value import SchemedIdentifier
from registry.metadata import Endpoint, Extension, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.business_card import BusinessCard, BusinessEntity
from registry.smp.documents.lexical import format_date_time


@dataclass(frozen=True, slots=True)
class Exported:
    """A participant with all that an export says of it; extensions are without properties and inherited namespaces."""

    group: ServiceGroup
    services: Sequence[ServiceMetadata] = ()
    card: BusinessCard | None = None
    owner: str = "admin"


def phoss_export(participants: Iterable[Exported]) -> bytes:
    """The file, with the business cards at its end."""
    listed = list(participants)
    cards = [_card(number, item.card) for number, item in enumerate(listed) if item.card is not None]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<smp-data version="1.0">'
        f"{''.join(map(_group, listed))}{''.join(cards)}</smp-data>\n"
    ).encode()


def _group(item: Exported) -> str:
    who = str(item.group.participant)
    properties = "".join(
        f"<customproperty{_said(type='pub' if each.public else 'priv', name=each.name, value=each.value)}/>"
        for each in item.group.properties or ()
    )
    return (
        f"<servicegroup{_said(ownerid=item.owner)}>{_identifier('participant', item.group.participant)}"
        f"{_extension(item.group.extensions)}"
        f"{f'<customproperties>{properties}</customproperties>' if properties else ''}"
        f"{''.join(_service(who, each) for each in item.services)}</servicegroup>"
    )


def _service(who: str, metadata: ServiceMetadata) -> str:
    document_type = _identifier("doctypeidentifier", metadata.document_type)
    if (redirect := metadata.redirect) is not None:
        return (
            f"<redirect{_said(servicegroupid=who, targethref=redirect.href)}>{document_type}"
            f"<suid>{escape(redirect.certificate_uid)}</suid>{_extension(redirect.extensions)}</redirect>"
        )
    processes = "".join(map(_process, metadata.process_metadata))
    said = f"{document_type}{processes}{_extension(metadata.extensions)}"
    return f"<serviceinfo{_said(servicegroupid=who)}>{said}</serviceinfo>"


def _process(group: ProcessMetadata) -> str:
    (process,) = group.processes
    endpoints = "".join(map(_endpoint, group.endpoints))
    identifier = _identifier("processidentifier", process.identifier)
    return f"<process>{identifier}{endpoints}{_extension(process.extensions)}</process>"


def _endpoint(endpoint: Endpoint) -> str:
    said = _said(
        transportprofile=endpoint.transport_profile,
        endpointref=endpoint.address,
        reqblsig=str(endpoint.require_business_level_signature).lower(),
        minauthlevel=endpoint.minimum_authentication_level,
        activation=endpoint.activation and format_date_time(endpoint.activation),
        expiration=endpoint.expiration and format_date_time(endpoint.expiration),
        techcontacturl=endpoint.technical_contact or None,
        techinfourl=endpoint.technical_information,
    )
    certificates = "".join(f"<certificate>{b64encode(c.der).decode()}</certificate>" for c in endpoint.certificates)
    description = f"<svcdescription>{escape(endpoint.description)}</svcdescription>" if endpoint.description else ""
    return f"<endpoint{said}>{certificates}{description}{_extension(endpoint.extensions)}</endpoint>"


def _extension(extensions: tuple[Extension, ...]) -> str:
    if not extensions:
        return ""
    said = json.dumps([{"Any": item.content.decode()} for item in extensions])
    return f"<extension>{escape(said)}</extension>"


def _card(number: int, card: BusinessCard) -> str:
    entities = "".join(map(_entity, card.entities))
    return f"<businesscard{_said(id=str(number), servicegroupid=str(card.participant))}>{entities}</businesscard>"


def _entity(entity: BusinessEntity) -> str:
    names = "".join(f"<name{_said(name=name.text, language=name.language or None)}/>" for name in entity.names)
    place = f"<geoinfo>{escape(entity.geographical_information)}</geoinfo>" if entity.geographical_information else ""
    identifiers = "".join(f"<identifier{_said(scheme=i.scheme, value=i.value)}/>" for i in entity.identifiers)
    return f"<entity{_said(country=entity.country_code)}>{names}{place}{identifiers}</entity>"


def _identifier(tag: str, identifier: SchemedIdentifier) -> str:
    return f"<{tag}{_said(scheme=identifier.scheme, value=identifier.value)}/>"


def _said(**values: Any) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value is not None)
