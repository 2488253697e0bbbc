# SPDX-License-Identifier: Apache-2.0
"""Certificates that somebody with a stolen key could issue, without having that key.

They are complete but for the signature, which a throw-away key makes; `taken_as_good` takes it as good for the
issuer that was claimed, and verifies all others. So everything else about such a certificate is judged as ever.
Nothing here is ever written out: an unsigned hypothesis is no certificate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from trust_lists.certificates.algorithms import key_kind
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import extensions
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.signed import Signatures, public_key
from trust_lists.errors import CertificateError, NetworkError
from trust_lists.evaluation.comparison.probing.hypothetical import AssumedSignatures
from trust_lists.evaluation.decisions.leaf import ATTRIBUTES

MAX_SIGNATURES = 5_000
SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

_OIDS = {name: x509.ObjectIdentifier(oid) for name, oid in ATTRIBUTES.items()}
_NAMES = {oid: name for name, oid in ATTRIBUTES.items()}
_CURVES: Mapping[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
    "bp256": ec.BrainpoolP256R1(),
    "bp384": ec.BrainpoolP384R1(),
    "bp512": ec.BrainpoolP512R1(),
}
_Hash = hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_HASHES: Mapping[str, _Hash] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha224": hashes.SHA224(),
}
_BITS = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}


_ALTERNATIVE = {"san.email": 1, "san.dns": 2, "san.uri": 6}


def taken_as_good(claims: Mapping[ListedCertificate, bytes]) -> Signatures:
    """Signatures that hold under the key that is claimed (SubjectPublicKeyInfo); all others are verified."""
    return AssumedSignatures({certificate.der: key for certificate, key in claims.items()}, MAX_SIGNATURES)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A name and a key that certificates are issued with."""

    name: x509.Name
    key: bytes
    """SubjectPublicKeyInfo."""
    key_id: bytes | None = None

    @classmethod
    def of(cls, certificate: ListedCertificate) -> "Issuer | None":
        """The subject of a certificate; None where it can't be loaded."""
        loaded = certificate.certificate
        if loaded is None or not certificate.key:
            return None
        try:
            return cls(loaded.subject, certificate.key, path_extensions(certificate.der).subject_key or None)
        except ValueError:  # a name that cryptography loads late, and refuses
            return None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate is to say."""

    names: Mapping[str, str]
    begin: datetime
    end: datetime
    usages: frozenset[str] = frozenset()
    """By the words of RFC 5280 §4.2.1.3."""
    purposes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    key: str = "p256"
    """Its kind: a curve, `ed25519`, `ed448`, or `rsa` with bits (`rsa2048`)."""
    hash: str = "sha256"
    subject: x509.Name | None = None
    """In the place of `names`, where it is another certificate's."""


def issue(issuer: Issuer, wish: Wish, *, serial: int) -> ListedCertificate:
    """The certificate of an end entity that `issuer` could have issued. Raises NetworkError for names that can't be."""
    return _signed(_end_entity(issuer, wish).serial_number(serial), issuer, wish.hash)


def stand_in(name: str, begin: datetime, end: datetime) -> ListedCertificate:
    """The certificate of an authority that limits nothing, the same one for the same name: for one not at hand."""
    key = ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest()[:31], "big") + 1, ec.SECP256R1())
    subject = subject_name({"O": "stand-in", "CN": name[:60]})
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(frozenset({"keyCertSign", "cRLSign"})), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return ListedCertificate(signed.public_bytes(Encoding.DER))


def own_names(certificate: ListedCertificate, common_name: str) -> Iterator[x509.Name]:
    """Names that an authority surely may issue for: within its own, and within those that it is limited to.

    (RFC 5280 §4.2.1.10: a directory name permits whatever begins with it.)
    """
    loaded = certificate.certificate
    if loaded is None:
        return
    own = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    yield x509.Name([*loaded.subject.rdns, own])
    try:
        found = extensions(loaded).get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
    except (x509.ExtensionNotFound, CertificateError):
        return
    for each in found:
        if isinstance(each, x509.DirectoryName):
            yield x509.Name([*each.value.rdns, own])


