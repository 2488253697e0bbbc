# SPDX-License-Identifier: Apache-2.0
"""Certificates that a source names, and the digital identities made of them (TS 119 612 §5.5.3).

A certificate is written as the path of a file (PEM with one or more, or DER), seen from the folder of the source, or
in the source itself (PEM, or base64 of DER).
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.documents.model import DigitalIdentity
from trust_lists.errors import CertificateError
from trust_lists.publishing.nodes import Node

MAX_FILE_BYTES = 1_000_000

_BASE64 = re.compile(r"MI[A-Za-z0-9+/]{200,}={0,2}")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Reads the certificates of a source; paths begin at `folder`."""

    folder: Path

    def read(self, node: Node) -> tuple[ListedCertificate, ...]:
        """All certificates of a node, each once."""
        found: dict[ListedCertificate, None] = {}
        for item in node.items():
            try:
                found |= dict.fromkeys(map(listed, self._load(item.text())))
            except CertificateError as error:
                item.wrong(str(error))
        return tuple(found)

    def _load(self, text: str) -> list[x509.Certificate]:
        if not text:
            return []
        if "-----BEGIN" in text:
            return load_certificates_pem(text)
        joined = "".join(text.split())
        if _BASE64.fullmatch(joined):
            return [load_certificate(joined)]
        data = self._file(text)
        return load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]

    def _file(self, name: str) -> bytes:
        try:
            with (self.folder / name).open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CertificateError(f"the file {name[:200]!r} cannot be read: {reason}") from None
        if len(data) > MAX_FILE_BYTES:
            raise CertificateError(f"the file {name!r} is too large for certificates")
        return data


def service_identity(node: Node, certificates: tuple[ListedCertificate, ...], *, authority: bool) -> DigitalIdentity:
    """The identity of a service: its certificates, and for people and for the history its name and key identifier.

    All certificates must have one key and one subject; a service of another key is another service. `authority` says
    that they must be those of authorities.
    """
    if not certificates:
        return DigitalIdentity()
    if len({each.key for each in certificates}) > 1:
        node.wrong("the certificates have different keys; each key is a service of its own (§5.5.3)")
    if len({each.comparable_subject for each in certificates}) > 1:
        node.wrong("the certificates have different subjects; each is a service of its own (§5.5.3)")
    if authority and not all(path_extensions(each.der).authority for each in certificates):
        node.wrong("this type of service is for authorities, and the certificate is none (basicConstraints)")
    return DigitalIdentity(
        certificates=certificates,
        subject_names=_subject_names(certificates[0]),
        skis=_key_identifiers(certificates[0]),
    )


def without_certificates(identity: DigitalIdentity) -> DigitalIdentity:
    """The identity as the history has it: no certificates (§5.6.3)."""
    if not identity.certificates:
        return identity
    return DigitalIdentity(
        subject_names=identity.subject_names or _subject_names(identity.certificates[0]),
        skis=identity.skis or _key_identifiers(identity.certificates[0]),
        other=identity.other,
    )


def _subject_names(certificate: ListedCertificate) -> tuple[str, ...]:
    """The subject for people; nothing where XML would not give it back as it is."""
    name = certificate.subject_text
    return (name,) if name and name == " ".join(name.split()) and name.isprintable() else ()


def _key_identifiers(certificate: ListedCertificate) -> tuple[bytes, ...]:
    """That of the extension, or else the SHA-1 of the key's bits (RFC 5280 §4.2.1.2)."""
    found = path_extensions(certificate.der).subject_key
    if not found:
        try:
            _, key = der.sequence(certificate.key)
            found = hashlib.sha1(der.bits(key), usedforsecurity=False).digest()
        except (CertificateError, ValueError):
            return ()
    return (found,)
