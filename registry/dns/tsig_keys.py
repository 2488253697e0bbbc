# SPDX-License-Identifier: Apache-2.0
"""The TSIG keys (RFC 8945) that name servers and we share: files in a folder, as `tsig-keygen` of BIND writes them.

The database knows keys by their names only (design rule 11). A file NAME.key has the key NAME; those that others may
read, or that can't be understood, are refused. HMAC-MD5 and HMAC-SHA1 are not taken (RFC 8945 §6 wants the former
no more, and the latter only for old partners).
"""

import os
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import dns.name
import dns.tsig

from registry.errors import AlreadyExistsError, ConfigurationError

ALGORITHMS: Final = {
    "hmac-sha256": dns.tsig.HMAC_SHA256,
    "hmac-sha384": dns.tsig.HMAC_SHA384,
    "hmac-sha512": dns.tsig.HMAC_SHA512,
}
_SECRET_BYTES = {"hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64}
_MIN_SECRET = 16
_MAX_FILE = 4096
_KEY = re.compile(
    r'\s*key\s+"?(?P<name>[A-Za-z0-9._-]+)"?\s*\{\s*'
    r'(?:algorithm\s+"?(?P<algorithm>[A-Za-z0-9-]+)"?\s*;|secret\s+"(?P<secret>[A-Za-z0-9+/=]+)"\s*;|\s)+\}\s*;?\s*'
)


class TsigKeys:
    """The keys in a folder, read when they are asked for; a file that was changed is read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[int, dns.tsig.Key]] = {}

    def get(self, name: str) -> dns.tsig.Key | None:
        """The key of this name, lower case without a dot at the end; None where there is none.

        Raises ConfigurationError for a file that can't be used.
        """
        path = self._path(name)
        try:
            changed = path.stat().st_mtime_ns
        except (OSError, ValueError):
            return None
        held = self._read.get(name)
        if held is None or held[0] != changed:
            held = self._read[name] = (changed, read_key(path))
        return held[1]

    def required(self, name: str) -> dns.tsig.Key:
        """As `get`. Raises ConfigurationError where there is none."""
        key = self.get(name)
        if key is None:
            raise ConfigurationError(
                f"there is no TSIG key {name} in {self.folder}; make it with `registry dns key generate {name}`, or "
                "put the file there that the other side gave you"
            )
        return key

    def names(self) -> list[str]:
        """The names of all keys in the folder."""
        return sorted(path.name.removesuffix(".key") for path in self.folder.glob("*.key"))

    def text(self, name: str) -> str:
        """The file of a key that there is: what BIND includes."""
        return self._path(name).read_text("ascii")

    def generate(self, name: str, algorithm: str = "hmac-sha256") -> Path:
        """Make a key with a random secret as long as the hash (RFC 8945 §8); returns its file.

        Raises AlreadyExistsError where there is one of this name, ConfigurationError for a name or algorithm that
        can't be.
        """
        if algorithm not in ALGORITHMS:
            raise ConfigurationError(f"an algorithm is one of {', '.join(ALGORITHMS)}, not {algorithm!r}")
        path = self._path(name)
        secret = b64encode(secrets.token_bytes(_SECRET_BYTES[algorithm])).decode()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(key_text(name, algorithm, secret))
        except FileExistsError:
            raise AlreadyExistsError(f"there is a key {name} already: {path}") from None
        except OSError as error:
            raise ConfigurationError(f"the key {name} can't be written: {error}") from error
        return path

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[a-z0-9_-][a-z0-9._-]{0,252}", name):
            raise ConfigurationError(f"the name of a key is a domain name in lower case, not {name[:80]!r}")
        return self.folder / f"{name}.key"


def key_text(name: str, algorithm: str, secret: str) -> str:
    """A key as BIND writes it; Knot and NSD have formats of their own."""
    return f'key "{name}" {{\n\talgorithm {algorithm};\n\tsecret "{secret}";\n}};\n'


def read_key(path: Path) -> dns.tsig.Key:
    """The key in a file. Raises ConfigurationError."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path} may be read by others; chmod 600 it")
        found = _KEY.fullmatch(path.read_text("ascii")[:_MAX_FILE])
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error
    if found is None or None in found.groupdict().values():
        raise ConfigurationError(f"{path} isn't a TSIG key as `tsig-keygen` writes it")
    values: Mapping[str, str] = found.groupdict()
    algorithm = ALGORITHMS.get(values["algorithm"].lower())
    if algorithm is None:
        known = ", ".join(ALGORITHMS)
        raise ConfigurationError(f"{path}: an algorithm is one of {known}, not {values['algorithm']}")
    if values["name"].lower().removesuffix(".") != path.name.removesuffix(".key"):
        raise ConfigurationError(f"{path} has the key {values['name']}: the file has to have its name")
    try:
        secret = b64decode(values["secret"], validate=True)
    except Error as error:
        raise ConfigurationError(f"{path}: the secret isn't base64: {error}") from error
    if len(secret) < _MIN_SECRET:
        raise ConfigurationError(f"{path}: a secret of {len(secret)} octets is too short (RFC 8945 §8)")
    return dns.tsig.Key(dns.name.from_text(values["name"]), secret, algorithm)


def algorithm_name(key: dns.tsig.Key) -> str:
    """The algorithm of a key as configurations of name servers spell it."""
    return next(name for name, algorithm in ALGORITHMS.items() if algorithm == key.algorithm)
