# SPDX-License-Identifier: Apache-2.0
"""The certificates of a file, whatever kind of file it is: PEM with one or more, DER, or PKCS#7 (RFC 5652 §5.1).

Nothing is verified here: a file is as good as the digests that somebody has written down for its certificates.
"""

import base64
import binascii
import re

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError

MAX_FILE_BYTES = 5_000_000
MAX_CERTIFICATES = 5_000
SIGNED_DATA = "1.2.840.113549.1.7.2"

_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"PKCS7")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+=*")


def certificates_in(data: bytes) -> tuple[ListedCertificate, ...]:
    """The certificates, each once, in the order of the file. Raises CertificateError where there are none."""
    if len(data) > MAX_FILE_BYTES:
        raise CertificateError(f"a file of {len(data)} bytes is too large for certificates")
    blocks = [_decoded(block) for block in _pem_blocks(data)]
    if not blocks:
        blocks = [_decoded(data) if _BASE64.fullmatch(data.strip()) else data]
    found = {each: None for block in blocks for each in _certificates(block)}
    if not found:
        raise CertificateError("no certificate (PEM, DER or PKCS#7) was found")
    return tuple(found)


def _pem_blocks(data: bytes) -> list[bytes]:
    found = []
    for part in data.split(b"-----BEGIN ")[1:]:
        label, _, rest = part.partition(b"-----")
        block, _, end = rest.partition(b"-----END ")
        if label in _LABELS and end.startswith(label + b"-----"):
            found.append(block)
    return found


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CertificateError("the base64 of a certificate is damaged") from None


def _certificates(data: bytes) -> list[ListedCertificate]:
    try:
        whole, _end = der.element(data)
        parts = der.elements(der.expect(whole, der.SEQUENCE).content)
    except CertificateError:
        raise CertificateError("no certificate (PEM, DER or PKCS#7) was found") from None
    if parts and parts[0].tag == der.OID and der.oid(parts[0]) == SIGNED_DATA:
        return _signed_data(parts)
    found = ListedCertificate(whole.encoded)
    if not found.key:
        raise CertificateError("a certificate can't be read")
    return [found]


def _signed_data(parts: list[der.Element]) -> list[ListedCertificate]:
    if len(parts) != 2:
        raise CertificateError("a PKCS#7 file holds nothing")
    signed = der.sequence(der.expect(parts[1], der.context(0, constructed=True)).content)
    held = [each for each in signed if each.tag == der.context(0, constructed=True)]
    found = [ListedCertificate(each.encoded) for field in held for each in der.elements(field.content)]
    if len(found) > MAX_CERTIFICATES:
        raise CertificateError(f"a file with more than {MAX_CERTIFICATES} certificates is too large")
    return [each for each in found if each.key]
