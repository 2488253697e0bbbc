# SPDX-License-Identifier: Apache-2.0
"""CRLs and OCSP responses for tests of revocation, made when they run: also with what no library writes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import new as new_hash
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.certificate_chains import NOW, Authority, key_usage
from trust_lists.certificates.der import BIT_STRING, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.model import Authority as Issuer
from trust_lists.certificates.revocation.ocsp_check import key_bits
from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - 100 * DAY
CRL_RULES = RevocationRules(
    leaf=RevocationRule.CRL_REQUIRED,
    intermediates=RevocationRule.CRL_REQUIRED,
    freshness=None,
    retroactive=False,
    after_expiry=AfterExpiry.REJECT,
    on_unknown=OnUnknown.REJECT,
    clock_skew=timedelta(0),
)
OCSP_RULES = replace(CRL_RULES, leaf=RevocationRule.OCSP_REQUIRED)

_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_HASHES = {"sha1": "06052b0e03021a", "sha256": "0609608648016503040201"}
_BASIC = bytes.fromhex("06092b0601050507300101")
_UNKNOWN_EXTENSION = bytes.fromhex("06032a0304")


def issuer_of(authority: Authority) -> Issuer:
    """The authority, as what a path has above a certificate."""
    return Issuer.of(authority.certificate)


def serial(certificate: ListedCertificate | int) -> int:
    if isinstance(certificate, int):
        return certificate
    assert certificate.slices is not None
    return int.from_bytes(certificate.slices.serial, "big", signed=True)


def entry(
    certificate: ListedCertificate | int,
    date: datetime = LONG_AGO,
    reason: x509.ReasonFlags | None = None,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial(certificate)).revocation_date(date)
    for value, critical in [*([(x509.CRLReason(reason), False)] if reason else []), *extensions]:
        builder = builder.add_extension(value, critical=critical)
    return builder.build()


def crl(
    authority: Authority,
    *entries: x509.RevokedCertificate,
    this_update: datetime = NOW - HOUR,
    next_update: datetime = NOW + DAY,
    number: int | None = None,
    base: int | None = None,
    scope: dict[str, Any] | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A list in DER; `scope` are the arguments of the issuing distribution point that matter."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.name)
    builder = builder.last_update(this_update).next_update(next_update)
    found = list(extensions)
    if number is not None:
        found.append((x509.CRLNumber(number), False))
    if base is not None:
        found.append((x509.DeltaCRLIndicator(base), True))
    if scope is not None:
        found.append((issuing_point(**scope), True))
    for each in entries:
        builder = builder.add_revoked_certificate(each)
    for value, critical in found:
        builder = builder.add_extension(value, critical=critical)
    signer = key or authority.key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)


def issuing_point(**told: Any) -> x509.IssuingDistributionPoint:
    absent: dict[str, Any] = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    flags = ("user_certs", "ca_certs", "attribute_certs")
    absent |= {f"only_contains_{flag}": False for flag in flags} | {"indirect_crl": False}
    return x509.IssuingDistributionPoint(**(absent | told))


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def points(*found: x509.DistributionPoint) -> tuple[x509.ExtensionType, bool]:
    return x509.CRLDistributionPoints(found), False


def point(
    *full_name: x509.GeneralName,
    relative_name: x509.RelativeDistinguishedName | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    crl_issuer: Sequence[x509.GeneralName] | None = None,
) -> x509.DistributionPoint:
    return x509.DistributionPoint(list(full_name) or None, relative_name, reasons, crl_issuer)


@dataclass(frozen=True)
class Said:
    """What a response says about a certificate."""

    certificate: ListedCertificate | int
    status: str = "good"
    revoked_at: datetime = LONG_AGO
    reason: int | None = None
    this_update: datetime = NOW - HOUR
    next_update: datetime | None = NOW + DAY
    archive_cutoff: datetime | None = None
    algorithm: str = "sha1"
    issuer: Authority | None = None
    """Who the response says that issued it; None: who is asked."""
    unknown_critical: bool = False


def response(
    authority: Authority,
    *said: Said,
    responder: Authority | None = None,
    by_key: bool = False,
    with_certificate: bool = True,
    named: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    produced_at: datetime = NOW - HOUR,
    unknown_critical: bool = False,
) -> bytes:
    """A response in DER, signed by the authority, or by a responder that stands under it."""
    signer = responder or authority
    identity = der(0xA2, der(OCTET_STRING, digest("sha1", key_bits(signer.certificate.key))))
    if not by_key:
        identity = der(0xA1, named or signer.name.public_bytes())
    told = identity + time(produced_at) + der(SEQUENCE, b"".join(_single(authority, each) for each in said))
    if unknown_critical:
        told += der(0xA1, der(SEQUENCE, _critical()))
    data = der(SEQUENCE, told)
    private = key or signer.key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signature = der(BIT_STRING, b"\x00" + private.sign(data, ec.ECDSA(hashes.SHA256())))
    certificates = der(0xA0, der(SEQUENCE, signer.certificate.der)) if responder and with_certificate else b""
    basic = der(SEQUENCE, data + _ECDSA_SHA256 + signature + certificates)
    return der(SEQUENCE, b"\x0a\x01\x00" + der(0xA0, der(SEQUENCE, _BASIC + der(OCTET_STRING, basic))))


def refusal(status: int) -> bytes:
    """A response without an answer, as `tryLater` (3)."""
    return der(SEQUENCE, bytes([0x0A, 1, status]))


def responder_of(
    authority: Authority,
    *more: tuple[x509.ExtensionType, bool],
    purpose: x509.ObjectIdentifier = x509.ExtendedKeyUsageOID.OCSP_SIGNING,
    no_check: bool = True,
    begin: datetime = NOW - 30 * DAY,
    end: datetime = NOW + 30 * DAY,
    usage: str = "digital_signature",
) -> Authority:
    """Somebody to whom the authority gave a certificate for OCSP signing."""
    extensions = [(x509.ExtendedKeyUsage([purpose]), False), *more]
    if no_check:
        extensions.append((x509.OCSPNoCheck(), False))
    return Authority(
        "responder", authority, basic=None, usage=key_usage(usage), extensions=extensions, begin=begin, end=end
    )


def der(tag: int, content: bytes) -> bytes:
    """A value with the shortest length that there is: `cryptography` refuses responses with any other."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + content


