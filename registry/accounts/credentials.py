# SPDX-License-Identifier: Apache-2.0
"""How accounts prove who they are: passwords, client certificates, identities at an OIDC provider.

There is no password that nobody chose: what an administrator sets has to be changed at the first login.
"""

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from registry import telemetry
from registry.accounts.accounts import Kind, active_account, audited, existing_account, new_account, revise_account
from registry.accounts.lockout import begin_attempt, forget_attempts
from registry.accounts.names import audit_name, name_key, name_reasons, text_reasons
from registry.accounts.passwords import check_password, hash_password, matches, one_time_password
from registry.audit.events import record
from registry.errors import NotFoundError, UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts, credentials, sessions
from registry.storage.queries.accounts import AccountRow
from registry.storage.queries.credentials import CredentialRow
from registry.storage.unit_of_work import Connection, UnitOfWork
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

_MAX_LABEL = 200
_DELETED = {
    credentials.CERTIFICATE: "accounts:certificate:delete",
    credentials.OIDC: "accounts:oidc:delete",
    credentials.PASSWORD: "accounts:password:delete",
}


def set_password(database: Database, actor: Actor, account_id: int, password: str, *, must_change: bool = True) -> None:
    """Give a person a password; their sessions end, and a lock after failures, too.

    Raises NotFoundError, ConflictError for an account that isn't active, ValidationError with all reasons.
    """
    with database.read() as connection:
        account = existing_account(connection, account_id)
    if account.kind != Kind.PERSON:
        raise ValidationError.of("ACCOUNT-KIND", "a program has tokens or certificates, not a password")
    check_password(password, account.name)
    hash_ = hash_password(password)  # slow, so not inside the transaction
    with database.write(actor) as work:
        account = active_account(work, account_id)
        _store_password(work, account, hash_, must_change=must_change)


def reset_password(database: Database, actor: Actor, account_id: int) -> str:
    """As `set_password` with a random one, which is returned; it can't be shown again."""
    password = one_time_password()
    set_password(database, actor, account_id, password)
    return password


def change_own_password(database: Database, account_id: int, old: str, new: str) -> None:
    """Change a password by who knows it; every session of theirs ends, this one, too.

    Raises UnauthorizedError where `old` is wrong, TooManyRequestsError after too many such, ValidationError with all
    reasons against `new`.
    """
    with database.read() as connection:
        account = existing_account(connection, account_id)
        held = credentials.password_of(connection, account_id)
    actor = Actor(audited(account), telemetry.request_id.get())
    begin_attempt(database, actor, account.name)
    if not matches(None if held is None else held.hash, old):
        raise UnauthorizedError("the old password is wrong")
    if new == old:
        raise ValidationError.of("PASSWORD-SAME", "the new password is the old one")
    check_password(new, account.name)
    hash_ = hash_password(new)
    with database.write(actor) as work:
        _store_password(work, active_account(work, account_id), hash_, must_change=False)


def unlock_account(database: Database, actor: Actor, account_id: int) -> bool:
    """Let somebody log in at once who failed too often; whether they had failed at all. Raises NotFoundError."""
    with database.write(actor) as work:
        account = existing_account(work.connection, account_id)
        forgotten = forget_attempts(work, account.name)
        if forgotten:
            record(work, "accounts:account:unlock", audited(account))
        return forgotten


