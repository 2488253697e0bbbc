# SPDX-License-Identifier: Apache-2.0
"""`/accounts/{account}/credentials`: how an account can prove who it is. No secret is ever shown but a new password."""

from typing import Annotated

from pydantic import Field

from registry.accounts.accounts import existing_account
from registry.accounts.credentials import (
    add_certificate,
    list_credentials,
    remove_credential,
    reset_password,
    set_password,
)
from registry.api.v1.accounts import ACCOUNT, READ, WRITE, AccountId
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.publishers import Pem, read_pem
from registry.api.v1.routing import Resource, url
from registry.errors import NotFoundError
from registry.storage.queries.credentials import CredentialRow

resource = Resource("credentials", "How accounts can prove who they are.")
_CREDENTIALS = f"{ACCOUNT}/credentials"
_CREDENTIAL = f"{_CREDENTIALS}/{{credential}}"
Password = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00]*$", description="Twelve or more.")]
CredentialId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a credential.")]


class CredentialModel(Model):
    """A way to prove who one is, without what is secret of it."""

    id: int
    kind: Annotated[str, Field(description="password, oidc or certificate.")]
    label: Annotated[str, Field(description="The subject of a certificate, the address of a provider.")]
    must_change: Annotated[bool, Field(description="Whether the password has to be changed at the next login.")]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None


class NewPassword(Model):
    """A password that an administrator sets."""

    password: Password


class OneTimePassword(Model):
    """A password that has to be changed at the first login. It can't be shown again."""

    password: str


class NewCertificate(Model):
    """A client certificate of an account."""

    certificate: Pem
    label: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""


@resource.get(_CREDENTIALS, READ, {200: Page[CredentialModel]})
def list_account_credentials(
    call: Call, account: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[CredentialModel]:
    """List how an account can prove who it is."""
    (after,) = read_cursor(cursor, int) or (0,)
    rows = [row for row in _held(call, account) if row.id > after]
    part, following = paged(rows[: limit + 1], limit, lambda row: (row.id,))
    return Page[CredentialModel](items=[_shown(row) for row in part], next_cursor=following)


@resource.get(_CREDENTIAL, READ, {200: CredentialModel})
def read_credential(call: Call, account: AccountId, credential: CredentialId) -> CredentialModel:
    """Read one of them."""
    return _shown(_one(call, account, credential))


@resource.delete(_CREDENTIAL, WRITE, {204: None})
def delete_credential(call: Call, account: AccountId, credential: CredentialId) -> None:
    """Take a password, a certificate or an identity at a provider away; sessions of the account end."""
    held = _shown(_one(call, account, credential))
    call.match(lambda: held)
    remove_credential(call.context.database, call.actor, account, credential)


@resource.put(f"{ACCOUNT}/password", WRITE, {204: None}, alone=True)
def put_password(call: Call, account: AccountId, new: NewPassword) -> None:
    """Set a password, which has to be changed at the first login; sessions of the account end."""
    set_password(call.context.database, call.actor, account, new.password)


@resource.post(f"{ACCOUNT}/password/reset", WRITE, {200: OneTimePassword}, alone=True)
def reset_account_password(call: Call, account: AccountId) -> OneTimePassword:
    """Set a random password, which has to be changed at the first login; sessions of the account end."""
    return OneTimePassword(password=reset_password(call.context.database, call.actor, account))


@resource.post(f"{ACCOUNT}/certificates", WRITE, {201: CredentialModel})
def add_client_certificate(call: Call, account: AccountId, new: NewCertificate) -> Answer:
    """Let an account come with a client certificate, until that expires."""
    read_pem(new.certificate, "#/certificate")
    row = add_certificate(call.context.database, call.actor, account, new.certificate.encode(), new.label)
    return Answer(_shown(row), headers={"location": url(_CREDENTIAL, str(account), str(row.id))})


def _held(call: CallState, account: int) -> list[CredentialRow]:
    with call.context.database.read() as connection:
        existing_account(connection, account)
    return list_credentials(call.context.database, account)


def _one(call: CallState, account: int, credential: int) -> CredentialRow:
    for row in _held(call, account):
        if row.id == credential:
            return row
    raise NotFoundError("the account has no such credential")


def _shown(row: CredentialRow) -> CredentialModel:
    return CredentialModel(
        id=row.id,
        kind=row.kind,
        label=row.label,
        must_change=row.must_change,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
