# SPDX-License-Identifier: Apache-2.0
"""The keys with which directories know us: files in a folder, which the database knows by their names only.

NAME.pem holds a key without a password, and its certificate with those above it; or the certificates of those who may
have issued a directory's own.
"""

import ssl
from pathlib import Path

from registry.domains.directory_profile import DirectoryProfile
from registry.errors import ConfigurationError


def tls_context(folder: Path, profile: DirectoryProfile) -> ssl.SSLContext:
    """TLS with which the directory of a domain is called. Raises ConfigurationError for files that can't be used."""
    context = anchors(folder, profile)
    key = folder / f"{profile.key}.pem"
    try:
        if key.stat().st_mode & 0o007:
            raise ConfigurationError(f"{key} can be read by everybody: chmod 600")
        context.load_cert_chain(key, password=lambda: b"")
    except OSError as error:  # also what OpenSSL says of a file
        raise ConfigurationError(f"the key {profile.key} of the directory can't be used: {key}: {error}") from error
    return context


def anchors(folder: Path, profile: DirectoryProfile) -> ssl.SSLContext:
    """TLS without a key, for what everybody may read of a directory. Raises ConfigurationError."""
    file = folder / f"{profile.authorities}.pem" if profile.authorities else None
    try:
        return ssl.create_default_context(cafile=None if file is None else str(file))
    except OSError as error:
        raise ConfigurationError(f"the authorities of the directory can't be used: {file}: {error}") from error
