# SPDX-License-Identifier: Apache-2.0
"""Service metadata in JSON: the form that exports have (docs/reference/exchange.md), with its schema.

What says nothing may be left out, and is left out of answers. The models are the schema; what a document means is read
by `registry.smp.exchange.model_json`, so that both ways in are one.
"""

from typing import Annotated, Literal

from pydantic import Field

from registry.api.v1.models import Line, Model, Moment, Paragraph
from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, ServiceMetadata
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import (
    extensions_to_json,
    properties_to_json,
    read_extension,
    read_service,
    service_to_json,
)

_MANY = 1000
Base64 = Annotated[
    str, Field(max_length=1_500_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$", json_schema_extra={"contentEncoding": "base64"})
]
Pair = Annotated[list[Paragraph], Field(min_length=2, max_length=2)]


class ExtensionModel(Model):
    """Foreign XML, byte for byte."""

    content: Annotated[Base64, Field(description="The XML inside of the extension element.")]
    namespaces: Annotated[list[Pair], Field(max_length=100, description="Prefix and URI of what it inherits.")] = Field(
        default_factory=list
    )
    properties: Annotated[list[Pair], Field(max_length=100, description="Name and text of what describes it.")] = Field(
        default_factory=list
    )


Extensions = Annotated[list[ExtensionModel], Field(max_length=100)]


class PropertyModel(Model):
    """A word of the operator about a participant, which no document of the SMP carries."""

    type: Annotated[Literal["public", "private"], Field(description="Whether others may be shown it.")]
    name: Annotated[Line, Field(min_length=1, max_length=256, pattern="^[A-Za-z0-9._-]+$")]
    value: Annotated[Line, Field(max_length=256)] = ""


Properties = Annotated[list[PropertyModel], Field(max_length=1000)]


class CodeModel(Model):
    """The identifier of a document type."""

    scheme: Line = ""
    value: Annotated[Line, Field(min_length=1)]


class ProcessModel(CodeModel):
    """A process in which a document type is received."""

    roles: Annotated[list[Line], Field(max_length=100)] = Field(default_factory=list)
    extensions: Extensions = Field(default_factory=list)


class CertificateModel(Model):
    """A certificate of an endpoint."""

    der: Annotated[Base64, Field(min_length=1, description="X.509, DER.")]
    type_code: Line = ""
    mime_code: Line = ""
    description: Paragraph = ""
    activation: Moment | None = None
    expiration: Moment | None = None


class EndpointModel(Model):
    """Where documents are received, and how."""

    transport_profile: Annotated[Line, Field(examples=["peppol-transport-as4-v2_0"])]
    address: Annotated[Paragraph, Field(examples=["https://ap.example.org/as4"])] = ""
    certificates: Annotated[list[CertificateModel], Field(max_length=20)] = Field(default_factory=list)
    require_business_level_signature: bool = False
    minimum_authentication_level: Line | None = None
    activation: Moment | None = None
    expiration: Moment | None = None
    description: Paragraph = ""
    technical_contact: Paragraph = ""
    technical_information: Paragraph | None = None
    extensions: Extensions = Field(default_factory=list)


class RedirectModel(Model):
    """Another SMP has it."""

    href: Paragraph = ""
    certificate_uid: Line = ""
    certificate: Annotated[Base64 | None, Field(description="X.509, DER.")] = None
    extensions: Extensions = Field(default_factory=list)


class ProcessMetadataModel(Model):
    """Processes, and either the endpoints for them or a redirect."""

    processes: Annotated[list[ProcessModel], Field(max_length=_MANY)] = Field(default_factory=list)
    endpoints: Annotated[list[EndpointModel], Field(max_length=_MANY)] = Field(default_factory=list)
    redirect: RedirectModel | None = None
    extensions: Extensions = Field(default_factory=list)


class ServiceModel(Model):
    """What a participant receives of one document type."""

    document_type: Annotated[
        CodeModel | None, Field(description="As in the path; may be left out where the path says it.")
    ] = None
    process_metadata: Annotated[list[ProcessMetadataModel], Field(max_length=_MANY)] = Field(default_factory=list)
    extensions: Extensions = Field(default_factory=list)


def service_model(metadata: ServiceMetadata) -> ServiceModel:
    """Metadata as a model."""
    return ServiceModel.model_validate(service_to_json(metadata))


def metadata_of(
    model: ServiceModel, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> ServiceMetadata:
    """The metadata that a model says; those of the document type that the path names. Raises ValidationError."""
    document = model.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    document.setdefault("document_type", {"scheme": document_type.scheme, "value": document_type.value})
    reasons: list[Reason] = []
    metadata = read_service(JsonReader(document, "", reasons), participant)
    if reasons:
        raise ValidationError(reasons)
    return metadata


def extension_models(extensions: tuple[Extension, ...]) -> list[ExtensionModel]:
    """Extensions as models."""
    return [ExtensionModel.model_validate({"content": "", **item}) for item in extensions_to_json(extensions)]


def property_models(properties: tuple[CustomProperty, ...]) -> list[PropertyModel]:
    """Custom properties, for an answer."""
    return [PropertyModel.model_validate(item) for item in properties_to_json(properties)]


def properties_of(models: list[PropertyModel]) -> tuple[CustomProperty, ...]:
    """The reverse of `property_models`."""
    return tuple(CustomProperty(item.name, item.value, item.type == "public") for item in models)


def extensions_of(models: list[ExtensionModel]) -> tuple[Extension, ...]:
    """The reverse of `extension_models`. Raises ValidationError."""
    reasons: list[Reason] = []
    found = tuple(read_extension(JsonReader(model.model_dump(mode="json"), "extensions", reasons)) for model in models)
    if reasons:
        raise ValidationError(reasons)
    return found
