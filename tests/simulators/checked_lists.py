# SPDX-License-Identifier: Apache-2.0
"""Lists about which the checks have nothing to say, made in code, and a way to change one thing in them."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Address,
    Assertion,
    CriteriaList,
    Dialect,
    DigitalIdentity,
    ExpiredCertsRevocationInfo,
    Extension,
    Pointer,
    PolicyCriterion,
    PostalAddress,
    QualificationElement,
    Qualifications,
    Scheme,
    ServiceState,
    SupplyPoint,
    TakenOverBy,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.ts119612.writer import write
from trust_lists.signatures.xades import sign_xades
from trust_lists.xml import parse_xml

ISSUED = datetime(2026, 11, 2, 8, tzinfo=UTC)
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
"""When the lists are used."""
REGULATION = datetime(2016, 6, 30, 22, tzinfo=UTC)
TSL_SIGNING = ObjectIdentifier("0.4.0.2231.3.0")
OPERATOR = "Example Agency"
PROVIDER = "Example Provider"

_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key that is called so; the same one always."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(
    name: str, organisation: str = PROVIDER, *, common_name: str = "", serial: int = 0
) -> ListedCertificate:
    """A certificate of the key that is called so."""
    return listed(_certificate(key(name), organisation, common_name or name, serial or 1, ()))


@cache
def signer(
    *,
    country: str = "BE",
    organisation: str = OPERATOR,
    usages: tuple[str, ...] | None = ("digital_signature",),
    purpose: ObjectIdentifier | None = TSL_SIGNING,
    ski: bool = True,
    ca: bool = False,
    rsa_bits: int = 0,
) -> SigningKey:
    """Who signs lists, with a certificate as TS 119 612 §5.7 wants it unless told otherwise."""
    private = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else key("signer")
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca, None), True)]
    if usages is not None:
        extensions.append((x509.KeyUsage(**{each: each in usages for each in _USAGES}), True))
    if purpose is not None:
        extensions.append((x509.ExtendedKeyUsage([purpose]), False))
    if ski:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False))
    return SigningKey(private, _certificate(private, organisation, "List signer", 7, tuple(extensions), country))


OTHER_PURPOSE = ExtendedKeyUsageOID.EMAIL_PROTECTION


def _certificate(
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    organisation: str,
    common_name: str,
    serial: int,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...],
    country: str = "BE",
) -> x509.Certificate:
    name = x509.Name.from_rfc4514_string(f"CN={common_name},O={organisation},C={country}")
    builder = x509.CertificateBuilder(name, name, private.public_key(), serial)
    builder = builder.not_valid_before(ISSUED - timedelta(days=3000)).not_valid_after(ISSUED + timedelta(days=3000))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    if not extensions:
        ski = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
        builder = builder.add_extension(ski, critical=False)
    return builder.sign(private, hashes.SHA256())


def english(*values: str) -> tuple[Text, ...]:
    """Texts in English."""
    return tuple(Text("en", each) for each in values)


def purpose(uri: str = vocabulary.FOR_SIGNATURES) -> Extension:
    """What a service is for."""
    return Extension(True, AdditionalServiceInformation(uri))


def qualifications(*qualifiers: str, oid: str = "1.2.3") -> Extension:
    """Qualifiers by their short names."""
    criteria = CriteriaList(Assertion.ALL, (PolicyCriterion((oid,)),), "policy")
    uris = tuple(f"{vocabulary.INFORMATION}{each}" for each in qualifiers)
    return Extension(True, Qualifications((QualificationElement(uris, criteria),)))


ADDRESS = Address(
    (PostalAddress("en", "Street 1", "Town", "", "1000", "BE"),),
    english("mailto:lists@example.org", "https://lists.example/"),
)


def state(
    name: str,
    *extensions: Extension,
    service_type: str = vocabulary.CA_QC,
    status: str = vocabulary.GRANTED,
    since: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    former: bool = False,
) -> ServiceState:
    """A state of the service whose key is called so; a former one is identified as histories have it."""
    identity = DigitalIdentity((certificate(name),))
    if former:
        ski = x509.SubjectKeyIdentifier.from_public_key(key(name).public_key()).digest
        identity = DigitalIdentity(skis=(ski,))
    return ServiceState(service_type, english(f"Service {name}"), identity, status, since, extensions)


def provider(*services: TrustService, name: str = PROVIDER, number: str = "VATBE-1") -> TrustServiceProvider:
    """A provider of these services."""
    return TrustServiceProvider(english(name), english(number), ADDRESS, english("https://provider.example/"), services)


def good_service() -> TrustService:
    """A CA/QC with two former states and every kind of extension."""
    revoked = Extension(False, ExpiredCertsRevocationInfo(datetime(2020, 1, 1, tzinfo=UTC)))
    taken = Extension(True, TakenOverBy("https://x.example/", english("Heir"), english(OPERATOR), "BE"))
    return TrustService(
        state("ca", purpose(), qualifications("QCWithQSCD", "QCForESig"), revoked, taken),
        (
            state("ca", since=REGULATION, status=vocabulary.WITHDRAWN, former=True),
            state(
                "ca",
                since=datetime(2010, 1, 1, tzinfo=UTC),
                status=f"{vocabulary.STATUS}supervisionceased",
                former=True,
            ),
        ),
        english("https://scheme.example/"),
        (SupplyPoint("https://ocsp.example/", f"{vocabulary.SERVICE_TYPE}Certstatus/OCSP/QC"),),
        english("https://provider.example/ca"),
    )


def other_service() -> TrustService:
    """A service that isn't qualified."""
    service_type = f"{vocabulary.SERVICE_TYPE}CA/PKC"
    return TrustService(state("other", service_type=service_type, status=vocabulary.RECOGNISED))


