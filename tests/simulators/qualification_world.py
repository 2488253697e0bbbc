# SPDX-License-Identifier: Apache-2.0
"""Certificates and trusted lists with exactly the facts that a test of TS 119 615 needs, made at run time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    CriteriaList,
    Criterion,
    Dialect,
    DigitalIdentity,
    Extension,
    KeyUsageCriterion,
    QualificationElement,
    Qualifications,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.vocabulary import INFORMATION, SERVICE_TYPE, STATUS
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.ts119615 import D0, ListEvidence

NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
DATE_TIME = datetime(2022, 1, 1, tzinfo=UTC)
COMPLIANCE, SSCD = "0.4.0.1862.1.1", "0.4.0.1862.1.4"
TYPE, LEGISLATION = "0.4.0.1862.1.6", "0.4.0.1862.1.7"
QCP, QCP_PLUS = "0.4.0.1456.1.2", "0.4.0.1456.1.1"
QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")

ALWAYS = CriteriaList(Assertion.ALL, (KeyUsageCriterion((("nonRepudiation", True),)),))
"""Criteria that hold for every certificate made here."""


def at(year: int, month: int = 1, day: int = 1) -> datetime:
    """Midnight, UTC."""
    return datetime(year, month, day, tzinfo=UTC)


# DER, as far as the extension QCStatements needs it


def tlv(tag: int, *contents: bytes) -> bytes:
    """A value with its tag and length."""
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82, *size.to_bytes(2, "big")])
    return bytes([tag]) + length + content


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.insert(0, number & 0x7F | 0x80)
        content += bytes(digits)
    return tlv(0x06, bytes(content))


def qc_statements(
    *oids: str, types: Iterable[int | str] = (), legislations: Iterable[str] = ()
) -> x509.UnrecognizedExtension:
    """The extension with these statements; `types` are numbers of EN 319 412-5, or OIDs."""
    found = [tlv(0x30, oid(each)) for each in oids]
    if types := [f"{TYPE}.{each}" if isinstance(each, int) else each for each in types]:
        found.append(tlv(0x30, oid(TYPE), tlv(0x30, *map(oid, types))))
    if codes := list(legislations):
        found.append(tlv(0x30, oid(LEGISLATION), tlv(0x30, *(tlv(0x13, each.encode()) for each in codes))))
    return x509.UnrecognizedExtension(QC_STATEMENTS, tlv(0x30, *found))


# Certificates


@dataclass(frozen=True)
class Authority:
    """A certification authority."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def name(common_name: str, organization: str | None, country: str | None) -> x509.Name:
    """A subject."""
    parts = ((NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, organization))
    return x509.Name([*(x509.NameAttribute(oid, value) for oid, value in parts if value is not None), _cn(common_name)])


