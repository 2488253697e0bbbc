# SPDX-License-Identifier: Apache-2.0
"""Tokens of programs; only their hashes are known here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import token
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that exists and isn't revoked; `domain_id` None means every domain."""

    id: int
    name: str
    domain_id: int | None
    expires_at: datetime | None
    management: str


def add(
    work: UnitOfWork, name: str, sha256: str, domain_id: int | None, expires_at: datetime | None, management: str
) -> int:
    """Insert a token by its hash. Raises AlreadyExistsError when the name is taken."""
    values = {
        "name": name,
        "token_sha256": sha256,
        "domain_id": domain_id,
        "created_at": work.now,
        "expires_at": expires_at,
        "management": management,
    }
    try:
        return int(work.connection.execute(insert(token).values(values).returning(token.c.id)).scalar_one())
    except IntegrityError as error:
        raise AlreadyExistsError(f"a token named {name!r} exists already") from error


def by_hash(connection: Connection, sha256: str) -> TokenRow | None:
    """The unrevoked token with this hash, expired or not."""
    columns = (token.c.id, token.c.name, token.c.domain_id, token.c.expires_at, token.c.management)
    row = connection.execute(
        select(*columns).where(token.c.token_sha256 == sha256, token.c.revoked_at.is_(None))
    ).first()
    return None if row is None else TokenRow(*row)
