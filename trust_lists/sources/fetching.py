# SPDX-License-Identifier: Apache-2.0
"""Lists from the web, within the bounds of `web`, and of no other kind than lists.

- Servers answer with error pages and PDF files: each has a reason of its own.
- A list is protected by its signature, so locations over plain http, which the list of lists has some of, are fetched.
- Where TLS fails nothing is fetched, unless whoever asks accepts it: then a warning says so (TS 119 615 GPR-4.0-03).
- The `.sha2` file beside a list (TS 119 612 §6.1) saves a download and authenticates nothing.
"""

import base64
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.ports import Doubt, Fetched, Known, refuse_no_list
from trust_lists.sources.web import Answer, Asked, Limits, Web

__all__ = ["Limits", "WebSource"]

_ACCEPT = "application/vnd.etsi.tsl+xml, application/xml, text/xml, application/jose, application/json;q=0.9, */*;q=0.5"
_EXTENSION = re.compile(r"\.[^./]+$")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{64}(?=\s|$)")
_DIGEST_FILE_BYTES = 1024


class WebSource:
    """A `Source` over HTTP, for any number of threads; close it, or use it with `with`."""

    def __init__(
        self,
        limits: Limits | None = None,
        addresses: AddressPolicy | None = None,
        *,
        accept_failed_tls: bool = False,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = Web(
            limits,
            addresses,
            accept_failed_tls=accept_failed_tls,
            tls=tls,
            transport=transport,
            wait=wait,
            clock=clock,
        )

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        """See `Source`.

        Raises SourceError with the reasons of `Web.ask`, and FETCH_EMPTY, FETCH_HTML, FETCH_PDF.
        """
        limits, start = self._web.limits, self._web.clock()
        # who sends an ETag needs no second request
        hint = known is not None and known.digest_file and not (known.etag or known.last_modified)
        if known is not None and hint:
            if self._digest_told(url, limits) == known.sha256:
                return Fetched(None, url, doubts=_of_scheme(url))
            limits = replace(limits, total_seconds=limits.total_seconds - (self._web.clock() - start))
        headers = {"Accept": _ACCEPT}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        return _list(self._web.ask(Asked(url, headers, look=refuse_no_list), limits), known)

    def close(self) -> None:
        """Closes the connections."""
        self._web.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _digest_told(self, url: str, limits: Limits) -> str:
        """What the `.sha2` file says, as lower-case hexadecimal; "" where it says nothing that can be read."""
        try:
            parts = urlsplit(url)
            beside = parts._replace(path=_EXTENSION.sub("", parts.path) + ".sha2", query="", fragment="").geturl()
            bounds = replace(limits, max_bytes=_DIGEST_FILE_BYTES, redirections=0, tries=1)
            return _digest(self._web.ask(Asked(beside), bounds).data)
        except (SourceError, ValueError):
            return ""


def _list(answer: Answer, known: Known | None) -> Fetched:
    url, doubts = answer.location, _of_tls(answer)
    if answer.status == 304 and known is not None:
        return Fetched(None, url, known.etag, known.last_modified, _of_scheme(url) + doubts)
    if answer.status == 304:
        raise SourceError("FETCH_STATUS", f"the server of {url} answers with status 304")
    found = refuse_no_list(answer.data, answer.headers.get("content-type", "")) + _of_scheme(url)
    etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return Fetched(answer.data, url, etag, modified, found + doubts)


def _of_scheme(url: str) -> tuple[Doubt, ...]:
    if urlsplit(url).scheme == "https":
        return ()
    return (Doubt("OWN_WARNING_NOT_HTTPS", f"{url} is fetched over plain http"),)


def _of_tls(answer: Answer) -> tuple[Doubt, ...]:
    if not answer.tls_problem:
        return ()
    text = f"fetched although TLS could not be verified: {answer.tls_problem}"
    return (Doubt("OWN_WARNING_HTTPS_NOT_VERIFIED", text),)


def _digest(data: bytes) -> str:
    """The digest of a `.sha2` file, which are found as 32 bytes, as hexadecimal and as base64."""
    if len(data) == 32:
        return data.hex()
    if match := _HEXADECIMAL.match(data.strip()):
        return match[0].decode().lower()
    try:
        binary = base64.b64decode(data.strip(), validate=True)
    except ValueError:
        return ""
    return binary.hex() if len(binary) == 32 else ""
