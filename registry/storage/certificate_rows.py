# SPDX-License-Identifier: Apache-2.0
"""A certificate as a row: its DER bytes, and the columns that are read out of it."""

import hashlib
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trust_lists.certificates.parsing import load_certificate, subject_text
from trust_lists.errors import CertificateError


def certificate_sha256(der: bytes) -> str:
    """The fingerprint under which a certificate is stored."""
    return hashlib.sha256(der).hexdigest()


def certificate_row(der: bytes) -> dict[str, Any]:
    """The row of a certificate; one that can't be parsed keeps its bytes and fingerprint, with empty names."""
    try:
        parsed = load_certificate(der)
        names = {
            "subject": subject_text(parsed),
            "issuer": _name_text(parsed.issuer),
            "serial": format(parsed.serial_number, "x"),
            "not_before": parsed.not_valid_before_utc,
            "not_after": parsed.not_valid_after_utc,
            "key_sha256": _key_sha256(parsed),
        }
    except (CertificateError, ValueError, TypeError, x509.UnsupportedGeneralNameType):
        names = {"subject": "", "issuer": "", "serial": "", "not_before": None, "not_after": None, "key_sha256": ""}
    return {"sha256": certificate_sha256(der), "der": der, **names}


def _key_sha256(certificate: x509.Certificate) -> str:
    """The fingerprint of the public key; empty where it is of a kind that can't be read."""
    try:
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return hashlib.sha256(key).hexdigest()


def _name_text(name: x509.Name) -> str:
    return name.rfc4514_string()
