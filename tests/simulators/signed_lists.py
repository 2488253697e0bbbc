# SPDX-License-Identifier: Apache-2.0
"""Small trusted lists, and keys of the operators that sign them; made anew for every run."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ObjectIdentifier
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import PrivateKey, SigningKey
from trust_lists.signatures.elements import ds
from trust_lists.signatures.profiles import C14N_EXCLUSIVE
from trust_lists.signatures.values import sign_value
from trust_lists.signatures.xades import sign_xades
from trust_lists.xml import canonicalise, parse_xml

ISSUED = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""When the lists are issued and signed."""
TSL_SIGNING = ObjectIdentifier("0.4.0.2231.3.0")
OPERATOR = "Example Agency"

_DIGITAL_SIGNATURE = ("digital_signature",)
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def operator_key(
    private_key: PrivateKey | None = None,
    *,
    ca: bool = False,
    usages: Iterable[str] | None = _DIGITAL_SIGNATURE,
    purposes: Iterable[ObjectIdentifier] = (TSL_SIGNING,),
    subject_key_identifier: bool = True,
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    days: int = 730,
) -> SigningKey:
    """A key (P-256 by default) with a certificate as TS 119 612 §5.7.1 wants it, unless told otherwise."""
    key = private_key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(f"CN=List signer,O={OPERATOR},C=XX")
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if usages is not None:
        named = frozenset(usages)
        builder = builder.add_extension(x509.KeyUsage(**{each: each in named for each in _USAGES}), critical=True)
    if tuple(purposes):
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
    if subject_key_identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return SigningKey(key, builder.sign(key, digest))


def unsigned_list(
    signers: Iterable[ListedCertificate] = (), *, sequence: int = 1, territory: str = "XX"
) -> etree._Element:
    """The root of a list of version 6, valid by the XML schema: one service, a pointer to itself for the `signers`."""
    pointers = _pointer(territory, signers)
    return parse_xml(_LIST.format(sequence=sequence, territory=territory, pointers=pointers).encode())


def signed_list(key: SigningKey, *, sequence: int = 1, territory: str = "XX") -> bytes:
    """The same, signed when it is issued, with a pointer that announces the signer."""
    return sign_xades(unsigned_list([listed(key.certificate)], sequence=sequence, territory=territory), key, ISSUED)


def resigned(data: bytes, key: SigningKey, change: Callable[[etree._Element], object]) -> bytes:
    """A signed list whose Signature was changed and then made right again: all digests, and the value.

    `change` gets the Signature element. Digests are of what the Transforms and algorithms say after the change.
    """
    root = parse_xml(data)
    signature = root[-1]
    change(signature)
    signed_info = signature[0]
    for reference in signed_info.findall(ds("Reference")):
        target = _target(root, reference.get("URI", ""))
        transforms = [each.get("Algorithm") for each in reference.iter(ds("Transform"))]
        octets = canonicalise(target, exclusive=C14N_EXCLUSIVE in transforms)
        method, digest = list(reference)[-2:]
        name = (method.get("Algorithm") or "").rpartition("#")[2]
        digest.text = base64.b64encode(hashlib.new(name, octets).digest()).decode()
    octets = canonicalise(signed_info, exclusive=signed_info[0].get("Algorithm") == C14N_EXCLUSIVE)
    value = sign_value(key.private_key, signed_info[1].get("Algorithm") or "", octets)
    signature[1].text = base64.b64encode(value).decode()
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _target(root: etree._Element, uri: str) -> etree._Element:
    if uri in {"", f"#{root.get('Id')}"}:
        whole = deepcopy(root)
        whole.remove(whole[-1])
        return whole
    return next(each for each in root.iter() if f"#{each.get('Id')}" == uri)


def _pointer(territory: str, signers: Iterable[ListedCertificate]) -> str:
    identities = "".join(_IDENTITY.format(certificate=base64.b64encode(each.der).decode()) for each in signers)
    return _POINTER.format(territory=territory, identities=identities) if identities else ""


_IDENTITY = """<ServiceDigitalIdentity><DigitalId><X509Certificate>{certificate}</X509Certificate></DigitalId>
      </ServiceDigitalIdentity>"""
