# SPDX-License-Identifier: Apache-2.0
"""The neutral model as JSON, without loss: what stands on a line of an export (docs/reference/exchange.md).

What says nothing (an empty list, an empty text, no date, false) is left out, and bytes are base64. A reader refuses
what it doesn't know, since to skip it would lose it; all that is wrong with a line is told at once.
"""

import base64
from datetime import datetime
from typing import Any

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.scheme_value import SchemedIdentifier
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
    Visibility,
)
from registry.smp.documents.lexical import format_date_time
from registry.smp.exchange.json_reader import JsonReader

_PUBLIC, _PRIVATE = "public", "private"


def service_to_json(metadata: ServiceMetadata) -> dict[str, Any]:
    """Service metadata without the participant, who stands one level above."""
    return {"document_type": identifier_to_json(metadata.document_type)} | _without_nothing(
        process_metadata=[_group_to_json(item) for item in metadata.process_metadata],
        extensions=extensions_to_json(metadata.extensions),
    )


def extensions_to_json(extensions: tuple[Extension, ...]) -> list[dict[str, Any]]:
    """Extensions, byte for byte."""
    return [
        _without_nothing(
            content=_base64(item.content),
            namespaces=[list(pair) for pair in item.namespaces],
            properties=[list(pair) for pair in item.properties],
        )
        for item in extensions
    ]


def properties_to_json(properties: tuple[CustomProperty, ...]) -> list[dict[str, Any]]:
    """Custom properties."""
    return [
        _without_nothing(type=_PUBLIC if item.public else _PRIVATE, name=item.name, value=item.value)
        for item in properties
    ]


def identifier_to_json(identifier: SchemedIdentifier) -> dict[str, Any]:
    """An identifier of any kind."""
    return _without_nothing(scheme=identifier.scheme, value=identifier.value)


def _group_to_json(group: ProcessMetadata) -> dict[str, Any]:
    # A redirect that says nothing is still a redirect.
    redirect = {} if group.redirect is None else {"redirect": _redirect_to_json(group.redirect)}
    return redirect | _without_nothing(
        processes=[_process_to_json(item) for item in group.processes],
        endpoints=[_endpoint_to_json(item) for item in group.endpoints],
        extensions=extensions_to_json(group.extensions),
    )


def _process_to_json(process: Process) -> dict[str, Any]:
    return identifier_to_json(process.identifier) | _without_nothing(
        roles=list(process.roles), extensions=extensions_to_json(process.extensions)
    )


def _endpoint_to_json(endpoint: Endpoint) -> dict[str, Any]:
    # "" and absence differ in these two.
    optional = {
        name: text
        for name in ("minimum_authentication_level", "technical_information")
        if (text := getattr(endpoint, name)) is not None
    }
    return optional | _without_nothing(
        transport_profile=endpoint.transport_profile,
        address=endpoint.address,
        certificates=[_certificate_to_json(item) for item in endpoint.certificates],
        require_business_level_signature=endpoint.require_business_level_signature,
        activation=_moment(endpoint.activation),
        expiration=_moment(endpoint.expiration),
        description=endpoint.description,
        technical_contact=endpoint.technical_contact,
        extensions=extensions_to_json(endpoint.extensions),
    )


def _certificate_to_json(certificate: EndpointCertificate) -> dict[str, Any]:
    return _without_nothing(
        der=_base64(certificate.der),
        type_code=certificate.type_code,
        mime_code=certificate.mime_code,
        description=certificate.description,
        activation=_moment(certificate.activation),
        expiration=_moment(certificate.expiration),
    )


def _redirect_to_json(redirect: Redirect) -> dict[str, Any]:
    certificate = {} if redirect.certificate is None else {"certificate": _base64(redirect.certificate)}
    return certificate | _without_nothing(
        href=redirect.href,
        certificate_uid=redirect.certificate_uid,
        extensions=extensions_to_json(redirect.extensions),
    )


