# SPDX-License-Identifier: Apache-2.0
"""Certificates as people hand them over, the names in them, and the keys that we sign with.

Peppol certificates exist with their subject in both orders (`CN, OU, O, C` and the reverse), and SMP documents carry
certificates with all kinds of white space, some even with PEM lines: everything here is indifferent to both.
"""

import base64
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
from cryptography.x509.oid import NameOID

from trust_lists.errors import CertificateError

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

MAX_CERTIFICATE_BYTES = 100_000
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)

_PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PEM_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PARSER_ERROR = re.compile(r"error parsing asn1 value: ParseError \{.*\}", re.DOTALL)
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_ATTRIBUTE_TYPES = {
    "CN": "2.5.4.3",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "E": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "S": "2.5.4.8",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "SN": "2.5.4.4",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
}
_JAVA_KEY_STORE = b"\xfe\xed\xfe\xed"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its own certificate (CertificateError otherwise).

    `chain` has the certificates of issuers that came along, in no certain order.
    """

    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def __post_init__(self) -> None:
        if not _belongs(self.private_key, self.certificate):
            raise CertificateError(f"the certificate {subject_text(self.certificate)} does not belong to the key")


def load_certificate(data: bytes | str) -> x509.Certificate:
    """The one certificate in `data`: DER, PEM, or base64 with any white space. Raises CertificateError."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if len(raw) > MAX_CERTIFICATE_BYTES:
        raise CertificateError(f"a certificate of {len(raw)} bytes is too large to be one")
    if raw.startswith(b"\x30"):
        return _from_der(raw)
    blocks = _PEM_CERTIFICATE.findall(raw)
    if len(blocks) > 1:
        raise CertificateError(f"one certificate is expected, and {len(blocks)} were found")
    if not blocks and b"-----BEGIN" in raw:
        raise CertificateError("this PEM text holds no certificate")
    return _from_base64(blocks[0] if blocks else raw)


def load_certificates_pem(data: bytes | str) -> list[x509.Certificate]:
    """All certificates of a PEM text, in its order; other blocks are passed over. Raises CertificateError."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    blocks = _PEM_CERTIFICATE.findall(raw)
    if not blocks:
        raise CertificateError("no PEM certificate (-----BEGIN CERTIFICATE-----) was found")
    return [_from_base64(block) for block in blocks]


def load_signing_key(source: bytes | Path, password: bytes | None = None) -> SigningKey:
    """A private key and its certificate from PKCS#12 or PEM (both in one text, in any order).

    The key must be RSA, EC or Ed25519 (a signature profile says which of them sign), must be sound, and must belong to
    one of the certificates. Raises CertificateError with a text that says what to do.
    """
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise CertificateError(f"the key file {source!s} cannot be read: {error.strerror}") from None
    if data.startswith(_JAVA_KEY_STORE):
        raise CertificateError(
            "this is a Java key store (JKS); convert it: "
            "keytool -importkeystore -srckeystore FILE -destkeystore key.p12 -deststoretype PKCS12"
        )
    key, certificates = _from_pem(data, password) if b"-----BEGIN" in data else _from_pkcs12(data, password)
    if not isinstance(key, PrivateKey):
        raise CertificateError(f"a key of type {type(key).__name__} cannot sign here; RSA, EC or Ed25519 is needed")
    own = [certificate for certificate in certificates if _belongs(key, certificate)]
    if not own:
        raise CertificateError(
            "no certificate comes with the key" if not certificates else "none of the certificates belongs to the key"
        )
    return SigningKey(key, own[0], tuple(certificate for certificate in certificates if certificate not in own))


def public_key(certificate: x509.Certificate) -> PublicKey:
    """The certificate's RSA, EC or Ed25519 key. Raises CertificateError for any other, and for what cannot be read."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            f"the public key of {subject_text(certificate)} cannot be read: {_told(error)}"
        ) from None
    if not isinstance(key, PublicKey):
        raise CertificateError(f"{subject_text(certificate)} has a key that is neither RSA, EC nor Ed25519")
    return key


def extensions(certificate: x509.Certificate) -> x509.Extensions:
    """All extensions. Raises CertificateError where one of them cannot be read, which real certificates do have."""
    try:
        return certificate.extensions
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        name = subject_text(certificate)
        raise CertificateError(f"the extensions of {name} cannot be read: {_told(error)}") from None


def key_usages(certificate: x509.Certificate) -> frozenset[str] | None:
    """Those of `KEY_USAGES` that the certificate asserts (RFC 5280 §4.2.1.3); None without the extension.

    Raises CertificateError where the extensions cannot be read.
    """
    try:
        usage = extensions(certificate).get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return frozenset(name for name in KEY_USAGES if getattr(usage, name))


