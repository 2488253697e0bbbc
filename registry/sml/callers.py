# SPDX-License-Identifier: Apache-2.0
"""Finds out who calls the SML: by the TLS connection itself, or by what a proxy in front of it tells in a header.

A header is as good as who wrote it. It counts only in a form that is switched on, only from an address of a proxy, and
over TLS only where that proxy showed its own certificate; whatever contradicts that is refused, and what can't be read
is no certificate. Possession of the key was proved to the proxy: the certificate itself is judged like any other.

Forms (RFC 9440; sml.md §1.4; ecosystem.md §6.3), of which two share the name of their header:

- `rfc9440`: `Client-Cert: :<base64 of DER>:`; the chain in `Client-Cert-Chain` is never read.
- `ec-names`: `Client-Cert: sno=…&subject=…&validfrom=…&validto=…&issuer=…`, plain or URL-encoded. Names are no
  certificate: they choose one that is registered for an SMP, and that one is judged, its dates included.
- `ssl-client-cert`: `SSLClientCert` with PEM or base64 of DER, URL-encoded or with its lines folded.
"""

import base64
import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Literal
from urllib.parse import unquote, unquote_plus

import structlog
from cryptography import x509

from registry import telemetry
from registry.rates import NO_NETWORKS, Networks, Rates
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Caller
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES, fingerprint, load_certificate
from trust_lists.errors import CertificateError

Form = Literal["rfc9440", "ec-names", "ssl-client-cert"]
FORMS: Final[tuple[Form, ...]] = ("rfc9440", "ec-names", "ssl-client-cert")
Scope = MutableMapping[str, Any]

_HEADERS: Final[dict[bytes, tuple[Form, ...]]] = {
    b"client-cert": ("rfc9440", "ec-names"),
    b"sslclientcert": ("ssl-client-cert",),
}
_BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/]+={0,2}):")  # RFC 8941 §3.3.5; an empty one is no certificate
_FIELD = re.compile(r"(?:^|&)\s*(sno|subject|validfrom|validto|issuer|policy_oids)=", re.IGNORECASE)
_SERIAL = re.compile(r"(?:0x)?([0-9a-f]{1,42})")  # 20 octets and a sign (RFC 5280 §4.1.2.2)
_MAX_NAMES: Final = 8_192
_DATE: Final = r"[A-Za-z0-9 :,.+-]{0,40}"
_UNREAD: Final = {"validfrom": _DATE, "validto": _DATE, "policy_oids": r"[0-9., ]*"}
"""What nobody asks for mustn't hide anything: a second header, say, that a proxy has joined to one that it was sent."""

_logged = Rates(10, 200)  # a second, and at once: who forges many shall not fill the log
_EVERYBODY: Final = "0.0.0.0"  # noqa: S104 — the one client of this rate

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """What the names form tells: serial number in hexadecimal digits without zeros in front, and two names as text."""

    serial: str
    subject: str
    issuer: str


RegisteredAs = Callable[[CertificateNames], x509.Certificate | None]
"""The one certificate registered for an SMP that has these names; None where there is none, or more than one."""


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Which headers are believed, and of whom. Nothing is by default."""

    forms: frozenset[Form] = frozenset()
    networks: Networks = NO_NETWORKS
    certificates: frozenset[str] = frozenset()
    """SHA-256 of the certificates by which proxies are known that come over TLS; they are never a caller's."""


