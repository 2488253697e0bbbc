# SPDX-License-Identifier: Apache-2.0
"""Values of settings: addresses to listen on, lists, and secrets in files."""

import ipaddress
import stat
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

_OTHERS = stat.S_IROTH | stat.S_IWOTH


class Bind(NamedTuple):
    """An address to listen on. Port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From HOST:PORT or [IPV6]:PORT. Raises `ValueError`."""
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            ipaddress.IPv6Address(host)
        elif ":" in host:
            raise ValueError(f"an IPv6 address needs brackets: [{host}]:{port}")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError(f"expected HOST:PORT, such as 127.0.0.1:8080, got {text!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def is_private(self) -> bool:
        """Whether only programs on this machine or in its own networks can reach it; a name may be anything."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return self.is_loopback
        return address.is_loopback or (address.is_private and not address.is_unspecified)


def _parse_bind(value: Any) -> Any:
    return Bind.parse(value) if isinstance(value, str) else value


BindField = Annotated[Bind, NoDecode, BeforeValidator(_parse_bind)]


def split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def read_secret(path: Path) -> str:
    """The text of a file that others can neither read nor write, without the line's end. Raises `ValueError`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is no file")
        if path.stat().st_mode & _OTHERS:
            raise ValueError(f"everybody on this machine may read or change {path}; chmod o-rwx it")
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    if not text:
        raise ValueError(f"{path} is empty")
    return text


def with_password(url: str, password: str) -> str:
    """A database URL with this password, which it must not have yet. Raises `ValueError`."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not (at and user) or ":" in user:
        raise ValueError("REGISTRY_DATABASE_PASSWORD_FILE needs a REGISTRY_DATABASE_URL with a user and no password")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))