@lru_cache(maxsize=512)
def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER bytes, 64 lower-case hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@lru_cache(maxsize=512)
def subject_text(certificate: x509.Certificate) -> str:
    """The subject as `CN=..,OU=..,O=..,C=..` (RFC 4514 syntax, no spaces), common name first in either order.

    A `CertificateUID` in an SMP redirect holds this text; clients compare it without regard to order.
    """
    return ",".join(rdn.rfc4514_string() for rdn in _common_name_first(certificate))


def _common_name_first(certificate: x509.Certificate) -> list[x509.RelativeDistinguishedName]:
    rdns = certificate.subject.rdns[::-1]
    if rdns and not _has_common_name(rdns[0]) and _has_common_name(rdns[-1]):
        rdns = rdns[::-1]
    return rdns


def same_subject(text: str, certificate: x509.Certificate) -> bool:
    """Whether `text` (RFC 4514 syntax, any order, spaces around commas allowed) names the certificate's subject.

    Letter case and runs of white space do not count (X.520 caseIgnoreMatch). False for a text that is no name.
    """
    return same_name(text, certificate.subject)


def same_name(text: str, name: x509.Name) -> bool:
    """The same as `same_subject` for any name of a certificate."""
    parts = frozenset(
        frozenset((part.oid.dotted_string, _comparable(str(part.value))) for part in rdn) for rdn in name.rdns
    )
    return parts == _parse_name(text)


def _has_common_name(rdn: x509.RelativeDistinguishedName) -> bool:
    return bool(rdn.get_attributes_for_oid(NameOID.COMMON_NAME))


def _parse_name(text: str) -> frozenset[frozenset[tuple[str, str]]]:
    # The parser of cryptography refuses values above 64 bytes, which real certificates do have.
    return frozenset(
        frozenset(_parse_attribute(attribute) for attribute in _split(rdn, "+")) for rdn in _split(text, ",")
    )


def _parse_attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    label = name.strip().upper().removeprefix("OID.")
    return _ATTRIBUTE_TYPES.get(label, label), _comparable(_ESCAPED.sub(_unescape, value))


def _split(text: str, separator: str) -> list[str]:
    return re.findall(rf"(?:\\.|[^\\{separator}])+", text, re.DOTALL)


def _unescape(match: re.Match[str]) -> str:
    return bytes.fromhex(match[1].replace("\\", "")).decode("utf-8", "replace") if match[1] else match[2]


def _comparable(value: str) -> str:
    return " ".join(value.split()).casefold()


def _from_base64(text: bytes) -> x509.Certificate:
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        raise CertificateError("this is no certificate: neither DER, nor PEM, nor base64 of DER") from None
    return _from_der(der)


# One look-up loads the same few certificates several times, and an access point the same ones in each look-up.
@lru_cache(maxsize=512)
def _from_der(der: bytes) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of long names and odd serial numbers, which real certificates have
            certificate = x509.load_der_x509_certificate(der)
            # cryptography reads these lazily; whoever holds a certificate must be able to rely on them
            _ = (certificate.subject, certificate.issuer)
            _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise CertificateError(f"the certificate cannot be read: {_told(error)}") from None
    return certificate


def _told(error: Exception) -> str:
    """What is wrong, without what the library's parser calls it inside."""
    return _PARSER_ERROR.sub("it is damaged or incomplete", str(error))


def _from_pem(data: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    blocks = [match[0] for match in _PEM_PRIVATE_KEY.finditer(data)]
    if len(blocks) != 1:
        raise CertificateError(f"one PEM private key is expected, and {len(blocks)} were found")
    encrypted = b"ENCRYPTED" in blocks[0]
    if encrypted and not password:
        raise CertificateError("the private key is encrypted; give its password")
    try:
        # a password for a key that is not encrypted would be an error
        key = load_pem_private_key(blocks[0], password if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        hint = (
            "the password is wrong, or the key is damaged" if encrypted else f"it is damaged or unsupported ({error})"
        )
        raise CertificateError(f"the private key cannot be read: {hint}") from None
    return key, [_from_base64(block) for block in _PEM_CERTIFICATE.findall(data)]


def _from_pkcs12(data: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    if not data.startswith(b"\x30"):
        raise CertificateError("this is neither PEM nor PKCS#12")
    try:
        store = pkcs12.load_pkcs12(data, password)
    except (ValueError, UnsupportedAlgorithm):
        hint = "the password is wrong" if password else "it needs a password"
        raise CertificateError(f"the key store cannot be read: {hint}, or the file is damaged") from None
    if store.key is None:
        raise CertificateError("the key store holds no private key")
    entries = ([store.cert] if store.cert else []) + list(store.additional_certs)
    return store.key, [_from_der(entry.certificate.public_bytes(Encoding.DER)) for entry in entries]


def _belongs(key: PrivateKey, certificate: x509.Certificate) -> bool:
    try:
        return public_key(certificate) == key.public_key()
    except CertificateError:
        return False