def add_certificate(
    database: Database, actor: Actor, account_id: int, certificate: bytes, label: str = ""
) -> CredentialRow:
    """Let an account come with a client certificate (PEM or DER), until that expires.

    Raises ValidationError for what is no certificate or has expired, AlreadyExistsError where an account has it,
    NotFoundError, ConflictError for an account that isn't active.
    """
    if len(label) > _MAX_LABEL or not label.isprintable():
        raise ValidationError.of("CREDENTIAL-LABEL", f"a label has at most {_MAX_LABEL} printable characters")
    try:
        parsed = load_certificate(certificate)
    except CertificateError as error:
        raise ValidationError.of("CREDENTIAL-CERTIFICATE", str(error)) from error
    ends: datetime = parsed.not_valid_after_utc
    if ends <= database.now():
        raise ValidationError.of("CREDENTIAL-CERTIFICATE", f"the certificate has expired on {ends:%Y-%m-%d}")
    fingerprint = certificate_lookup(parsed.public_bytes(Encoding.DER))
    shown = label or parsed.subject.rfc4514_string()[:_MAX_LABEL]
    with database.write(actor) as work:
        account = active_account(work, account_id)
        row = credentials.add(work, account_id, credentials.CERTIFICATE, fingerprint, shown, ends)
        after = {"id": row.id, "sha256": fingerprint, "expires_at": ends.isoformat()}
        record(work, "accounts:certificate:create", audited(account), after=after)
        return row


def remove_credential(database: Database, actor: Actor, account_id: int, credential_id: int) -> None:
    """Take a certificate, a password or an identity away from an account; its sessions end.

    Raises NotFoundError.
    """
    with database.write(actor) as work:
        account = existing_account(work.connection, account_id)
        held = {row.id: row for row in credentials.of_account(work.connection, account_id)}.get(credential_id)
        if held is None:
            raise NotFoundError(f"{account.name} has no credential with the number {credential_id}")
        credentials.remove(work, credential_id)
        sessions.revoke_all(work, account_id)
        record(work, _DELETED[held.kind], audited(account), before={"id": held.id})


def list_credentials(database: Database, account_id: int) -> list[CredentialRow]:
    """How an account can prove who it is, oldest first."""
    with database.read() as connection:
        return credentials.of_account(connection, account_id)


def person_of_oidc(
    work: UnitOfWork, *, issuer: str, subject: str, name: str, display_name: str = "", email: str = ""
) -> AccountRow:
    """The account of somebody at a provider, made at the first login; display name and address follow the provider.

    Found by issuer and subject alone. Where `name` is taken or can't be used, a number is put behind one that can.
    """
    lookup = _oidc_lookup(issuer, subject)
    display_name, email = _usable(display_name, email)
    held = credentials.account_of(work.connection, credentials.OIDC, lookup)
    if held is not None:
        account = existing_account(work.connection, held)
        credentials.used(work, credentials.OIDC, lookup=lookup)
        if account.state != "active":
            return account
        return revise_account(work, held, display_name=display_name, email=email)
    account = new_account(work, Kind.PERSON, _free_name(work, name), display_name, email)
    row = credentials.add(work, account.id, credentials.OIDC, lookup, issuer)
    record(work, "accounts:oidc:create", audit_name(account.kind, account.id, account.name), after={"id": row.id})
    return account


def find_person_of_oidc(connection: Connection, issuer: str, subject: str) -> int | None:
    """The number of the account of somebody at a provider."""
    return credentials.account_of(connection, credentials.OIDC, _oidc_lookup(issuer, subject))


def _oidc_lookup(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def certificate_lookup(der: bytes) -> str:
    """What a certificate is found by: its fingerprint, in hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def _store_password(work: UnitOfWork, account: AccountRow, hash_: str, *, must_change: bool) -> None:
    credentials.set_password(work, account.id, hash_, must_change=must_change)
    sessions.revoke_all(work, account.id)
    forget_attempts(work, account.name)
    record(work, "accounts:password:change", audited(account), after={"must_change": must_change})


def _usable(display_name: str, email: str) -> tuple[str, str]:
    """Without what we can't keep: a login must not fail for an odd name."""
    return ("" if text_reasons(display_name, "") else display_name), ("" if text_reasons("", email) else email)


def _free_name(work: UnitOfWork, name: str) -> str:
    wanted = "person" if name_reasons(name) else name[:100]
    number, free = 1, wanted
    while accounts.by_name(work.connection, name_key(free)) is not None:
        number += 1
        free = f"{wanted}-{number}"
    return free
