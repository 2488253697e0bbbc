# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities in JSON (TS 119 602 V1.1.1 §6, Annex A): bytes to `TrustedList`.

Where the standard and its schema differ, the reader takes both: `NextUpdate` may be null in a closed list (§6.3.15),
a `LoTELegalNotice` is a multilingual text (§6.3.11) or a string. The singular spellings of the identities
(`X509SKI` for `X509SKIs`), which the schema lets pass by mistake, mean what they mean. Extensions have no form of
their own in JSON: each is any value, and critical where its member `critical` says so.
"""

import binascii
from dataclasses import replace

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.lote.json_values import JsonObject, read_object, refuse
from trust_lists.documents.lote.unread import Unread
from trust_lists.documents.model import (
    Address,
    CertificateForm,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    PointerQualifier,
    PostalAddress,
    Scheme,
    ServiceState,
    SupplyPoint,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
    UnknownExtension,
)
from trust_lists.errors import JsonRefusedError, ListRefusedError
from trust_lists.strict_json import canonical_json, parse_json
from trust_lists.xml import MAX_LIST_BYTES

CRITICAL = ("critical", "Critical")


def read_json(data: bytes) -> TrustedList:
    """The list in `data`, which is the payload of a signature, or a list that nobody signed.

    Raises ListRefusedError: LIST_TOO_LARGE, LIST_ENCODING, LIST_NOT_WELL_FORMED, LIST_NUMBER, LIST_DUPLICATE_MEMBER,
    LIST_TOO_DEEP, LIST_NOT_A_LIST, and LIST_STRUCTURE with the path of what is missing or of the wrong type.
    """
    try:
        value = parse_json(data, max_bytes=MAX_LIST_BYTES)
    except JsonRefusedError as error:
        raise ListRefusedError(error.reason_id.replace("JSON_", "LIST_"), str(error)) from None
    if not isinstance(value, dict) or not isinstance(value.get("LoTE"), dict):
        raise ListRefusedError(
            "LIST_NOT_A_LIST", "this JSON is no list of trusted entities: its root has no object named LoTE"
        )
    unread = Unread()
    document = read_object(value, "$", lambda root: root.needed_member("LoTE", _list), unread)
    return replace(document, unread=tuple(unread.places))


def _list(item: JsonObject) -> TrustedList:
    return TrustedList(
        dialect=Dialect.LOTE_JSON,
        scheme=item.needed_member("ListAndSchemeInformation", _scheme),
        providers=item.objects("TrustedEntitiesList", _provider),
    )


def _scheme(information: JsonObject) -> Scheme:
    notices = information.objects("PolicyOrLegalNotice", _notice)
    return Scheme(
        version=information.needed_integer("LoTEVersionIdentifier"),
        sequence=information.needed_integer("LoTESequenceNumber"),
        list_type=information.text("LoTEType"),
        operator_names=information.objects("SchemeOperatorName", _text),
        issued_at=information.needed_instant("ListIssueDateTime"),
        next_update=information.instant("NextUpdate"),
        operator_address=_address(information, "SchemeOperator"),
        names=information.objects("SchemeName", _text),
        information_uris=information.objects("SchemeInformationURI", _uri),
        status_determination=information.text("StatusDeterminationApproach"),
        community_rules=information.objects("SchemeTypeCommunityRules", _uri),
        territory=information.text("SchemeTerritory"),
        policies=tuple(policy for policy, _ in notices if policy is not None),
        legal_notices=tuple(notice for _, notice in notices if notice is not None),
        historical_period=information.integer("HistoricalInformationPeriod"),
        pointers=information.objects("PointersToOtherLoTE", _pointer),
        distribution_points=information.texts("DistributionPoints"),
        extensions=information.items("SchemeExtensions", _extension),
    )


def _text(item: JsonObject) -> Text:
    return Text(item.text("lang"), item.needed("value"))


def _uri(item: JsonObject) -> Text:
    return Text(item.text("lang"), item.needed("uriValue"))


def _notice(item: JsonObject) -> tuple[Text | None, Text | None]:
    if "LoTEPolicy" not in item and "LoTELegalNotice" not in item:
        refuse(item.path, "has neither LoTEPolicy nor LoTELegalNotice")
    policy = item.member("LoTEPolicy", _uri)
    if item.is_object("LoTELegalNotice"):
        return policy, item.member("LoTELegalNotice", _text)
    return policy, Text("", item.text("LoTELegalNotice")) if "LoTELegalNotice" in item else None


def _address(parent: JsonObject, kind: str) -> Address:
    """`kind` is `SchemeOperator` or `TE`, with which the names of the members begin."""

    def read(item: JsonObject) -> Address:
        postal = item.objects(f"{kind}PostalAddress", _postal)
        return Address(postal, item.objects(f"{kind}ElectronicAddress", _uri))

    return parent.member(f"{kind}Address", read) or Address()


def _postal(item: JsonObject) -> PostalAddress:
    return PostalAddress(
        lang=item.text("lang"),
        street=item.text("StreetAddress"),
        locality=item.text("Locality"),
        state=item.text("StateOrProvince"),
        postal_code=item.text("PostalCode"),
        country=item.text("Country"),
    )


def _pointer(item: JsonObject) -> Pointer:
    qualifiers = item.objects("LoTEQualifiers", _qualifier)
    first = qualifiers[0] if qualifiers else PointerQualifier()
    return Pointer(
        location=item.needed("LoTELocation"),
        identities=item.objects("ServiceDigitalIdentities", _identity),
        territory=first.territory,
        mime_type=first.mime_type,
        list_type=first.list_type,
        operator_names=first.operator_names,
        community_rules=first.community_rules,
        more_qualifiers=qualifiers[1:],
    )


def _qualifier(item: JsonObject) -> PointerQualifier:
    return PointerQualifier(
        list_type=item.text("LoTEType"),
        operator_names=item.objects("SchemeOperatorName", _text),
        community_rules=item.objects("SchemeTypeCommunityRules", _uri),
        territory=item.text("SchemeTerritory"),
        mime_type=item.text("MimeType"),
    )


def _provider(item: JsonObject) -> TrustServiceProvider:
    provider = item.needed_member("TrustedEntityInformation", _provider_information)
    return replace(provider, services=item.objects("TrustedEntityServices", _service))


def _provider_information(item: JsonObject) -> TrustServiceProvider:
    return TrustServiceProvider(
        names=item.objects("TEName", _text),
        trade_names=item.objects("TETradeName", _text),
        address=_address(item, "TE"),
        information_uris=item.objects("TEInformationURI", _uri),
        services=(),
        extensions=item.items("TEInformationExtensions", _extension),
    )


def _service(item: JsonObject) -> TrustService:
    service = item.needed_member("ServiceInformation", _service_information)
    return replace(service, history=item.objects("ServiceHistory", _state))


def _service_information(item: JsonObject) -> TrustService:
    return TrustService(
        current=_state(item),
        scheme_definition_uris=item.objects("SchemeServiceDefinitionURI", _uri),
        supply_points=item.objects("ServiceSupplyPoints", _supply_point),
        provider_definition_uris=item.objects("ServiceDefinitionURI", _uri),
    )


def _state(item: JsonObject) -> ServiceState:
    return ServiceState(
        type=item.text("ServiceTypeIdentifier"),
        names=item.objects("ServiceName", _text),
        identity=item.needed_member("ServiceDigitalIdentity", _identity),
        status=item.text("ServiceStatus"),
        starting_time=item.instant("StatusStartingTime"),
        extensions=item.items("ServiceInformationExtensions", _extension),
    )


def _supply_point(item: JsonObject) -> SupplyPoint:
    return SupplyPoint(item.needed("uriValue"), item.text("ServiceType"))


def _identity(item: JsonObject) -> DigitalIdentity:
    listed = item.objects("X509Certificates", _certificate)
    keys = item.items("PublicKeyValues", _key)
    if "PublicKeyValue" in item:
        keys += (_key(item.raw("PublicKeyValue"), f"{item.path}.PublicKeyValue"),)
    return DigitalIdentity(
        certificates=tuple(certificate for certificate, _ in listed),
        subject_names=(*item.texts("X509SubjectNames"), *_single(item, "X509SubjectName")),
        skis=tuple(map(_bytes, (*item.texts("X509SKIs"), *_single(item, "X509SKI")))),
        key_values=keys,
        other=(*item.texts("OtherIds"), *_single(item, "OtherId")),
        forms=tuple(form for _, form in listed if form.encoding or form.specification),
    )


def _single(item: JsonObject, name: str) -> tuple[str, ...]:
    return (item.text(name),) if name in item else ()


def _certificate(item: JsonObject) -> tuple[ListedCertificate, CertificateForm]:
    certificate = ListedCertificate(_bytes(item.needed("val")))
    return certificate, CertificateForm(certificate.sha256, item.text("encoding"), item.text("specRef"))


def _bytes(text: str) -> bytes:
    """As in XML, text that isn't base64 is kept as it stands: loading it as a certificate shows that it is none."""
    value = "".join(text.split()).encode()
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return value


def _key(value: object, path: str) -> str:
    if not isinstance(value, dict):
        refuse(path, "is no JWK: not an object")
    return canonical_json(value)


def _extension(value: object, path: str) -> Extension:
    if value is None:
        refuse(path, "is null")
    members = value if isinstance(value, dict) else {}
    names = [name for name in members if name not in CRITICAL]
    critical = any(members.get(name) not in (None, False) for name in CRITICAL)
    return Extension(critical, UnknownExtension(names[0] if len(names) == 1 else "", canonical_json(value)))
