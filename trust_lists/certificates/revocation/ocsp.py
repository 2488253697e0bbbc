# SPDX-License-Identifier: Apache-2.0
"""OCSP responses, cut out of their bytes by position (RFC 6960 §4.2.1).

As with CRLs there is one reader for all of them. What the response says about how many certificates is all read;
whether it is to be believed is another question.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName, comparable
from trust_lists.certificates.path_extensions import Extension, split
from trust_lists.certificates.revocation.crl import CERTIFICATE_ISSUER, INVALIDITY_DATE, REASON_CODE, reason
from trust_lists.certificates.revocation.extensions import unknown_critical
from trust_lists.certificates.revocation.model import CrlReason
from trust_lists.certificates.revocation.signed_data import SignedData
from trust_lists.errors import CertificateError

MAX_OCSP_BYTES = 1_000_000
"""One about a single certificate, with a chain, has some thousands."""

_OCSP = "1.3.6.1.5.5.7.48.1"
_BASIC = f"{_OCSP}.1"
_ARCHIVE_CUTOFF = f"{_OCSP}.6"
# Nonce, CRL references, acceptable responses, archive cutoff, service locator, preferred algorithms, extended revoke.
_KNOWN = frozenset(f"{_OCSP}.{number}" for number in (2, 3, 4, 6, 7, 8, 9))
_KNOWN_IN_SINGLE = _KNOWN | {REASON_CODE, INVALIDITY_DATE, CERTIFICATE_ISSUER}
_ENUMERATED = 0x0A
_REFUSALS = {1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}


class OcspStatus(StrEnum):
    """What a response says about a certificate (RFC 6960 §2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertId:
    """Which certificate is meant (RFC 6960 §4.1.1)."""

    algorithm: str
    """The OID of the hash."""
    name_hash: bytes
    key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """About one certificate."""

    cert_id: CertId
    status: OcspStatus
    revoked_at: datetime | None
    reason: CrlReason
    invalid_since: datetime | None
    this_update: datetime
    next_update: datetime | None
    archive_cutoff: datetime | None
    unknown_critical: frozenset[str]


@dataclass(frozen=True, slots=True)
class OcspResponse:
    """A basic response."""

    data: SignedData
    responder_name: ComparableName | None
    """byName; otherwise there is a hash."""
    responder_key_hash: bytes
    """byKey: SHA-1 of the key's bits."""
    produced_at: datetime
    singles: tuple[SingleResponse, ...]
    certificates: tuple[ListedCertificate, ...]
    unknown_critical: frozenset[str]


def read_response(data: bytes) -> OcspResponse:
    """A response in DER. Raises CertificateError for what can't be read, and for a responder's refusal to answer."""
    if len(data) > MAX_OCSP_BYTES:
        raise CertificateError(f"an OCSP response of {len(data)} bytes is too large")
    outer = der.sequence(data)
    if not outer:
        raise CertificateError("an OCSP response has a status")
    status = der.integer(outer[0], _ENUMERATED)
    if status:
        raise CertificateError(f"the OCSP responder refused to answer: {_REFUSALS.get(status, status)}")
    if len(outer) != 2:
        raise CertificateError("the OCSP response has no content")
    kind, content = _exactly(2, der.sequence(der.expect(outer[1], der.context(0, constructed=True)).content))
    if der.oid(kind) != _BASIC:
        raise CertificateError(f"an OCSP response of the kind {der.oid(kind)} is not supported")
    return _basic(der.expect(content, der.OCTET_STRING).content, sha256(data).hexdigest())


def _basic(data: bytes, digest: str) -> OcspResponse:
    parts = der.sequence(data)
    if not 3 <= len(parts) <= 4:
        raise CertificateError("a basic OCSP response has not the parts that it should have")
    inner, algorithm, signature = parts[:3]
    content = der.elements(der.expect(inner, der.SEQUENCE).content)
    if content and content[0].tag == der.context(0, constructed=True):
        content = content[1:]
    if not 3 <= len(content) <= 4:
        raise CertificateError("the data of an OCSP response have not the parts that they should have")
    name, key_hash = _responder(content[0])
    return OcspResponse(
        data=SignedData(digest, inner.encoded, algorithm.encoded, der.bits(signature)),
        responder_name=name,
        responder_key_hash=key_hash,
        produced_at=der.instant(content[1]),
        singles=tuple(map(_single, der.elements(der.expect(content[2], der.SEQUENCE).content))),
        certificates=_certificates(parts[3]) if len(parts) == 4 else (),
        unknown_critical=unknown_critical(_extensions(content[3:]), _KNOWN),
    )


def _responder(found: der.Element) -> tuple[ComparableName | None, bytes]:
    choice = der.element(found.content)[0]
    if found.tag == der.context(1, constructed=True):
        return comparable(choice.encoded), b""
    if found.tag == der.context(2, constructed=True):
        return None, der.expect(choice, der.OCTET_STRING).content
    raise CertificateError("an OCSP responder is named by name or by key")


def _certificates(found: der.Element) -> tuple[ListedCertificate, ...]:
    content = der.expect(found, der.context(0, constructed=True)).content
    return tuple(ListedCertificate(each.encoded) for each in der.sequence(content))


def _single(found: der.Element) -> SingleResponse:
    parts = der.elements(der.expect(found, der.SEQUENCE).content)
    if len(parts) < 3:
        raise CertificateError("an OCSP response about a certificate has not the parts that it should have")
    cert_id, status, this_update = parts[:3]
    optional = {each.tag: each for each in parts[3:]}
    extensions = _extensions([each for tag, each in optional.items() if tag == der.context(1, constructed=True)])
    next_update = optional.get(der.context(0, constructed=True))
    said, revoked_at, why = _status(status)
    return SingleResponse(
        cert_id=_cert_id(cert_id),
        status=said,
        revoked_at=revoked_at,
        reason=why,
        invalid_since=_time(extensions.get(INVALIDITY_DATE)),
        this_update=der.instant(this_update),
        next_update=der.instant(der.element(next_update.content)[0]) if next_update else None,
        archive_cutoff=_time(extensions.get(_ARCHIVE_CUTOFF)),
        unknown_critical=unknown_critical(extensions, _KNOWN_IN_SINGLE),
    )


def _cert_id(found: der.Element) -> CertId:
    algorithm, name_hash, key_hash, serial = _exactly(4, der.elements(der.expect(found, der.SEQUENCE).content))
    return CertId(
        der.oid(der.element(der.expect(algorithm, der.SEQUENCE).content)[0]),
        der.expect(name_hash, der.OCTET_STRING).content,
        der.expect(key_hash, der.OCTET_STRING).content,
        der.integer(serial),
    )


def _status(found: der.Element) -> tuple[OcspStatus, datetime | None, CrlReason]:
    if found.tag == der.context(0):
        return OcspStatus.GOOD, None, CrlReason.UNSPECIFIED
    if found.tag == der.context(2):
        return OcspStatus.UNKNOWN, None, CrlReason.UNSPECIFIED
    parts = der.elements(der.expect(found, der.context(1, constructed=True)).content)
    if not parts:
        raise CertificateError("an OCSP response says revoked, and not when")
    why = CrlReason.UNSPECIFIED
    if len(parts) > 1:
        why = reason(der.element(der.expect(parts[1], der.context(0, constructed=True)).content)[0])
    return OcspStatus.REVOKED, der.instant(parts[0]), why


def _extensions(found: list[der.Element]) -> dict[str, Extension]:
    """Of the one `[1]`, if it is there."""
    if not found:
        return {}
    return split(der.element(der.expect(found[0], der.context(1, constructed=True)).content)[0].encoded)


def _time(extension: Extension | None) -> datetime | None:
    return der.instant(der.element(extension.value)[0]) if extension else None


def _exactly(count: int, found: list[der.Element]) -> list[der.Element]:
    if len(found) != count:
        raise CertificateError("a part of an OCSP response has not the parts that it should have")
    return found
