# SPDX-License-Identifier: Apache-2.0
"""Which URLs a lookup will ask: absolute, http or https, with a host, without credentials, query or fragment.

The URLs come from DNS and from documents, so they are strangers' input: nothing else may reach the fetcher.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

MAX_URL: Final = 2048  # characters

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")  # RFC 3986 §2; urlsplit drops others


class UrlError(ValueError):
    """The URL may not be asked; the text says why."""


def check_url(url: str, schemes: Collection[str], *, query_allowed: bool = False) -> str:
    """Give the URL back if it may be asked, else raise UrlError."""
    if not url or len(url) > MAX_URL or not _CHARACTERS.fullmatch(url):
        raise UrlError("it is empty, too long, or holds characters that no URL has")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UrlError(f"it is malformed ({error})") from None
    if parts.scheme.lower() not in schemes:
        raise UrlError(f"its scheme must be {' or '.join(sorted(schemes))}")
    if not parts.hostname:
        raise UrlError("it names no host")
    if "@" in parts.netloc:
        raise UrlError("it holds credentials")
    if "#" in url:
        raise UrlError("it has a fragment")
    if "?" in url and not query_allowed:
        raise UrlError("it has a query, so no path can be appended")
    return url
