# SPDX-License-Identifier: Apache-2.0
"""Evidence from the web, each kind within bounds of its own.

CRLs, OCSP responses and certificates of issuers are fetched over plain http, as the standards have it (RFC 5280
§4.2.1.13, RFC 6960 A.1), and lists are where lists of lists point to. SAML metadata and statements of federations are
asked for by https only (OpenID Federation 1.0 §9).
"""

import ssl
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from trust_lists.certificates.revocation.crl import MAX_CRL_BYTES
from trust_lists.certificates.revocation.ocsp import MAX_OCSP_BYTES
from trust_lists.errors import SourceError
from trust_lists.evaluation.trust_configuration.certificate_files import MAX_FILE_BYTES
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.sources.fetching import WebSource
from trust_lists.sources.ports import Source
from trust_lists.sources.web import Asked, Limits, Web
from trust_lists.xml import MAX_LIST_BYTES

MAX_STATEMENT_BYTES = 1_000_000
_MAX_BYTES = {
    Kind.CRL: MAX_CRL_BYTES,
    Kind.OCSP: MAX_OCSP_BYTES,
    Kind.ISSUER: MAX_FILE_BYTES,
    Kind.SAML_METADATA: MAX_LIST_BYTES,
    Kind.STATEMENT: MAX_STATEMENT_BYTES,
}
_PLAIN_HTTP = frozenset({Kind.CRL, Kind.OCSP, Kind.ISSUER})
_ACCEPT = {
    Kind.CRL: "application/pkix-crl, */*;q=0.5",
    Kind.OCSP: "application/ocsp-response",
    Kind.ISSUER: "application/pkix-cert, application/pkcs7-mime, */*;q=0.5",
    Kind.SAML_METADATA: "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.5",
    Kind.STATEMENT: "application/entity-statement+jwt",
}
LIMITS = Limits(max_bytes=MAX_CRL_BYTES, tries=2, total_seconds=120)


class WebFetcher:
    """A `Fetcher` over HTTP; close it, or use it with `with`."""

    def __init__(
        self,
        addresses: AddressPolicy | None = None,
        limits: Limits = LIMITS,
        *,
        plain_http: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`plain_http` lets everything be asked for without TLS: for networks of one's own."""
        self._limits = limits
        self._plain_http = plain_http
        self._web = Web(limits, addresses, tls=tls)
        self._lists = WebSource(limits, addresses, tls=tls)

    @property
    def lists(self) -> Source:
        """See `Fetcher`."""
        return self._lists

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        """See `Fetcher`; lists are the `Source`'s to fetch.

        Raises SourceError with the reasons of `Web.ask`, and FETCH_PLAIN_HTTP, FETCH_EMPTY.
        """
        if _scheme(url) == "http" and kind not in _PLAIN_HTTP and not self._plain_http:
            raise SourceError("FETCH_PLAIN_HTTP", f"{url} would be asked without TLS")
        headers = {"Accept": _ACCEPT[kind]}
        if body is not None:
            headers["Content-Type"] = "application/ocsp-request"
        bounds = replace(self._limits, max_bytes=min(_MAX_BYTES[kind], self._limits.max_bytes))
        data = self._web.ask(Asked(url, headers, body), bounds).data
        if not data:
            raise SourceError("FETCH_EMPTY", f"the server of {url} has an empty document")
        return data

    def close(self) -> None:
        """Closes the connections."""
        self._web.close()
        self._lists.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""
