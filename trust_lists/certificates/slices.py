# SPDX-License-Identifier: Apache-2.0
"""The parts of a certificate, cut out of its bytes by position (RFC 5280 §4.1).

So also the certificates give their key and names that `cryptography` refuses to load, of which real lists hold some:
a default that is written out, parameters where there should be none, one broken extension. Nothing is judged here. A
part keeps its encoding, since signatures and keys are about bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from trust_lists.certificates import der
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.errors import CertificateError

_USUAL_BYTES = 6_000
"""Larger certificates, which no list has, aren't remembered: a flood of them would take too much memory."""


@dataclass(frozen=True, slots=True)
class CertificateSlices:
    """Where nothing else is said a part is DER with tag and length; b"" stands for what can't be found."""

    version: int
    """1, 2 or 3."""
    issuer: bytes
    validity: bytes
    subject: bytes
    key: bytes
    """SubjectPublicKeyInfo."""
    serial: bytes
    """The content of the INTEGER."""
    signed: bytes
    """TBSCertificate, what the signature is about."""
    inner_algorithm: bytes
    """AlgorithmIdentifier in TBSCertificate; RFC 5280 §4.1.1.2 wants it to equal the outer one."""
    algorithm: bytes
    signature: bytes
    """The bits, as whole bytes; none where what stands around the signed part is not DER."""
    extensions: bytes | None
    """The SEQUENCE of extensions; b"" where there are none, None where they can't be found."""

    @property
    def dates(self) -> tuple[datetime, datetime]:
        """From when and until when it is valid, both included. Raises CertificateError."""
        return _dates(self.validity)


# Every step that asks about time asks again.
@lru_cache(maxsize=4096)
def _dates(validity: bytes) -> tuple[datetime, datetime]:
    times = der.sequence(validity)
    if len(times) != 2:
        raise CertificateError("a validity has two times")
    return der.instant(times[0]), der.instant(times[1])


def cut(data: bytes) -> CertificateSlices | None:
    """The parts of a certificate in DER; None where not even its key can be found, or where it is too large."""
    if len(data) <= _USUAL_BYTES:
        return _cut_or_remembered(data)
    return _cut_or_none(data) if len(data) <= MAX_CERTIFICATE_BYTES else None


def _cut_or_none(data: bytes) -> CertificateSlices | None:
    try:
        return _cut(data)
    except CertificateError:
        return None


# Each certificate of a list is asked several times for several parts.
_cut_or_remembered = lru_cache(maxsize=4096)(_cut_or_none)


def _cut(data: bytes) -> CertificateSlices:
    outer = der.expect(der.element(data)[0], der.SEQUENCE).content
    inner, after = der.element(outer)
    content = der.expect(inner, der.SEQUENCE).content
    serial, start = der.element(content)
    version = 1
    if serial.tag == der.context(0, constructed=True):
        version = der.integer(der.element(serial.content)[0]) + 1
        serial, start = der.element(content, start)
    found = []
    for _ in range(5):
        each, start = der.element(content, start)
        found.append(der.expect(each, der.SEQUENCE).encoded)
    inner_algorithm, issuer, validity, subject, key = found
    algorithm, signature = _signature(outer, after)
    # What stands around the signed part is signed by nobody: in any other form it would be another certificate with the
    # same signature, which no list of digests knows.
    if data != der.encoded(der.SEQUENCE, inner.encoded + algorithm + der.encoded(der.BIT_STRING, b"\0" + signature)):
        signature = b""
    return CertificateSlices(
        version=version,
        issuer=issuer,
        validity=validity,
        subject=subject,
        key=key,
        serial=der.expect(serial, der.INTEGER).content,
        signed=inner.encoded,
        inner_algorithm=inner_algorithm,
        algorithm=algorithm,
        signature=signature,
        extensions=_extensions(content, start),
    )


def _signature(outer: bytes, start: int) -> tuple[bytes, bytes]:
    try:
        algorithm, start = der.element(outer, start)
        return algorithm.encoded, der.bits(der.element(outer, start)[0])
    except CertificateError:
        return b"", b""


def _extensions(content: bytes, start: int) -> bytes | None:
    """Behind the key may stand two unique identifiers, and the extensions under `[3]`."""
    try:
        while start < len(content):
            found, start = der.element(content, start)
            if found.tag == der.context(3, constructed=True):
                return der.element(found.content)[0].encoded
    except CertificateError:
        return None
    return b""