_POINTER = """<PointersToOtherTSL><OtherTSLPointer>
      <ServiceDigitalIdentities>{identities}</ServiceDigitalIdentities>
      <TSLLocation>https://lists.example/list.xml</TSLLocation>
      <AdditionalInformation>
        <OtherInformation><TSLType>http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric</TSLType></OtherInformation>
        <OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>
        <OtherInformation><x:MimeType>application/vnd.etsi.tsl+xml</x:MimeType></OtherInformation>
      </AdditionalInformation>
    </OtherTSLPointer></PointersToOtherTSL>"""
_LIST = """<?xml version="1.0" encoding="UTF-8"?>
<!-- what stands before the root is not signed -->
<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" xmlns:ns2="http://www.w3.org/2000/09/xmldsig#"
    xmlns:x="http://uri.etsi.org/02231/v2/additionaltypes#" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">
  <SchemeInformation>
    <TSLVersionIdentifier>6</TSLVersionIdentifier>
    <TSLSequenceNumber>{sequence}</TSLSequenceNumber>
    <TSLType>http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric</TSLType>
    <SchemeOperatorName><Name xml:lang="en">Example Agency</Name></SchemeOperatorName>
    <SchemeOperatorAddress>
      <PostalAddresses><PostalAddress xml:lang="en">
        <StreetAddress>Straße 1</StreetAddress><Locality>Town</Locality><CountryName>XX</CountryName>
      </PostalAddress></PostalAddresses>
      <ElectronicAddress><URI xml:lang="en">mailto:lists@example.org</URI></ElectronicAddress>
    </SchemeOperatorAddress>
    <SchemeName><Name xml:lang="en">XX:Example</Name></SchemeName>
    <SchemeInformationURI><URI xml:lang="en">https://lists.example/about</URI></SchemeInformationURI>
    <StatusDeterminationApproach>http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/XXdetermination</StatusDeterminationApproach>
    <SchemeTypeCommunityRules><URI xml:lang="en">https://lists.example/rules</URI></SchemeTypeCommunityRules>
    <SchemeTerritory>{territory}</SchemeTerritory>
    <PolicyOrLegalNotice><TSLPolicy xml:lang="en">https://lists.example/policy</TSLPolicy></PolicyOrLegalNotice>
    <HistoricalInformationPeriod>65535</HistoricalInformationPeriod>
    {pointers}
    <ListIssueDateTime>2026-11-02T08:00:00Z</ListIssueDateTime>
    <NextUpdate><dateTime>2027-04-02T08:00:00Z</dateTime></NextUpdate>
  </SchemeInformation>
  <TrustServiceProviderList><TrustServiceProvider>
    <TSPInformation>
      <TSPName><Name xml:lang="en">Example Provider</Name></TSPName>
      <TSPTradeName><Name xml:lang="en">VATXX-1</Name></TSPTradeName>
      <TSPAddress>
        <PostalAddresses><PostalAddress xml:lang="en">
          <StreetAddress>Street 1</StreetAddress><Locality>Town</Locality><CountryName>XX</CountryName>
        </PostalAddress></PostalAddresses>
        <ElectronicAddress><URI xml:lang="en">mailto:info@example.org</URI></ElectronicAddress>
      </TSPAddress>
      <TSPInformationURI><URI xml:lang="en">https://provider.example/</URI></TSPInformationURI>
    </TSPInformation>
    <TSPServices><TSPService><ServiceInformation>
      <ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/EDS/Q</ServiceTypeIdentifier>
      <ServiceName><Name xml:lang="en">Delivery &amp; more</Name></ServiceName>
      <ServiceDigitalIdentity><DigitalId><Other>urn:example:service</Other></DigitalId></ServiceDigitalIdentity>
      <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted</ServiceStatus>
      <StatusStartingTime>2026-11-02T08:00:00Z</StatusStartingTime>
    </ServiceInformation></TSPService></TSPServices>
  </TrustServiceProvider></TrustServiceProviderList>
</TrustServiceStatusList>
"""
