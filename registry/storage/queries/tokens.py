# SPDX-License-Identifier: Apache-2.0
"""Tokens of programs and people; only their hashes are known here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import token
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as stored; `domain_id` None means every domain, `account_id` None that nobody's account has it.

    `replaced_until` is when the secret ends that it had before its present one.
    """

    id: int
    name: str
    account_id: int | None
    role: str
    domain_id: int | None
    management: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_until: datetime | None
    last_used_at: datetime | None


_COLUMNS = [token.c[name] for name in TokenRow.__dataclass_fields__]


def add(
    work: UnitOfWork,
    name: str,
    sha256: str,
    *,
    account_id: int | None,
    role: str,
    domain_id: int | None,
    management: str,
    expires_at: datetime | None,
) -> TokenRow:
    """Insert a token by its hash. Raises AlreadyExistsError when the name is taken."""
    values = {
        "name": name,
        "token_sha256": sha256,
        "account_id": account_id,
        "role": role,
        "domain_id": domain_id,
        "management": management,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    try:
        return TokenRow(*work.connection.execute(insert(token).values(values).returning(*_COLUMNS)).one())
    except IntegrityError as error:
        raise AlreadyExistsError(f"a token named {name!r} exists already") from error


def by_id(connection: Connection, token_id: int) -> TokenRow | None:
    """One token, whatever its state."""
    row = connection.execute(select(*_COLUMNS).where(token.c.id == token_id)).first()
    return None if row is None else TokenRow(*row)


def by_name(connection: Connection, name: str) -> TokenRow | None:
    """The token of that name, whatever its state."""
    row = connection.execute(select(*_COLUMNS).where(token.c.name == name)).first()
    return None if row is None else TokenRow(*row)


def lock(work: UnitOfWork, token_id: int) -> TokenRow | None:
    """One token, which nobody else changes before the end of this transaction."""
    row = work.connection.execute(select(*_COLUMNS).where(token.c.id == token_id).with_for_update()).first()
    return None if row is None else TokenRow(*row)


def page(connection: Connection, after_id: int, size: int, *, account_id: int | None = None) -> list[TokenRow]:
    """Up to `size` tokens with ids after `after_id`, of one account or of all; revoked ones, too."""
    query = select(*_COLUMNS).where(token.c.id > after_id).order_by(token.c.id).limit(size)
    if account_id is not None:
        query = query.where(token.c.account_id == account_id)
    return [TokenRow(*row) for row in connection.execute(query)]


def replace(
    work: UnitOfWork, token_id: int, sha256: str, *, replaced_until: datetime | None, expires_at: datetime | None
) -> None:
    """Give a token another secret; the one before is good until `replaced_until`, or no more."""
    c = token.c
    replaced = None if replaced_until is None else c.token_sha256
    values = {"token_sha256": sha256, "replaced_sha256": replaced, "replaced_until": replaced_until}
    work.connection.execute(update(token).where(c.id == token_id).values(expires_at=expires_at, **values))


def revoke(work: UnitOfWork, token_id: int) -> None:
    """End a token."""
    work.connection.execute(update(token).where(token.c.id == token_id).values(revoked_at=work.now))


def rename(work: UnitOfWork, token_id: int, name: str) -> None:
    """Give a token another name."""
    work.connection.execute(update(token).where(token.c.id == token_id).values(name=name))


def used(work: UnitOfWork, token_id: int) -> None:
    """Note that it was used now."""
    work.connection.execute(update(token).where(token.c.id == token_id).values(last_used_at=work.now))
