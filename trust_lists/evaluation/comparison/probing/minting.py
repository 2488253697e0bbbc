# SPDX-License-Identifier: Apache-2.0
"""Certificates, CRLs and OCSP responses made for a probe: with throw-away keys, or unsigned in effect.

Names and extensions of real authorities are taken over by their bytes, so that a twin says what its original says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import AUTHORITY_KEY, SUBJECT_KEY, split
from trust_lists.certificates.usage import USAGES
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.keys import HASHES, Hash, Key
from trust_lists.evaluation.decisions.leaf import ATTRIBUTES

_ATTRIBUTES = {name: x509.ObjectIdentifier(oid) for name, oid in ATTRIBUTES.items()}
_ALTERNATIVE: Mapping[str, Callable[[str], x509.GeneralName]] = {
    "san.dns": x509.DNSName,
    "san.uri": x509.UniformResourceIdentifier,
    "san.email": x509.RFC822Name,
}
_UNMAKEABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm)
"""What `cryptography` raises where it can't make something."""
_WHERE_TO_ASK = "http://revocation.example/"
_LEFT_OUT = frozenset({SUBJECT_KEY, AUTHORITY_KEY, "2.5.29.31", "2.5.29.46", "1.3.6.1.5.5.7.1.1"})
"""Extensions of an original that say where its own key and evidence are."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues: a certificate (of a twin, or a real one), and the key that signs in its name."""

    certificate: ListedCertificate
    key: Key

    @property
    def name(self) -> x509.Name:
        """The subject as a name to put into certificates. Raises CertificateError where it can't be read."""
        found = self.certificate.certificate
        if found is None:
            raise CertificateError(f"{self.certificate.sha256}: {self.certificate.problem}")
        return found.subject


@dataclass(frozen=True, slots=True)
class Draft:
    """What a certificate to be made says."""

    names: tuple[tuple[str, str], ...]
    """Attributes of the subject and alternative names, by the names that the format has for them."""
    since: datetime
    until: datetime
    key: Key
    usages: frozenset[str] | None = None
    purposes: tuple[str, ...] | None = None
    policies: tuple[str, ...] = ()
    hash: str = "sha256"
    serial: int | None = None
    path_len: int | None = None
    authority: bool = False
    base: x509.Name | None = None
    """A name that the subject begins with."""


