# SPDX-License-Identifier: Apache-2.0
"""Certificates of a corpus: files, and folders with all that is in them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trust_lists.cli.common import read_file

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation.comparison import Subject

_ENDINGS = frozenset({".pem", ".cer", ".crt", ".der", ".p7b", ".p7c", ".json"})
"""Of files that a folder is looked through for."""
_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?-----END [A-Z0-9 ]+-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The certificates, each once, and the files that hold none."""

    subjects: "tuple[Subject, ...]"
    unread: tuple[str, ...]


def read_corpus(paths: Sequence[Path]) -> Corpus:
    """All certificates of files and folders: PEM, DER, PKCS#7, or JSON with values `pem`.

    Ends the program where a path isn't there, or where nothing of it is a certificate.
    """
    from trust_lists.evaluation.comparison import Subject

    found: dict[str, Subject] = {}
    unread = []
    for file in (file for path in paths for file in _files(path)):
        try:
            for certificate in _certificates(read_file(file)):
                found.setdefault(certificate.sha256, Subject(certificate, str(file)))
        except ValueError as error:
            unread.append(f"{file}: {error}")
    if paths and not found:
        raise typer.BadParameter(f"no certificates in {', '.join(map(str, paths))}", param_hint="--corpus")
    return Corpus(tuple(found.values()), tuple(unread))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in _ENDINGS and each.is_file())


def _certificates(data: bytes) -> "Iterator[ListedCertificate]":
    """Raises ValueError where there is none."""
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    blocks = [each for text in _texts(data) for each in _PEM.findall(text) or [text]]
    try:
        for block in blocks:
            yield from certificates_in(block)
    except CertificateError as error:
        raise ValueError(str(error)) from None


def _texts(data: bytes) -> Iterator[bytes]:
    """The data, or the PEM that stands in JSON."""
    if data.lstrip()[:1] not in {b"[", b"{"}:
        yield data
        return
    yield from (each.encode() for each in _pems(json.loads(data)))


def _pems(value: object) -> Iterator[str]:
    match value:
        case {"pem": str(text)}:
            yield text
        case dict():
            for each in value.values():
                yield from _pems(each)
        case list():
            for each in value:
                yield from _pems(each)
