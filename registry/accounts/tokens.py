# SPDX-License-Identifier: Apache-2.0
"""Tokens for programs that manage what the SMP publishes. Only a token's hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.audit.events import record
from registry.errors import UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import tokens

_PREFIX = "edr_"
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: writing in one domain, or in every one (`domain_id` None)."""

    name: str
    domain_id: int | None

    def allows(self, domain_id: int) -> bool:
        """Whether its bearer may write in a domain."""
        return self.domain_id is None or self.domain_id == domain_id


def create_token(
    database: Database, actor: Actor, name: str, *, domain_id: int | None = None, lasts: timedelta | None = None
) -> str:
    """Make a token and return it; it can't be shown again.

    Raises ValidationError for a name that can't be used, AlreadyExistsError for one that is taken.
    """
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise ValidationError.of("TOKEN-NAME", "a token's name has 1 to 64 printable characters")
    secret = _PREFIX + secrets.token_urlsafe(32)
    with database.write(actor) as work:
        expires_at = None if lasts is None else work.now + lasts
        tokens.add(work, name, _hash(secret), domain_id, expires_at)
        after = {"name": name, "domain_id": domain_id, "expires_at": expires_at and expires_at.isoformat()}
        record(work, "accounts:token:create", f"token:{name}", domain_id=domain_id, after=after)
    return secret


def authenticate(database: Database, secret: str, at: datetime) -> Grant:
    """What a token allows at a moment. Raises UnauthorizedError for an unknown, revoked or expired one."""
    if not secret or len(secret) > _MAX_LENGTH:
        raise UnauthorizedError("the token is not known")
    with database.read() as connection:
        found = tokens.by_hash(connection, _hash(secret))
    if found is None:
        raise UnauthorizedError("the token is not known")
    if found.expires_at is not None and found.expires_at <= at:
        raise UnauthorizedError(f"the token {found.name!r} has expired")
    return Grant(found.name, found.domain_id)


def _hash(secret: str) -> str:
    # A token has 256 random bits, so one round of a fast hash is enough; nobody can search that space.
    return hashlib.sha256(secret.encode()).hexdigest()
