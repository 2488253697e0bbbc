# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities as JSON (TS 119 602 V1.1.1 §6, Annex A): `TrustedList` to bytes, equal ones to equal bytes.

Members come in the order of the schema, and what a list doesn't say has no member. Where standard and schema differ:
a closed list has a `NextUpdate` of null (§6.3.15), since the schema has no way to say it; a legal notice is a string
without its language, as in the schema, since wallets can't read the multilingual text of §6.3.11 there.
"""

import base64
import json
from collections.abc import Iterable, Sequence

from trust_lists.documents.model import (
    Address,
    DigitalIdentity,
    Extension,
    Pointer,
    PointerQualifier,
    PostalAddress,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
    UnknownExtension,
)
from trust_lists.errors import JsonRefusedError, ListRefusedError
from trust_lists.instants import write_instant
from trust_lists.strict_json import parse_json

_MAX_PIECE_BYTES = 10_000_000

Members = dict[str, object]


def write_json(document: TrustedList) -> bytes:
    """The list in UTF-8, without white space between the values.

    Raises ListRefusedError LIST_UNWRITABLE for what has no form in JSON: extensions and keys that are XML.
    """
    value: Members = {"ListAndSchemeInformation": _scheme(document.scheme)}
    if document.providers:
        value["TrustedEntitiesList"] = [_provider(each) for each in document.providers]
    return json.dumps({"LoTE": value}, ensure_ascii=False, separators=(",", ":")).encode()


def _scheme(scheme: Scheme) -> Members:
    return _present(
        LoTEVersionIdentifier=scheme.version,
        LoTESequenceNumber=scheme.sequence,
        LoTEType=scheme.list_type,
        SchemeOperatorName=_texts(scheme.operator_names),
        SchemeOperatorAddress=_address(scheme.operator_address, "SchemeOperator"),
        SchemeName=_texts(scheme.names),
        SchemeInformationURI=_uris(scheme.information_uris),
        StatusDeterminationApproach=scheme.status_determination,
        SchemeTypeCommunityRules=_uris(scheme.community_rules),
        SchemeTerritory=scheme.territory,
        PolicyOrLegalNotice=[
            *({"LoTEPolicy": policy} for policy in _uris(scheme.policies)),
            *({"LoTELegalNotice": notice.value} for notice in scheme.legal_notices),
        ],
        HistoricalInformationPeriod=scheme.historical_period,
        PointersToOtherLoTE=[_pointer(pointer) for pointer in scheme.pointers],
        ListIssueDateTime=write_instant(scheme.issued_at),
    ) | {
        "NextUpdate": write_instant(scheme.next_update) if scheme.next_update else None,
        **_present(
            DistributionPoints=list(scheme.distribution_points), SchemeExtensions=_extensions(scheme.extensions)
        ),
    }


def _present(**members: object) -> Members:
    """The members that say something; zero does."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _texts(texts: Iterable[Text]) -> list[Members]:
    return [{"lang": text.lang, "value": text.value} for text in texts]


def _uris(uris: Iterable[Text]) -> list[Members]:
    return [{"lang": uri.lang, "uriValue": uri.value} for uri in uris]


def _address(address: Address, kind: str) -> Members:
    return _present(
        **{
            f"{kind}PostalAddress": [_postal(each) for each in address.postal],
            f"{kind}ElectronicAddress": _uris(address.electronic),
        }
    )


def _postal(address: PostalAddress) -> Members:
    return {
        "lang": address.lang,
        "StreetAddress": address.street,
        **_present(Locality=address.locality, StateOrProvince=address.state, PostalCode=address.postal_code),
        "Country": address.country,
    }


def _pointer(pointer: Pointer) -> Members:
    if pointer.texts or pointer.other:
        raise _unwritable("a pointer's information for people, or in XML,")
    first = PointerQualifier(
        pointer.list_type, pointer.operator_names, pointer.community_rules, pointer.territory, pointer.mime_type
    )
    qualifiers = [_qualifier(each) for each in (first, *pointer.more_qualifiers)]
    return {
        "LoTELocation": pointer.location,
        **_present(
            ServiceDigitalIdentities=[_identity(each) for each in pointer.identities],
            LoTEQualifiers=qualifiers if any(qualifiers) else [],
        ),
    }


def _qualifier(qualifier: PointerQualifier) -> Members:
    return _present(
        LoTEType=qualifier.list_type,
        SchemeOperatorName=_texts(qualifier.operator_names),
        SchemeTypeCommunityRules=_uris(qualifier.community_rules),
        SchemeTerritory=qualifier.territory,
        MimeType=qualifier.mime_type,
    )


def _provider(provider: TrustServiceProvider) -> Members:
    return {
        "TrustedEntityInformation": _present(
            TEName=_texts(provider.names),
            TETradeName=_texts(provider.trade_names),
            TEAddress=_address(provider.address, "TE"),
            TEInformationURI=_uris(provider.information_uris),
            TEInformationExtensions=_extensions(provider.extensions),
        ),
        "TrustedEntityServices": [_service(each) for each in provider.services],
    }


def _service(service: TrustService) -> Members:
    information = _state(service.current) | _present(
        SchemeServiceDefinitionURI=_uris(service.scheme_definition_uris),
        ServiceSupplyPoints=[_present(ServiceType=each.type, uriValue=each.uri) for each in service.supply_points],
        ServiceDefinitionURI=_uris(service.provider_definition_uris),
    )
    extensions = _present(ServiceInformationExtensions=_extensions(service.current.extensions))
    return {"ServiceInformation": information | extensions} | _present(
        ServiceHistory=[
            _state(each) | _present(ServiceInformationExtensions=_extensions(each.extensions))
            for each in service.history
        ]
    )


def _state(state: ServiceState) -> Members:
    return {
        "ServiceName": _texts(state.names),
        "ServiceDigitalIdentity": _identity(state.identity),
        **_present(
            ServiceTypeIdentifier=state.type,
            ServiceStatus=state.status,
            StatusStartingTime=write_instant(state.starting_time) if state.starting_time else "",
        ),
    }


def _identity(identity: DigitalIdentity) -> Members:
    forms = {form.sha256: form for form in identity.forms}
    certificates: list[Members] = []
    for certificate in identity.certificates:
        form = forms.get(certificate.sha256)
        told = _present(encoding=form.encoding, specRef=form.specification) if form else {}
        certificates.append({**told, "val": _base64(certificate.der)})
    return _present(
        X509Certificates=certificates,
        X509SubjectNames=list(identity.subject_names),
        PublicKeyValues=[_json(key, "a public key") for key in identity.key_values],
        X509SKIs=[_base64(ski) for ski in identity.skis],
        OtherIds=list(identity.other),
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _extensions(extensions: Sequence[Extension]) -> list[object]:
    return [_extension(each) for each in extensions]


def _extension(extension: Extension) -> object:
    match extension.content:
        case UnknownExtension(content=content):
            return _json(content, "an extension")
        case content:
            raise _unwritable(f"the extension {type(content).__name__}")


def _json(text: str, what: str) -> object:
    try:
        return parse_json(text.encode(), max_bytes=_MAX_PIECE_BYTES)
    except JsonRefusedError:
        raise _unwritable(f"{what} in XML") from None


def _unwritable(what: str) -> ListRefusedError:
    return ListRefusedError("LIST_UNWRITABLE", f"{what} has no form in a JSON list of trusted entities")