class CallerFinder:
    """Callable as `registry.sml.soap.CallerOf`. Does no IO, so that it may run in the event loop."""

    def __init__(self, rules: ProxyRules, registered_as: RegisteredAs) -> None:
        self._rules = rules
        self._registered_as = registered_as

    def __call__(self, scope: Scope, request_id: str) -> Caller:
        """Who calls; without a certificate where none was shown.

        Raises SmlError ERR-102 where a header comes from somebody who isn't believed, or isn't the only claim, or names
        nobody who is registered.
        """
        extensions = scope.get("extensions") or {}
        address = (scope.get("client") or ("",))[0]
        shown = _shown(extensions)
        claims = [claim for claim in _claims(scope) if self._is_on(*claim)]
        is_proxy = shown is not None and fingerprint(shown) in self._rules.certificates
        if claims:
            self._check_teller(extensions.get("peer") or address, claims, over_tls="tls" in extensions, proven=is_proxy)
            ((form, value),) = claims
            shown = self._told(form, value)
        elif is_proxy:
            shown = None  # its client showed none
        return Caller(shown, request_id, address)

    def _is_on(self, form: Form, value: str) -> bool:
        on = form in self._rules.forms
        if not on:
            _count(form, "switched off")
        return on and bool(value)  # an empty one is how a proxy says that there is no certificate

    def _check_teller(self, peer: str, claims: list[tuple[Form, str]], *, over_tls: bool, proven: bool) -> None:
        form = claims[0][0]
        if peer not in self._rules.networks:
            raise _refused(form, "not a proxy", f"{peer} is not a proxy whose word about a certificate counts")
        if over_tls and not proven:
            raise _refused(form, "not a proxy", "The proxy has to show its own certificate before its word counts")
        if len(claims) > 1:
            raise _refused(form, "ambiguous", f"One header has to tell the certificate, and there are {len(claims)}")

    def _told(self, form: Form, value: str) -> x509.Certificate | None:
        if form == "ec-names":
            names = read_names(value)
            found = self._registered_as(names) if names else None
            if names and not found:
                raise _refused(form, "unknown", "No registered certificate has this serial number, subject and issuer")
        else:
            found = read_byte_sequence(value) if form == "rfc9440" else read_pem_header(value)
        _count(form, "read" if found else "unreadable")
        return found


def read_byte_sequence(value: str) -> x509.Certificate | None:
    """The certificate of RFC 9440 §2.2; None for anything else, such as what a proxy sends that has no certificate."""
    matched = _BYTE_SEQUENCE.fullmatch(value)
    if not matched or len(value) > 2 * MAX_CERTIFICATE_BYTES:
        return None
    try:
        return load_certificate(base64.b64decode(matched[1], validate=True))
    except (CertificateError, ValueError):
        return None


def read_pem_header(value: str) -> x509.Certificate | None:
    """The certificate of `SSLClientCert`; None for anything else."""
    text = unquote(value) if "%" in value else value  # a plus sign is a digit of base64, and no blank
    try:
        return load_certificate(text.replace("\\n", "\n"))
    except CertificateError:
        return None


def read_names(value: str) -> CertificateNames | None:
    """The names of the names form; None where one is missing, empty or there twice: who writes a second issuer into
    his subject doesn't get another one.
    """
    if len(value) > _MAX_NAMES:
        return None
    text = value if _FIELD.match(value) else unquote_plus(value)
    before, *parts = _FIELD.split(text)
    fields: dict[str, str] = {}
    for name, told in zip(map(str.lower, parts[::2]), parts[1::2], strict=True):
        if name in fields:
            return None
        fields[name] = (unquote_plus(told) if "%" in told else told).strip()
    serial = _SERIAL.fullmatch(re.sub(r"[:\s]", "", fields.get("sno", "")).lower())
    subject, issuer = fields.get("subject"), fields.get("issuer")
    if before or not (serial and subject and issuer):
        return None
    if not all(re.fullmatch(form, fields.get(name, "")) for name, form in _UNREAD.items()):
        return None
    return CertificateNames(serial[1].lstrip("0") or "0", subject, issuer)


def _shown(extensions: MutableMapping[str, Any]) -> x509.Certificate | None:
    """The certificate of the TLS connection."""
    chain = (extensions.get("tls") or {}).get("client_cert_chain") or ()
    try:
        return load_certificate(chain[0]) if chain else None
    except CertificateError as error:
        raise SmlError(FaultKind.UNAUTHORIZED, 102, "The client certificate can't be read") from error


def _claims(scope: Scope) -> Iterator[tuple[Form, str]]:
    for name, value in scope["headers"]:
        forms = _HEADERS.get(name.lower())
        if forms:
            text = value.decode("utf-8", "replace").strip()
            yield _form_of(forms, text), text


def _form_of(forms: tuple[Form, ...], value: str) -> Form:
    return forms[-1] if not value.startswith(":") else forms[0]


def _refused(form: Form, outcome: str, reason: str) -> SmlError:
    _count(form, outcome)
    if not _logged.take(_EVERYBODY, monotonic()):
        log.warning("sml_identity_refused", form=form, reason=reason)
    return SmlError(FaultKind.UNAUTHORIZED, 102, reason)


def _count(form: Form, outcome: str) -> None:
    telemetry.sml_identity_headers_total.labels(form, outcome).inc()
