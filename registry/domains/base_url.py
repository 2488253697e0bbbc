# SPDX-License-Identifier: Apache-2.0
"""The base URL of an SMP: what NAPTR records and hrefs begin with, and by which requests find their domain."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from registry.domains.host_name import is_host_name
from registry.errors import Reason, ValidationError
from registry.identifiers.text import ascii_lower, first_unfit, shorten

DEFAULT_PORTS = {"http": 80, "https": 443}
# As browsers read hosts: 127.1 and 0x7f000001 are addresses too, and no top-level domain is a number.
_IPV4 = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")
# RFC 3986 pchar without `!`, which delimits the expression of a NAPTR record.
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~:@$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The parts of a base URL; host in lower case, port only where it is not the scheme's own."""

    scheme: str
    host: str
    port: int | None
    path: str
    """Empty, or with a slash at its begin and none at its end."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port as clients send them in a Host header."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def parse_base_url(url: str, schemes: Collection[str] = ("http", "https")) -> BaseUrl:
    """Check and normalise an absolute URL without query and fragment; slashes at its end are dropped.

    Raises ValidationError with all reasons.
    """
    shown = shorten(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValidationError.of("BASE-URL-FORM", f"{shown} is no URL: {error}", "RFC 3986 §3") from error
    host = _host(parts.netloc, port)
    path = parts.path.rstrip("/")
    reasons = []
    if first_unfit(url):
        reasons.append(Reason("BASE-URL-FORM", f"{shown} has white space or control characters", "RFC 3986 §2"))
    if parts.scheme not in schemes:
        message = f"{shown} does not begin with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}"
        reasons.append(Reason("BASE-URL-SCHEME", message))
    if not (is_host_name(host) or _IPV6.fullmatch(host)):
        reasons.append(Reason("BASE-URL-HOST", f"{shown} has no host that can be used", "RFC 3986 §3.2.2"))
    if "@" in parts.netloc:
        reasons.append(Reason("BASE-URL-USER", f"{shown} holds a user name", "RFC 3986 §3.2.1"))
    if "?" in url or "#" in url:
        reasons.append(Reason("BASE-URL-QUERY", f"{shown} has a query or a fragment", "eDelivery BDXL 1.6"))
    if not all(_SEGMENT.fullmatch(part) and part not in {".", ".."} for part in path.split("/")[1:]):
        message = f"the path of {shown} has empty or dot segments, or characters that need percent-encoding"
        reasons.append(Reason("BASE-URL-PATH", message, "RFC 3986 §3.3"))
    if reasons:
        raise ValidationError(reasons)
    return BaseUrl(parts.scheme, host, None if port == DEFAULT_PORTS[parts.scheme] else port, path)


def check_https_443(url: str) -> Reason | None:
    """Why `url` isn't where an SMP of a network with this rule may be: at a DNS name, by https, on port 443.

    Says nothing of the rest of the URL. It is about SMPs, never about endpoints.
    """
    try:
        parts = urlsplit(url)
        host = _host(parts.netloc, parts.port).removesuffix(".")
        good = parts.scheme == "https" and parts.port in {None, 443}
    except ValueError:
        good = False
    if good and is_host_name(host) and not _IPV4.fullmatch(host):
        return None
    message = f"{shorten(url)} is not at a DNS name by https on port 443, where SMPs of this domain have to be"
    return Reason("SMP-HTTPS-443", message, "Peppol SMP 1.4.0 §3.1")


def _host(netloc: str, port: int | None) -> str:
    """Without user and port, in lower case; an IPv6 address keeps its brackets."""
    host = ascii_lower(netloc.rpartition("@")[2]).removesuffix(":")
    return host if port is None else host.rpartition(":")[0]