class Mint:
    """Makes them; serial numbers are counted."""

    def __init__(self) -> None:
        self._serials = count(1_000)

    def certificate(self, draft: Draft, issuer: Authority) -> ListedCertificate:
        """A certificate, signed with the key of the issuer. Raises CertificateError where it can't be made."""
        try:
            builder = self._builder(_subject(draft), issuer.name, draft.key, draft.since, draft.until, draft.serial)
            extensions: list[tuple[x509.ExtensionType, bool]] = [
                (x509.BasicConstraints(draft.authority, draft.path_len if draft.authority else None), True),
                (x509.SubjectKeyIdentifier.from_public_key(draft.key.public_key()), False),
                (_authority_key(issuer), False),
                (_distribution_point(), False),
                (_responder(), False),
            ]
            if draft.usages is not None:
                extensions.append((_key_usage(draft.usages), True))
            if draft.purposes is not None:
                extensions.append((x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, draft.purposes)), False))
            if draft.policies:
                policies = (x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in draft.policies)
                extensions.append((x509.CertificatePolicies(policies), False))
            if alternative := [_ALTERNATIVE[name](text) for name, text in draft.names if name in _ALTERNATIVE]:
                extensions.append((x509.SubjectAlternativeName(alternative), False))
            for extension, critical in extensions:
                builder = builder.add_extension(extension, critical)
            return _signed(builder, issuer.key, draft.hash)
        except _UNMAKEABLE as error:
            raise CertificateError(f"the certificate can't be made: {error}") from None

    def root(self, name: str, key: Key, since: datetime, until: datetime) -> Authority:
        """An authority that issued itself."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, subject, key, since, until, None)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(frozenset({"keyCertSign", "cRLSign"})), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return Authority(_signed(builder, key, "sha256"), key)

    def twin(self, original: ListedCertificate, key: Key, signer: Key, hash_name: str) -> ListedCertificate:
        """A certificate that says what another one says, with another key, and signed by another.

        Raises CertificateError where the original can't be read well enough.
        """
        loaded, slices = original.certificate, original.slices
        if loaded is None or slices is None or slices.extensions is None:
            raise CertificateError(f"{original.subject_text}: {original.problem or 'it cannot be read'}")
        try:
            since, until = slices.dates
            serial = int.from_bytes(slices.serial, "big", signed=True)
            builder = self._builder(loaded.subject, loaded.issuer, key, since, until, serial)
            for each in split(slices.extensions).values():
                if each.oid not in _LEFT_OUT:
                    unread = x509.UnrecognizedExtension(x509.ObjectIdentifier(each.oid), each.value)
                    builder = builder.add_extension(unread, each.critical)
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            return _signed(builder.add_extension(authority_key, critical=False), signer, hash_name)
        except _UNMAKEABLE as error:
            raise CertificateError(f"{original.subject_text}: no twin can be made of it: {error}") from None

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Key, since: datetime, until: datetime, serial: int | None
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(next(self._serials) if serial is None else serial)
            .not_valid_before(since)
            .not_valid_after(until)
        )


@dataclass(frozen=True, slots=True)
class Revoked:
    """That a certificate was revoked, and when."""

    certificate: ListedCertificate
    at: datetime


@dataclass(frozen=True, slots=True)
class Statements:
    """What an authority says about revocation at a time: made anew for each question."""

    at: datetime
    """thisUpdate."""
    until: datetime
    revoked: tuple[Revoked, ...] = field(default=())

    def crl(self, issuer: Authority) -> bytes:
        """Its CRL in DER. Raises CertificateError where it can't be made."""
        try:
            builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.name)
            builder = builder.last_update(self.at).next_update(self.until)
            builder = builder.add_extension(x509.CRLNumber(1), critical=False)
            for each in self.revoked:
                entry = x509.RevokedCertificateBuilder().serial_number(_loaded(each.certificate).serial_number)
                entry = entry.revocation_date(each.at).add_extension(
                    x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False
                )
                builder = builder.add_revoked_certificate(entry.build())
            builder = builder.add_extension(_authority_key(issuer), critical=False)
            return builder.sign(issuer.key, _algorithm(issuer.key, "sha256")).public_bytes(Encoding.DER)
        except _UNMAKEABLE as error:
            raise CertificateError(f"a CRL can't be made: {error}") from None

    def response(self, certificate: ListedCertificate, issuer: Authority) -> bytes:
        """Its OCSP response about a certificate in DER. Raises CertificateError where it can't be made."""
        revoked = next((each for each in self.revoked if each.certificate == certificate), None)
        try:
            builder = ocsp.OCSPResponseBuilder().add_response(
                _loaded(certificate),
                _loaded(issuer.certificate),
                hashes.SHA1(),  # noqa: S303 - of CertID, RFC 6960 §4.1.1
                ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                self.at,
                self.until,
                revoked.at if revoked else None,
                x509.ReasonFlags.key_compromise if revoked else None,
            )
            responder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, _loaded(issuer.certificate))
            signed = responder.sign(issuer.key, _algorithm(issuer.key, "sha256"))
            return signed.public_bytes(Encoding.DER)
        except _UNMAKEABLE as error:
            raise CertificateError(f"an OCSP response can't be made: {error}") from None


def a_second(times: int = 1) -> timedelta:
    """The smallest step between two times of certificates."""
    return timedelta(seconds=times)


def _loaded(certificate: ListedCertificate) -> x509.Certificate:
    found = certificate.certificate
    if found is None:
        raise CertificateError(certificate.problem)
    return found


def _subject(draft: Draft) -> x509.Name:
    found = [x509.NameAttribute(_ATTRIBUTES[name], text) for name, text in draft.names if name in _ATTRIBUTES]
    own = [x509.RelativeDistinguishedName([each]) for each in found]
    return x509.Name([*(draft.base.rdns if draft.base else ()), *own])


def _key_usage(names: frozenset[str]) -> x509.KeyUsage:
    bits = [name in names for name in USAGES]
    return x509.KeyUsage(*bits)


def _authority_key(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    """By the identifier that the issuer's certificate has for its key, if it has one."""
    slices = issuer.certificate.slices
    found = split(slices.extensions).get(SUBJECT_KEY) if slices and slices.extensions else None
    if found is not None and len(found.value) > 2:  # an OCTET STRING, of a length that one byte tells
        return x509.AuthorityKeyIdentifier(found.value[2:], None, None)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _distribution_point() -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(f"{_WHERE_TO_ASK}crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])


def _responder() -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(f"{_WHERE_TO_ASK}ocsp")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def _algorithm(key: Key, name: str) -> Hash | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else HASHES[name]()


def _signed(builder: x509.CertificateBuilder, key: Key, hash_name: str) -> ListedCertificate:
    return ListedCertificate(builder.sign(key, _algorithm(key, hash_name)).public_bytes(Encoding.DER))
