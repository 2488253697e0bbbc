# SPDX-License-Identifier: Apache-2.0
"""Tokens for programs that manage what the SMP publishes. Only a token's hash is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.audit.events import record
from registry.errors import UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import tokens

_PREFIX = "edr_"
_MAX_LENGTH = 200
_UNKNOWN = "the token is not known"
MANAGEMENT = ("native", "phoss", "domismp")
"""How a program may speak to the management listener: our way, or that of the product that it was written for."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: writing in one domain, or in every one (`domain_id` None)."""

    name: str
    domain_id: int | None
    management: str = MANAGEMENT[0]

    def allows(self, domain_id: int) -> bool:
        """Whether its bearer may write in a domain."""
        return self.domain_id is None or self.domain_id == domain_id


def create_token(
    database: Database,
    actor: Actor,
    name: str,
    *,
    domain_id: int | None = None,
    lasts: timedelta | None = None,
    management: str = MANAGEMENT[0],
) -> str:
    """Make a token and return it; it can't be shown again.

    `management` is one of `MANAGEMENT`. Raises ValidationError for a name or a way of management that can't be used,
    AlreadyExistsError for a name that is taken.
    """
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise ValidationError.of("TOKEN-NAME", "a token's name has 1 to 64 printable characters")
    if management not in MANAGEMENT:
        raise ValidationError.of("TOKEN-MANAGEMENT", f"a token's way of management is one of {', '.join(MANAGEMENT)}")
    secret = _PREFIX + secrets.token_urlsafe(32)
    with database.write(actor) as work:
        expires_at = None if lasts is None else work.now + lasts
        tokens.add(work, name, _hash(secret), domain_id, expires_at, management)
        ends = expires_at and expires_at.isoformat()
        after = {"name": name, "domain_id": domain_id, "expires_at": ends, "management": management}
        record(work, "accounts:token:create", f"token:{name}", domain_id=domain_id, after=after)
    return secret


def authenticate(database: Database, secret: str, at: datetime, *, name: str | None = None) -> Grant:
    """What a token allows at a moment; with `name` only the token of that name is meant.

    Raises UnauthorizedError for an unknown, revoked or expired one. One with another name counts as unknown: nobody
    learns which names there are.
    """
    if not secret or len(secret) > _MAX_LENGTH:
        raise UnauthorizedError(_UNKNOWN)
    with database.read() as connection:
        found = tokens.by_hash(connection, _hash(secret))
    if found is None:
        raise UnauthorizedError(_UNKNOWN)
    if name is not None and not hmac.compare_digest(name.encode(), found.name.encode()):
        raise UnauthorizedError(_UNKNOWN)
    if found.expires_at is not None and found.expires_at <= at:
        raise UnauthorizedError(f"the token {found.name!r} has expired")
    return Grant(found.name, found.domain_id, found.management)


def _hash(secret: str) -> str:
    # A token has 256 random bits, so one round of a fast hash is enough; nobody can search that space.
    return hashlib.sha256(secret.encode()).hexdigest()
