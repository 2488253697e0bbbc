# SPDX-License-Identifier: Apache-2.0
"""Certificate files of a listener: finding them in a folder, noticing that they changed, and which hosts they are for.

A certificate and its key are two files, which nobody can replace in one step: whoever loads a pair must expect to see
the new half of one and the old half of the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from registry.errors import ConfigurationError
from registry.identifiers.text import ascii_lower

FileState = tuple[int, ...]
"""What changes when a file is written, replaced, or becomes readable; an error number where it can't be seen."""

_CERTIFICATES = (".crt", ".pem")
_KEY = ".key"
_ISSUER = ".issuer"  # lego keeps NAME.issuer.crt, which has no key, beside NAME.crt


@dataclass(frozen=True, slots=True)
class PairFiles:
    """The PEM files of a certificate (with its chain) and of its key, which may be the same file."""

    name: str
    certificate: Path
    key: Path

    def state(self) -> tuple[FileState, FileState]:
        """Differs from what it was before if a file was touched since."""
        return _state(self.certificate), _state(self.key)


def find_pairs(folder: Path) -> list[PairFiles]:
    """The pairs of a folder, by name: NAME.crt or NAME.pem with NAME.key, NAME.pem with both, or a folder NAME with
    certbot's fullchain.pem and privkey.pem.

    A pair of which one file is missing is told too: whoever loads it sees what is wrong. Names that begin with a dot
    are somebody's who is still writing. Raises ConfigurationError where the folder can't be read or has no pair.
    """
    try:
        entries = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
        lineages = [name for name in entries if (folder / name / "fullchain.pem").exists()]
    except OSError as error:
        place = error.filename or folder
        raise ConfigurationError(f"the folder of certificates {place} can't be read: {error.strerror}") from error
    files = {name for name in entries if name.endswith((*_CERTIFICATES, _KEY))}
    stems = {name.rpartition(".")[0] for name in files}
    pairs = [_in_files(folder, stem, files) for stem in stems if not stem.endswith(_ISSUER)]
    pairs += [PairFiles(n, folder / n / "fullchain.pem", folder / n / "privkey.pem") for n in lineages]
    if not pairs:
        raise ConfigurationError(f"the folder of certificates {folder} has none (NAME.crt and NAME.key, NAME.pem)")
    return sorted(pairs, key=lambda pair: (pair.name, pair.certificate))


def _in_files(folder: Path, stem: str, files: Iterable[str]) -> PairFiles:
    certificate = next((stem + ending for ending in _CERTIFICATES if stem + ending in files), stem + _CERTIFICATES[0])
    both = certificate.endswith(".pem") and stem + _KEY not in files
    return PairFiles(stem, folder / certificate, folder / (certificate if both else stem + _KEY))


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a listener has to know of its certificate."""

    names: frozenset[str]
    """The subjectAltName's DNS names, in lower case, and IP addresses; those that begin with `*.` are wildcards."""
    not_after: datetime
    not_before: datetime

    @classmethod
    def read(cls, path: Path) -> "ServerCertificate":
        """The first certificate of a PEM file. Raises ConfigurationError."""
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            names = _alternative_names(certificate)
        except OSError as error:
            raise ConfigurationError(f"the TLS certificate {path} can't be read: {error.strerror}") from error
        except (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType) as error:
            raise ConfigurationError(f"the TLS certificate {path} can't be read: {error}") from error
        return cls(frozenset(names), certificate.not_valid_after_utc, certificate.not_valid_before_utc)


def wildcard_of(host: str) -> str:
    """The wildcard name that covers a host: its first label, and only that, is `*` (RFC 6125 §6.4.3)."""
    return f"*.{host.partition('.')[2]}"


def _alternative_names(certificate: x509.Certificate) -> Iterable[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = (ascii_lower(host) for host in names.get_values_for_type(x509.DNSName))
    return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))


def _state(path: Path) -> FileState:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
