# SPDX-License-Identifier: Apache-2.0
"""Who calls: a token, as bearer (RFC 6750) or as the password beside its name (RFC 7617).

Clients of other SMPs know user names with passwords, and access tokens with an id; ours stand in both places.
"""

import base64
import binascii
from collections.abc import Mapping

from registry.accounts.tokens import Grant, authenticate
from registry.errors import UnauthorizedError
from registry.storage.engine import Database

_NEEDED = "a token is needed: Authorization: Bearer …"
_UNKNOWN = "the token is not known"


def grant_of(database: Database, headers: Mapping[bytes, bytes]) -> Grant:
    """What the caller may do. Raises UnauthorizedError where no token is sent, or none that is good."""
    scheme, _, sent = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    match scheme.lower():
        case "bearer":
            return authenticate(database, sent.strip(), database.now())
        case "basic":
            name, secret = _name_and_password(sent.strip())
            return authenticate(database, secret, database.now(), name=name)
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
