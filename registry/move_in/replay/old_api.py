# SPDX-License-Identifier: Apache-2.0
"""Calls the interface of an old SMP over HTTP, with a name and a password, or what stands for them there.

The operator has named it. What it answers is bounded in size and time; HTTP redirects aren't followed, since they
would take the password elsewhere.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from registry.errors import ConfigurationError, TechnicalError, UnauthorizedError, ValidationError

_MAX_ANSWER_BYTES = 8_000_000
_SHOWN = 300
_DONE = frozenset({200, 201, 202, 204})
_NOT_THERE = 404


@dataclass(frozen=True, slots=True)
class OldAccess:
    """Where the interface of an old system is, and the file with what lets us in: one line, `NAME:PASSWORD`.

    `anchors` is a PEM file with who issued its server certificate, where that isn't somebody whom the system trusts.
    """

    base_url: str
    secret_file: Path
    anchors: Path | None = None

    def secret(self) -> tuple[str, str]:
        """Name and password. Raises ConfigurationError where the file can't be read or has none."""
        try:
            name, colon, password = self.secret_file.read_text().strip().partition(":")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.secret_file} can't be read: {error}") from error
        if not (name and colon and password):
            raise ConfigurationError(f"{self.secret_file} must have one line NAME:PASSWORD")
        return name, password

    def tls(self) -> ssl.SSLContext | None:
        """Whom to trust; None: as the system does. Raises ConfigurationError."""
        return None if self.anchors is None else context_of(self.anchors)


def context_of(anchors: Path) -> ssl.SSLContext:
    """A TLS context that trusts who is in a PEM file. Raises ConfigurationError."""
    try:
        return ssl.create_default_context(cafile=str(anchors))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{anchors} can't be used: {error}") from error


class OldApi:
    """An old SMP's REST interface; close it. Errors say what was asked, never the password."""

    def __init__(self, access: OldAccess, *, headers: Mapping[str, str] | None = None, timeout_s: float = 30.0) -> None:
        """Raises ConfigurationError for a file that can't be used."""
        self._base_url = access.base_url.rstrip("/")
        tls = access.tls()
        self._http = httpx2.Client(
            auth=access.secret(),
            headers={"Accept-Encoding": "identity", **(headers or {})},
            verify=True if tls is None else tls,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    def get(self, path: str) -> bytes | None:
        """What is at a path below the base URL; None where nothing is. Errors as those of `put`."""
        return self._send("GET", path)

    def put(self, path: str, body: bytes, **headers: str) -> None:
        """Put a document there.

        Raises UnauthorizedError where it lets us do nothing, ValidationError where it refuses this, TechnicalError
        where it gives no answer that says which.
        """
        if self._send("PUT", path, body, headers) is None:
            raise ValidationError.of("MOVE-IN-OLD-REFUSED", f"the old system doesn't know what PUT {path} is about")

    def delete(self, path: str) -> None:
        """Remove what is there; what isn't there already is no matter. Errors as those of `put`."""
        self._send("DELETE", path)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes | None:
        url, data = self._base_url + path, bytearray()
        sent = dict(headers or {}) | ({} if body is None else {"Content-Type": "text/xml; charset=utf-8"})
        try:
            with self._http.stream(method, url, content=body, headers=sent) as response:
                for chunk in response.iter_raw():
                    data += chunk
                    if len(data) > _MAX_ANSWER_BYTES:
                        raise TechnicalError(f"the old system's answer is longer than {_MAX_ANSWER_BYTES} bytes")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TechnicalError(f"the old system gave no answer: {type(error).__name__}: {error}") from error
        status = response.status_code
        if status in _DONE:
            return bytes(data)
        if status == _NOT_THERE:
            return None
        message = f"the old system answered {method} {path} with {status}: {_text(data)}"
        if status in {401, 403, 412}:  # phoss says 412 where its writable interface is off
            raise UnauthorizedError(message)
        if 400 <= status < 500:
            raise ValidationError.of("MOVE-IN-OLD-REFUSED", message)
        raise TechnicalError(message)


def _text(data: bytes | bytearray) -> str:
    return " ".join(bytes(data[:_SHOWN]).decode(errors="replace").split())