def pointer_to(territory: str, list_type: str, *signers: str) -> Pointer:
    """A pointer that says all that it should."""
    return Pointer(
        location=f"https://lists.example/{territory}.xml",
        identities=tuple(DigitalIdentity((certificate(each, OPERATOR),)) for each in signers),
        territory=territory,
        mime_type=vocabulary.XML_MIME_TYPE,
        list_type=list_type,
        operator_names=english(OPERATOR),
        community_rules=english(f"{vocabulary.RULES}EUcommon"),
    )


def good_list() -> TrustedList:
    """A list of BE."""
    scheme = Scheme(
        version=6,
        sequence=7,
        list_type=vocabulary.EU_LIST,
        operator_names=english(OPERATOR),
        issued_at=ISSUED,
        next_update=ISSUED + timedelta(days=180),
        operator_address=ADDRESS,
        names=english("BE:Example list"),
        information_uris=english("https://lists.example/about"),
        status_determination=f"{vocabulary.DETERMINATION}EUappropriate",
        community_rules=english(f"{vocabulary.RULES}EUcommon", f"{vocabulary.RULES}BE"),
        territory="BE",
        legal_notices=english("Legal notice"),
        historical_period=65535,
        pointers=(pointer_to("EU", vocabulary.EU_LIST_OF_LISTS, "lotl-1", "lotl-2"),),
        distribution_points=("https://lists.example/be.xml",),
    )
    providers = (provider(good_service(), other_service()),)
    return TrustedList(Dialect.TS_119_612, scheme, providers, vocabulary.LIST_TAG, "list")


def good_lotl() -> TrustedList:
    """A list of lists that points to BE and to itself."""
    found = good_list()
    scheme = replace(
        found.scheme,
        list_type=vocabulary.EU_LIST_OF_LISTS,
        names=english("EU:Example list of lists"),
        status_determination=f"{vocabulary.DETERMINATION}EUlistofthelists",
        community_rules=english(f"{vocabulary.RULES}EUlistofthelists"),
        territory="EU",
        pointers=(
            pointer_to("EU", vocabulary.EU_LIST_OF_LISTS, "lotl-1", "lotl-2"),
            pointer_to("BE", vocabulary.EU_LIST, "be-1", "be-2"),
        ),
    )
    return replace(found, scheme=scheme, providers=())


def changed(value: Any, path: str, new: Any) -> Any:
    """A copy in which what stands at a path (`scheme.names.0.value`) is another; None for an index removes the item."""
    if not path:
        return new
    head, _, rest = path.partition(".")
    if isinstance(value, tuple):
        position = int(head)
        if not rest and new is None:
            return value[:position] + value[position + 1 :]
        return (*value[:position], changed(value[position], rest, new), *value[position + 1 :])
    return replace(value, **{head: changed(getattr(value, head), rest, new)})


def signed_root(document: TrustedList, named: SigningKey | None = None) -> etree._Element:
    """The root of the signed list, whose signature then names this signer: checks of form don't verify it."""
    root = parse_xml(sign_xades(write(document), signer(), ISSUED))
    if named is not None:
        element = next(root.iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate"))
        element.text = base64.b64encode(named.certificate.public_bytes(Encoding.DER)).decode()
    return root
