# SPDX-License-Identifier: Apache-2.0
"""Who calls: by a token, as bearer (RFC 6750) or as a password (RFC 7617), or by the client certificate of TLS.

Clients of other SMPs know user names with passwords, and access tokens with an id: a token of ours stands in both
places, beside its own name or that of its account. What is in a header counts before what TLS says.
"""

import base64
import binascii
import ssl
from collections.abc import Mapping
from typing import Any

from registry.accounts.authentication import Authenticator
from registry.accounts.permissions import Principal
from registry.errors import UnauthorizedError

_NEEDED = "a token is needed: Authorization: Bearer …"
_UNKNOWN = "the token is not known"


def principal_of(
    authenticator: Authenticator, headers: Mapping[bytes, bytes], scope: Mapping[str, Any] | None = None
) -> Principal:
    """Who calls; `scope` is the ASGI scope, for its TLS extension.

    Raises UnauthorizedError where nothing is sent that tells, or nothing that is good.
    """
    scheme, _, sent = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    match scheme.lower():
        case "bearer":
            return authenticator.by_token(sent.strip())
        case "basic":
            name, secret = _name_and_password(sent.strip())
            return authenticator.by_token(secret, name=name)
        case "" if (certificate := _client_certificate(scope or {})) is not None:
            return authenticator.by_certificate(certificate)
        case _:
            raise UnauthorizedError(_NEEDED)


def _name_and_password(sent: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(sent, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise UnauthorizedError(_UNKNOWN) from error
    # Our secrets have no colon, names may have: what RFC 7617 §2 can't say for user names is read all the same.
    name, _, secret = text.rpartition(":")
    return name, secret


def _client_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """The certificate of the TLS connection (ASGI TLS extension), in DER."""
    chain = ((scope.get("extensions") or {}).get("tls") or {}).get("client_cert_chain") or ()
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None