def time(moment: datetime) -> bytes:
    return der(GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def digest(algorithm: str, data: bytes) -> bytes:
    return new_hash(algorithm, data, usedforsecurity=False).digest()


def _single(authority: Authority, said: Said) -> bytes:
    issuer = said.issuer or authority
    number = serial(said.certificate)
    cert_id = der(
        SEQUENCE,
        der(SEQUENCE, bytes.fromhex(_HASHES[said.algorithm]) + b"\x05\x00")
        + der(OCTET_STRING, digest(said.algorithm, issuer.name.public_bytes()))
        + der(OCTET_STRING, digest(said.algorithm, key_bits(issuer.certificate.key)))
        + der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)),
    )
    reason = b"" if said.reason is None else der(0xA0, bytes([0x0A, 1, said.reason]))
    status = {"good": b"\x80\x00", "unknown": b"\x82\x00", "revoked": der(0xA1, time(said.revoked_at) + reason)}
    told = cert_id + status[said.status] + time(said.this_update)
    if said.next_update is not None:
        told += der(0xA0, time(said.next_update))
    extensions = _critical() if said.unknown_critical else b""
    if said.archive_cutoff is not None:
        cutoff = der(OID, bytes.fromhex("2b0601050507300106")) + der(OCTET_STRING, time(said.archive_cutoff))
        extensions += der(SEQUENCE, cutoff)
    return der(SEQUENCE, told + (der(0xA1, der(SEQUENCE, extensions)) if extensions else b""))


def _critical() -> bytes:
    return der(SEQUENCE, _UNKNOWN_EXTENSION + b"\x01\x01\xff" + der(OCTET_STRING, b"\x05\x00"))
