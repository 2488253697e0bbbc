# SPDX-License-Identifier: Apache-2.0
"""The certificates of an Official Journal, from files as people have them: DER, PEM, PKCS#12 without keys.

They are the root of all trust: whatever certificate stands in these files is one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
from trust_lists.errors import CertificateError, SourceError

_MAX_BYTES = 1_000_000
_NO_PASSWORDS = (None, b"", b"password", b"changeit")
"""What protects stores that have nothing to protect."""


@dataclass(frozen=True, slots=True)
class OjCertificates:
    """The certificates, each once, and the files that hold none, each with the reason."""

    certificates: tuple[ListedCertificate, ...]
    passed_over: tuple[str, ...] = ()


def read_oj_certificates(paths: Iterable[Path], password: str = "") -> OjCertificates:
    """The certificates of files and of folders (of these, each file that isn't hidden).

    Raises SourceError OJ_CERTIFICATES where there is none.
    """
    found: dict[str, ListedCertificate] = {}
    passed_over = []
    for path in (each for given in paths for each in _files(given)):
        try:
            found |= {each.sha256: each for each in _read(path, password)}
        except CertificateError as error:
            passed_over.append(f"{path.name}: {error}")
    if not found:
        told = f" ({passed_over[0]})" if passed_over else ""
        raise SourceError("OJ_CERTIFICATES", f"there is no certificate of an Official Journal{told}")
    return OjCertificates(tuple(found.values()), tuple(passed_over))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))


def _read(path: Path, password: str) -> list[ListedCertificate]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CertificateError("the file is too large to hold certificates")
        data = path.read_bytes()
    except OSError as error:
        raise CertificateError(f"the file can't be read: {error.strerror}") from None
    if b"-----BEGIN" in data:
        loaded = load_certificates_pem(data)
    else:
        try:
            loaded = [load_certificate(data)]
        except CertificateError:
            loaded = _from_pkcs12(data, password)
    return [ListedCertificate(each.public_bytes(Encoding.DER)) for each in loaded]


def _from_pkcs12(data: bytes, password: str) -> list[x509.Certificate]:
    for each in (password.encode(), *_NO_PASSWORDS) if password else _NO_PASSWORDS:
        try:
            store = pkcs12.load_pkcs12(data, each)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        entries = ([store.cert] if store.cert else []) + list(store.additional_certs)
        return [entry.certificate for entry in entries]
    raise CertificateError("neither a certificate nor a PKCS#12 file that opens")