def own_authority(name: str) -> Issuer:
    """An authority that somebody has made for himself, and that nobody trusts."""
    key = _own_key("p256").public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Issuer(subject_name({"O": "nobody trusts it", "CN": name}), spki)


def cross_certify(issuer: Issuer, below: Issuer, begin: datetime, end: datetime, *, serial: int) -> ListedCertificate:
    """The certificate for an authority that `issuer` could have issued."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(below.name)
        .issuer_name(issuer.name)
        .public_key(public_key(below.key))
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(frozenset({"keyCertSign", "cRLSign"})), critical=True)
        .add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)]),
            critical=False,
        )
    )
    return _signed(builder, issuer, "sha256")


def subject_name(names: Mapping[str, str]) -> x509.Name:
    """The distinguished name of attributes, in their order. Raises NetworkError where one of them can't be written."""
    try:
        return x509.Name([x509.NameAttribute(_OIDS[each], value) for each, value in names.items() if each in _OIDS])
    except (ValueError, TypeError) as error:
        raise NetworkError((f"a certificate can't have these names: {error}",)) from None


def names_of(certificate: ListedCertificate) -> dict[str, str]:
    """The attributes of a certificate that `subject_name` can write, and its alternative names; the first of each."""
    loaded = certificate.certificate
    found: dict[str, str] = {}
    if loaded is None:
        return found
    for attribute in loaded.subject:
        name = _NAMES.get(attribute.oid.dotted_string)
        if name and isinstance(attribute.value, str):
            found.setdefault(name, attribute.value)
    for each in path_extensions(certificate.der).alternative_names:
        name = next((key for key, kind in _ALTERNATIVE.items() if kind == each.kind), None)
        if name:
            found.setdefault(name, each.value.decode("latin-1"))
    return found


def _end_entity(issuer: Issuer, wish: Wish) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(wish.subject or subject_name(wish.names))
        .issuer_name(issuer.name)
        .public_key(_own_key(wish.key).public_key())
        .not_valid_before(wish.begin)
        .not_valid_after(wish.end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if wish.usages:
        builder = builder.add_extension(_key_usage(wish.usages), critical=True)
    if wish.purposes:
        purposes = [x509.ObjectIdentifier(each) for each in wish.purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if wish.policies:
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in wish.policies]
        builder = builder.add_extension(x509.CertificatePolicies(policies), critical=False)
    alternative = list(_alternative_names(wish.names))
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    if issuer.key_id:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(issuer.key_id, None, None), critical=False)
    return builder


def _alternative_names(names: Mapping[str, str]) -> Iterator[x509.GeneralName]:
    try:
        if "san.dns" in names:
            yield x509.DNSName(names["san.dns"])
        if "san.uri" in names:
            yield x509.UniformResourceIdentifier(names["san.uri"])
        if "san.email" in names:
            yield x509.RFC822Name(names["san.email"])
    except ValueError as error:
        raise NetworkError((f"a certificate can't have these names: {error}",)) from None


def _key_usage(usages: frozenset[str]) -> x509.KeyUsage:
    bits = {field: word in usages for word, field in _BITS.items()}
    # the two last bits say something about key agreement only, and can't be written without it
    bits["key_agreement"] |= bits["encipher_only"] or bits["decipher_only"]
    return x509.KeyUsage(**bits)


def _signed(builder: x509.CertificateBuilder, issuer: Issuer, hash_name: str) -> ListedCertificate:
    """Signed with a key of the issuer's kind, so that the algorithm is one that the issuer could have used."""
    try:
        kind = key_kind(issuer.key).name
    except CertificateError:
        kind = "p256"
    key = _own_key(kind if kind in _CURVES or kind.startswith("ed") else "rsa2048")
    algorithm = None if kind.startswith("ed") else _HASHES.get(hash_name, _HASHES["sha256"])
    return ListedCertificate(builder.sign(key, algorithm).public_bytes(Encoding.DER))


@lru_cache(maxsize=32)
def _own_key(kind: str) -> SigningKey:
    """A throw-away key of a kind, one in a process: it protects nothing."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind])
