# SPDX-License-Identifier: Apache-2.0
"""Clients of an SML that tell who they are in headers, as proxies do, and as those do who only say so."""

import base64
import ssl
from collections.abc import Mapping
from urllib.parse import quote

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.sml.client import SmlClient


class _Telling(httpx2.BaseTransport):
    """Adds headers to each request, also several of one name."""

    def __init__(self, headers: list[tuple[str, str]], context: ssl.SSLContext | None, source: str | None) -> None:
        self._headers = headers
        self._inner = httpx2.HTTPTransport(verify=context or False, local_address=source)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it with them."""
        request.headers = httpx2.Headers([*request.headers.multi_items(), *self._headers])
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def telling_client(
    base: str, *headers: tuple[str, str], context: ssl.SSLContext | None = None, source: str | None = None
) -> SmlClient:
    """A client of the SML at `base` that sends these headers along; from the address `source`, if it matters."""
    return SmlClient(f"{base}/edelivery-sml", None, transport=_Telling(list(headers), context, source))


def told(certificate: x509.Certificate) -> Mapping[str, tuple[str, str]]:
    """The header that tells a certificate, by the name of its form."""
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    names = f"subject={certificate.subject.rfc4514_string()}&issuer={certificate.issuer.rfc4514_string()}"
    return {
        "rfc9440": ("Client-Cert", f":{der}:"),
        "ec-names": ("Client-Cert", f"sno={certificate.serial_number:016x}&{names}"),
        "ssl-client-cert": ("SSLClientCert", quote(certificate.public_bytes(Encoding.PEM).decode())),
    }