@lru_cache
def authority(
    common_name: str = "Acme CA",
    organization: str | None = "Acme TSP",
    country: str | None = "BE",
    parent: Authority | None = None,
) -> Authority:
    """A CA, the same one for the same arguments; below another one if there is a parent."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name(common_name, organization, country)
    issuer = parent.certificate.subject if parent else subject
    builder = _builder(subject, issuer, key.public_key(), at(2005), at(2045))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Authority(builder.sign(parent.key if parent else key, hashes.SHA256()), key)


_LEAF_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(
    issuer: Authority | None = None,
    *,
    compliance: bool = True,
    sscd: bool = False,
    types: Iterable[int | str] = (1,),
    policies: Sequence[str] = (),
    not_before: datetime = NOT_BEFORE,
    subject: x509.Name | None = None,
    issuer_name: x509.Name | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> ListedCertificate:
    """An end-entity certificate; by default the base one of the test cases: QcCompliance and QcType 1."""
    issuer = issuer or authority()
    subject = subject or name("Alice", None, "BE")
    issuer_name = issuer_name or issuer.certificate.subject
    builder = _builder(subject, issuer_name, _LEAF_KEY.public_key(), not_before, at(2040))
    usage = {name: name == "content_commitment" for name in _USAGES}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    oids = [each for each, stated in ((COMPLIANCE, compliance), (SSCD, sscd)) if stated]
    if oids or tuple(types):
        builder = builder.add_extension(qc_statements(*oids, types=types), critical=False)
    if policies:
        found = [x509.PolicyInformation(ObjectIdentifier(each), None) for each in policies]
        builder = builder.add_extension(x509.CertificatePolicies(found), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return listed(builder.sign(issuer.key, hashes.SHA256()))


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _cn(value: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, value)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


# Lists


def state(
    status: str = "granted",
    since: datetime | None = D0,
    *,
    information: Iterable[str] = ("ForeSignatures",),
    qualifiers: Iterable[str] = (),
    critical: bool = True,
    criteria: Criterion = ALWAYS,
    extensions: Iterable[Extension] = (),
    type: str = "CA/QC",  # noqa: A002 -- as the field is called
) -> ServiceState:
    """A service during a time; `information` and `qualifiers` without what all of these URIs begin with."""
    found = [Extension(True, AdditionalServiceInformation(f"{INFORMATION}{each}")) for each in information]
    if uris := tuple(each if ":" in each else f"{INFORMATION}{each}" for each in qualifiers):
        assert isinstance(criteria, CriteriaList)
        found.append(Extension(critical, Qualifications((QualificationElement(uris, criteria),))))
    found.extend(extensions)
    return ServiceState(
        type=f"{SERVICE_TYPE}{type}",
        names=(Text("en", "Acme service"),),
        identity=DigitalIdentity(),
        status=f"{STATUS}{status}",
        starting_time=since,
        extensions=tuple(found),
    )


def service(
    present: ServiceState | None = None, *history: ServiceState, of: Authority | ListedCertificate | None = None
) -> TrustService:
    """An entry; it stands for a CA, or for the certificate itself."""
    from dataclasses import replace

    of = of or authority()
    anchor = of if isinstance(of, ListedCertificate) else listed(of.certificate)
    current = replace(present or state(), identity=DigitalIdentity(certificates=(anchor,)))
    return TrustService(current, history)


def provider(
    *services: TrustService, names: Iterable[str] = ("Acme TSP",), trade: Iterable[str] = ()
) -> TrustServiceProvider:
    """A provider of services."""
    from trust_lists.documents.model import Address

    return TrustServiceProvider(
        names=tuple(Text("en", each) for each in names),
        trade_names=tuple(Text("en", each) for each in trade),
        address=Address(),
        information_uris=(),
        services=services,
    )


def a_list(*providers: TrustServiceProvider, territory: str = "BE") -> TrustedList:
    """A list with as little as possible around its providers."""
    scheme = Scheme(
        version=6,
        sequence=7,
        list_type="http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric",
        operator_names=(Text("en", "Operator"),),
        issued_at=at(2021),
        next_update=at(2044, 6),
        territory=territory,
    )
    return TrustedList(Dialect.TS_119_612, scheme, providers)


def lists(*providers: TrustServiceProvider | TrustService, territory: str = "BE") -> ListEvidence:
    """One authenticated list; services alone are those of `Acme TSP`."""
    services = tuple(each for each in providers if isinstance(each, TrustService))
    given = tuple(each for each in providers if isinstance(each, TrustServiceProvider))
    document = a_list(*given, *((provider(*services),) if services else ()), territory=territory)
    found = AuthenticatedList(territory, "EUTL_VERIFICATION_PASSED", (), document, "ab" * 32)
    return ListEvidence(AuthenticatedLists({territory: found}, "cd" * 32), ServiceIndex([(territory, document)]))


def no_list(status: str, *sub_status: str, territory: str = "BE") -> ListEvidence:
    """A list that couldn't be authenticated."""
    found = AuthenticatedList(territory, status, sub_status)
    return ListEvidence(AuthenticatedLists({territory: found}), ServiceIndex([]))