def _without_nothing(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_date_time(moment)


def read_participant(reader: JsonReader) -> ParticipantIdentifier:
    """The reverse of `identifier_to_json`."""
    return ParticipantIdentifier(reader.text("scheme"), reader.text("value"))


def read_service(reader: JsonReader, participant: ParticipantIdentifier) -> ServiceMetadata:
    """The reverse of `service_to_json`."""
    return ServiceMetadata(
        participant,
        reader.object("document_type", lambda item: DocumentTypeIdentifier(item.text("scheme"), item.text("value"))),
        reader.objects("process_metadata", _read_group),
        reader.objects("extensions", read_extension),
    )


def service_from_json(
    document: Any, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> ServiceMetadata:
    """The reverse of `service_to_json`, for a document type that need not be said in it. Raises ValidationError."""
    reasons: list[Reason] = []
    said = {"document_type": identifier_to_json(document_type)}
    metadata = read_service(
        JsonReader(said | document if isinstance(document, dict) else document, "", reasons), participant
    )
    if metadata.document_type != document_type and not reasons:
        reasons.append(
            Reason("SMP-ID-MISMATCH", f"the document is of {metadata.document_type}, not of {document_type}")
        )
    if reasons:
        raise ValidationError(reasons)
    return metadata


def read_extension(reader: JsonReader) -> Extension:
    """The reverse of `extensions_to_json`, for one."""
    return Extension(reader.data("content"), reader.pairs("namespaces"), reader.pairs("properties"))


def read_property(reader: JsonReader) -> CustomProperty:
    """The reverse of `properties_to_json`, for one."""
    if (kind := reader.text("type")) not in (_PUBLIC, _PRIVATE):
        reader.refuse(f"neither {_PUBLIC} nor {_PRIVATE}", "type")
    return CustomProperty(reader.text("name"), reader.text("value"), kind == _PUBLIC)


def read_visibility(reader: JsonReader) -> Visibility | None:
    """Who learns of a participant; None where a line says nothing of it."""
    text = reader.optional_text("visibility")
    if text is None:
        return None
    try:
        return Visibility(text)
    except ValueError:
        reader.refuse(f"none of {', '.join(Visibility)}", "visibility")
        return None


def _read_group(reader: JsonReader) -> ProcessMetadata:
    return ProcessMetadata(
        reader.objects("processes", _read_process),
        reader.objects("endpoints", _read_endpoint),
        reader.optional_object("redirect", _read_redirect),
        reader.objects("extensions", read_extension),
    )


def _read_process(reader: JsonReader) -> Process:
    return Process(
        ProcessIdentifier(reader.text("scheme"), reader.text("value")),
        reader.texts("roles"),
        reader.objects("extensions", read_extension),
    )


def _read_endpoint(reader: JsonReader) -> Endpoint:
    return Endpoint(
        transport_profile=reader.text("transport_profile"),
        address=reader.text("address"),
        certificates=reader.objects("certificates", _read_certificate),
        require_business_level_signature=reader.flag("require_business_level_signature"),
        minimum_authentication_level=reader.optional_text("minimum_authentication_level"),
        activation=reader.moment("activation"),
        expiration=reader.moment("expiration"),
        description=reader.text("description"),
        technical_contact=reader.text("technical_contact"),
        technical_information=reader.optional_text("technical_information"),
        extensions=reader.objects("extensions", read_extension),
    )


def _read_certificate(reader: JsonReader) -> EndpointCertificate:
    return EndpointCertificate(
        der=reader.data("der"),
        type_code=reader.text("type_code"),
        mime_code=reader.text("mime_code"),
        description=reader.text("description"),
        activation=reader.moment("activation"),
        expiration=reader.moment("expiration"),
    )


def _read_redirect(reader: JsonReader) -> Redirect:
    return Redirect(
        href=reader.text("href"),
        certificate_uid=reader.text("certificate_uid"),
        extensions=reader.objects("extensions", read_extension),
        certificate=reader.optional_data("certificate"),
    )
