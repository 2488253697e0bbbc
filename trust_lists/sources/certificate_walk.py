# SPDX-License-Identifier: Apache-2.0
"""What decisions about certificates may need: issuers that are missing, CRLs, OCSP responses, and what these need.

From each certificate up to an anchor: its issuers, where nobody has them yet (RFC 5280 §4.2.2.1), its CRLs and delta
CRLs, and what OCSP responders say. A CRL may be signed by somebody else, whose certificate it points to (§5.2.7), and a
response by a responder that comes along: they are certificates like the others, whose own status may be asked for.
Whether any of it is to be believed is for who decides.
"""

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha1, sha256
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from trust_lists.certificates import der
from trust_lists.certificates.anchors import TrustAnchor
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import split
from trust_lists.certificates.revocation.crl import read_crl
from trust_lists.certificates.revocation.distribution_points import distribution_points
from trust_lists.certificates.revocation.extensions import ACCESS, CRL_POINTS, revocation_extensions
from trust_lists.certificates.revocation.ocsp import read_response
from trust_lists.certificates.revocation.ocsp_check import key_bits
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.certificates.signed import is_signed_with
from trust_lists.errors import CertificateError
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.sources.attempts import Run, Task
from trust_lists.sources.evidence_manifest import Kind

MAX_ROUNDS = 24
"""How far up, or aside, is gone from a certificate that was given."""
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
_FRESHEST_CRL = "2.5.29.46"
_URI = 6
_LONGEST_GET = 255
"""Characters of a location beyond which RFC 6960 A.1 wants a POST."""
_CRL_RULES = frozenset(RevocationRule) - {RevocationRule.NO_CHECK, RevocationRule.OCSP_REQUIRED}
_OCSP_RULES = frozenset(RevocationRule) - {RevocationRule.NO_CHECK, RevocationRule.CRL_REQUIRED}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which evidence any role of a configuration may look at: for certificates that are judged, and for those above."""

    leaf: frozenset[RevocationRule]
    intermediates: frozenset[RevocationRule]

    @classmethod
    def by(cls, configuration: TrustConfiguration) -> "Wanted":
        """What the roles say."""
        rules = [rule.revocation for role in Role if (rule := configuration.rule(role)) is not None]
        return cls(frozenset(each.leaf for each in rules), frozenset(each.intermediates for each in rules))

    def crls(self, *, leaf: bool) -> bool:
        """Whether CRLs are wanted."""
        return bool((self.leaf if leaf else self.intermediates) & _CRL_RULES)

    def responses(self, *, leaf: bool) -> bool:
        """Whether OCSP responses are wanted."""
        return bool((self.leaf if leaf else self.intermediates) & _OCSP_RULES)


class CertificateWalk:
    """Goes up from certificates, and takes along what it finds."""

    def __init__(
        self, run: Run, wanted: Wanted, anchors: Iterable[ListedCertificate], known: Iterable[ListedCertificate]
    ) -> None:
        """`anchors`: what nothing above is asked about. `known`: certificates that need not be fetched."""
        self._run = run
        self._wanted = wanted
        self._known: dict[ComparableName, dict[ListedCertificate, None]] = {}
        self._anchors: set[TrustAnchor] = set()
        self._leaves: frozenset[ListedCertificate] = frozenset()
        for each in anchors:
            if (anchor := TrustAnchor.of(each)) is not None:
                self._anchors.add(anchor)
            self._learn(each)
        for each in known:
            self._learn(each)

    def walk(self, certificates: Iterable[ListedCertificate]) -> None:
        """Fetches what decisions about these certificates may need."""
        waiting = list(dict.fromkeys(certificates))
        self._leaves = frozenset(waiting)
        for each in waiting:
            self._learn(each)
        seen: set[ListedCertificate] = set()
        for _ in range(MAX_ROUNDS):
            current = [each for each in waiting if each not in seen and self._is_asked_about(each)]
            if not current:
                return
            seen.update(current)
            self._fetch_issuers(current)
            above = [issuer for each in current for issuer in self._issuers(each)]
            waiting = list(dict.fromkeys((*above, *self._revocation(current))))

    def _learn(self, certificate: ListedCertificate) -> None:
        self._known.setdefault(certificate.comparable_subject, {})[certificate] = None

    def _is_asked_about(self, certificate: ListedCertificate) -> bool:
        """Whether it may be revoked: not an anchor, unless it is judged itself."""
        return certificate in self._leaves or not (
            _is_root(certificate) or TrustAnchor.of(certificate) in self._anchors
        )

    def _issuers(self, certificate: ListedCertificate) -> list[ListedCertificate]:
        named = self._known.get(certificate.comparable_issuer, {})
        return [each for each in named if each != certificate and _signed(certificate, each)]

    def _fetch_issuers(self, certificates: Iterable[ListedCertificate]) -> None:
        missing = [each for each in certificates if not _is_root(each) and not self._issuers(each)]
        urls = dict.fromkeys(url for each in missing for url in _places(each.der, ACCESS))
        self._take_issuers(urls)

    def _take_issuers(self, urls: Iterable[str]) -> list[ListedCertificate]:
        tasks = [Task(Kind.ISSUER, url, check=certificates_in) for url in urls]
        found = [each for data in self._run.fetch(tasks) if data is not None for each in certificates_in(data)]
        for each in found:
            self._learn(each)
        return found

    def _revocation(self, certificates: Iterable[ListedCertificate]) -> list[ListedCertificate]:
        """The CRLs and responses about certificates; who else has signed them."""
        urls: dict[str, None] = {}
        questions: dict[tuple[str, str, str, str], Task] = {}
        for each in certificates:
            leaf = each in self._leaves
            if self._wanted.crls(leaf=leaf):
                urls |= dict.fromkeys((*_places(each.der, CRL_POINTS), *_places(each.der, _FRESHEST_CRL)))
            if self._wanted.responses(leaf=leaf):
                questions |= {task.key: task for issuer in self._issuers(each) for task in _questions(each, issuer)}
        signers = self._crls(urls)
        for data in self._run.fetch(questions.values()):
            if data is not None:
                with suppress(CertificateError):
                    signers += [each for each in read_response(data).certificates if not _needs_no_check(each)]
        for each in signers:
            self._learn(each)
        return signers

    def _crls(self, urls: Iterable[str]) -> list[ListedCertificate]:
        tasks = [Task(Kind.CRL, url, check=read_crl) for url in urls]
        found = [data for data in self._run.fetch(tasks) if data is not None]
        deltas = dict.fromkeys(url for data in found for url in _crl_places(data, _FRESHEST_CRL))
        found += [
            data for data in self._run.fetch(Task(Kind.CRL, url, check=read_crl) for url in deltas) if data is not None
        ]
        return self._take_issuers(dict.fromkeys(url for data in found for url in _crl_places(data, ACCESS)))


def _questions(certificate: ListedCertificate, issuer: ListedCertificate) -> Iterator[Task]:
    """What to ask responders: by GET where it is short, and by POST where that fails (RFC 6960 A.1).

    Without a nonce, so that the answer may come from a cache (RFC 5019 §4).
    """
    request = ocsp_request(certificate, issuer)
    if request is None:
        return
    digest = sha256(request).hexdigest()
    for url in _ocsp_urls(certificate):
        short = f"{url.rstrip('/')}/{quote(base64.b64encode(request).decode(), safe='')}"
        if len(short) <= _LONGEST_GET:
            bodies: tuple[bytes | None, ...] = (None, request)
            urls: tuple[str, ...] = (short, url)
        else:
            bodies, urls = (request,), (url,)
        yield Task(Kind.OCSP, url, request=digest, bodies=bodies, urls=urls, check=read_response)


def ocsp_request(certificate: ListedCertificate, issuer: ListedCertificate) -> bytes | None:
    """A request about a certificate; None where it, or the issuer's key, can't be read. The same bytes always."""
    slices = certificate.slices
    if slices is None:
        return None
    try:
        key = key_bits(issuer.key)
    except CertificateError:
        return None
    # SHA-1 names issuers here, as RFC 5019 §2.1.1 has it: all responders know it, and nothing rests on it
    name_hash, key_hash = (sha1(each, usedforsecurity=False).digest() for each in (slices.issuer, key))
    serial = int.from_bytes(slices.serial, "big", signed=True)
    with suppress(ValueError):
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name_hash, key_hash, serial, hashes.SHA1())  # noqa: S303
        return builder.build().public_bytes(Encoding.DER)
    return None


def _is_root(certificate: ListedCertificate) -> bool:
    named_alike = certificate.comparable_subject == certificate.comparable_issuer
    return named_alike and _signed(certificate, certificate)


def _signed(certificate: ListedCertificate, issuer: ListedCertificate) -> bool:
    try:
        return is_signed_with(certificate, issuer.key)
    except CertificateError:
        return False


def _needs_no_check(certificate: ListedCertificate) -> bool:
    """OCSP responders may be excused from being asked about themselves (RFC 6960 §4.2.2.2.1)."""
    try:
        return revocation_extensions(certificate.der).ocsp_no_check
    except CertificateError:
        return True


def _ocsp_urls(certificate: ListedCertificate) -> tuple[str, ...]:
    try:
        return tuple(_in_the_web(revocation_extensions(certificate.der).ocsp_urls))
    except CertificateError:
        return ()


def _places(certificate: bytes, extension: str) -> list[str]:
    """The locations in an extension of a certificate: of issuers, or of CRLs."""
    found = ListedCertificate(certificate).slices
    return _in_extensions(found.extensions, extension) if found and found.extensions else []


def _crl_places(crl: bytes, extension: str) -> list[str]:
    """The same of a CRL."""
    try:
        load = x509.load_pem_x509_crl if crl.lstrip().startswith(b"-----") else x509.load_der_x509_crl
        found = load(crl).extensions.get_extension_for_oid(x509.ObjectIdentifier(extension)).value
        value = found.public_bytes()
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return []
    return _in_value(value, extension)


def _in_extensions(extensions: bytes, wanted: str) -> list[str]:
    try:
        found = split(extensions).get(wanted)
    except CertificateError:
        return []
    return _in_value(found.value, wanted) if found else []


def _in_value(value: bytes, extension: str) -> list[str]:
    try:
        if extension == ACCESS:
            urls = [url for url in _ca_issuers(value) if url]
        else:
            urls = [url for point in distribution_points(value) for url in point.urls]
    except (CertificateError, ValueError):
        return []
    return _in_the_web(urls)


def _ca_issuers(value: bytes) -> Iterator[str]:
    for each in der.sequence(value):
        method, place = der.elements(der.expect(each, der.SEQUENCE).content)
        if der.oid(method) == _CA_ISSUERS and place.tag == der.context(_URI):
            yield place.content.decode("ascii", "replace")


def _in_the_web(urls: Iterable[str]) -> list[str]:
    """Those over HTTP; LDAP, say, is not spoken here, and told of where there is nothing else."""
    distinct = dict.fromkeys(urls)
    return [url for url in distinct if url.lower().startswith(("http://", "https://"))] or list(distinct)
