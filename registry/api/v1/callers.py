# SPDX-License-Identifier: Apache-2.0
"""Who calls: a bearer token (RFC 6750), a session cookie, or a client certificate; the first that is sent counts.

What a browser sends by itself (cookie, certificate) counts in a write only if the request came from our own pages:
Sec-Fetch-Site (W3C Fetch Metadata), or Origin where the browser is too old for it.
"""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from registry.accounts.authentication import PasswordChangeRequiredError
from registry.accounts.permissions import Principal
from registry.api.v1.context import Authenticating
from registry.api.v1.cookies import host_cookie, sent_cookie
from registry.errors import UnauthorizedError

SAFE = frozenset({"GET", "HEAD"})
NEEDED = "a token, a session or a client certificate is needed"
_COOKIE = "registry_session"


class ForeignPageError(UnauthorizedError):
    """The request was made by a page of somebody else (cross-site request forgery)."""


class UnknownCallerError(UnauthorizedError):
    """Nobody knows who calls."""


def session_cookie(scheme: str) -> str:
    """The name of the cookie; over TLS one that no other host and no plain page can set (RFC 6265bis §4.1.3.2)."""
    return host_cookie(_COOKIE, scheme)


def caller_of(
    authenticator: Authenticating,
    method: str,
    scheme: str,
    headers: Mapping[str, str],
    certificate: str | None,
    *,
    changes_password: bool = False,
) -> Principal:
    """The caller of a request; `certificate` is what TLS has, in PEM.

    Raises UnknownCallerError where no credential is good, ForeignPageError, and PasswordChangeRequiredError unless
    that is what the request `changes_password` for.
    """
    try:
        if "authorization" in headers:
            kind, _, secret = headers["authorization"].partition(" ")
            if kind.lower() != "bearer":
                raise UnknownCallerError(NEEDED)
            return authenticator.by_token(secret.strip())
        if secret := sent_cookie(headers.get("cookie", ""), session_cookie(scheme)):
            principal = authenticator.by_session(secret, changes_password=changes_password)
            own_page(method, headers, told=True)
            return principal
        if certificate is not None:
            principal = authenticator.by_certificate(ssl.PEM_cert_to_DER_cert(certificate))
            own_page(method, headers, told=False)
            return principal
    except (ForeignPageError, UnknownCallerError, PasswordChangeRequiredError):
        raise
    except UnauthorizedError as error:
        raise UnknownCallerError(str(error)) from error
    raise UnknownCallerError(NEEDED)


def own_page(method: str, headers: Mapping[str, str], *, told: bool) -> None:
    """Raises ForeignPageError; with `told` also where the request doesn't tell where it comes from."""
    if method in SAFE:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        own = site == "same-origin"
    elif origin is not None:
        own = urlsplit(origin).netloc == headers.get("host")
    else:
        own = not told  # programs with certificates send neither
    if not own:
        raise ForeignPageError("the request was not made by a page of this registry")
