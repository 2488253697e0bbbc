# SPDX-License-Identifier: Apache-2.0
"""The ways in which accounts prove who they are, and how often a name was tried in vain."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import account, credential, login_failure
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert

PASSWORD = "password"  # noqa: S105  # what it is, not one
OIDC = "oidc"
CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential without its secret."""

    id: int
    account_id: int
    kind: str
    label: str
    must_change: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class PasswordRow:
    """An account that may log in with a password, and the hash of that."""

    account_id: int
    name: str
    hash: str
    must_change: bool


@dataclass(frozen=True, slots=True)
class FailureRow:
    """How often in a row a name was tried, and until when nobody may try it again."""

    failures: int
    locked_until: datetime | None


_COLUMNS = [credential.c[name] for name in CredentialRow.__dataclass_fields__]
_PASSWORD = select(credential.c.account_id, account.c.name, credential.c.secret, credential.c.must_change).where(
    credential.c.account_id == account.c.id, credential.c.kind == PASSWORD, account.c.state == "active"
)


def add(
    work: UnitOfWork, account_id: int, kind: str, lookup: str, label: str, expires_at: datetime | None = None
) -> CredentialRow:
    """Insert an OIDC identity or a certificate. Raises AlreadyExistsError where somebody has it."""
    values = {
        "account_id": account_id,
        "kind": kind,
        "lookup": lookup,
        "label": label,
        "must_change": False,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    try:
        row = work.connection.execute(insert(credential).values(values).returning(*_COLUMNS)).one()
    except IntegrityError as error:
        raise AlreadyExistsError(f"this {kind} credential belongs to an account already") from error
    return CredentialRow(*row)


def set_password(work: UnitOfWork, account_id: int, secret: str, *, must_change: bool) -> None:
    """Give an account a password, instead of the one that it may have."""
    c = credential.c
    of_account = (c.account_id == account_id, c.kind == PASSWORD)
    changed = {"secret": secret, "must_change": must_change, "created_at": work.now}
    if work.connection.execute(update(credential).where(*of_account).values(changed)).rowcount == 0:
        values = {"account_id": account_id, "kind": PASSWORD, "label": ""} | changed
        work.connection.execute(insert(credential).values(values))


def password_by_name(connection: Connection, name_key: str) -> PasswordRow | None:
    """The password of an active account by its case-folded name."""
    row = connection.execute(_PASSWORD.where(account.c.name_key == name_key)).first()
    return None if row is None else PasswordRow(*row)


def password_of(connection: Connection, account_id: int) -> PasswordRow | None:
    """The password of an active account."""
    row = connection.execute(_PASSWORD.where(account.c.id == account_id)).first()
    return None if row is None else PasswordRow(*row)


def account_of(connection: Connection, kind: str, lookup: str) -> int | None:
    """Whose credential this is."""
    c = credential.c
    found = connection.execute(select(c.account_id).where(c.kind == kind, c.lookup == lookup)).scalar()
    return None if found is None else int(found)


def of_account(connection: Connection, account_id: int) -> list[CredentialRow]:
    """Every credential of an account, oldest first."""
    query = select(*_COLUMNS).where(credential.c.account_id == account_id).order_by(credential.c.id)
    return [CredentialRow(*row) for row in connection.execute(query)]


def used(work: UnitOfWork, kind: str, *, account_id: int | None = None, lookup: str | None = None) -> None:
    """Note that it was used now: an account's password, or what has this `lookup`."""
    c = credential.c
    which = c.account_id == account_id if lookup is None else c.lookup == lookup
    work.connection.execute(update(credential).where(c.kind == kind, which).values(last_used_at=work.now))


def remove(work: UnitOfWork, credential_id: int) -> None:
    """Delete one credential."""
    work.connection.execute(delete(credential).where(credential.c.id == credential_id))


def remove_all(work: UnitOfWork, account_id: int) -> None:
    """Delete every credential of an account."""
    work.connection.execute(delete(credential).where(credential.c.account_id == account_id))


def failures(work: UnitOfWork, name_sha256: str) -> FailureRow:
    """How a name stands; no other transaction counts for it before the end of this one."""
    f = login_failure
    new = {"name_sha256": name_sha256, "failures": 0, "last_at": work.now}
    # Makes the row that is locked then, or two first attempts at once would both be the first.
    statement = upsert(work.connection, f).values(new)
    statement = statement.on_conflict_do_update(index_elements=["name_sha256"], set_={"last_at": work.now})
    row = work.connection.execute(statement.returning(f.c.failures, f.c.locked_until)).one()
    return FailureRow(*row)


def count_failure(work: UnitOfWork, name_sha256: str, failure: FailureRow) -> None:
    """Set how a name stands."""
    values = {"failures": failure.failures, "locked_until": failure.locked_until}
    work.connection.execute(update(login_failure).where(login_failure.c.name_sha256 == name_sha256).values(values))


def forget_failures(work: UnitOfWork, name_sha256: str) -> bool:
    """Let a name be tried as if it had never been; whether there was anything to forget."""
    statement = delete(login_failure).where(login_failure.c.name_sha256 == name_sha256)
    return bool(work.connection.execute(statement).rowcount)
