# SPDX-License-Identifier: Apache-2.0
"""Accounts of people and programs: made, changed, disabled, erased. Each use case is one transaction with its event."""

import contextlib
from enum import StrEnum
from typing import Any

from registry.accounts.grants import keep_an_administrator
from registry.accounts.names import audit_name, erased_name, name_key, name_reasons, text_reasons
from registry.audit.events import record
from registry.audit.subjects import erase_subject
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts, credentials, grants, sessions, tokens
from registry.storage.queries.accounts import AccountRow
from registry.storage.unit_of_work import Connection, UnitOfWork

_EVERY = 1_000


class Kind(StrEnum):
    """A person logs in; a program has tokens or certificates."""

    PERSON = "person"
    PROGRAM = "program"


class State(StrEnum):
    """Only who is active may do anything. What was erased stays so."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ERASED = "erased"


def create_account(
    database: Database, actor: Actor, kind: Kind, name: str, *, display_name: str = "", email: str = ""
) -> AccountRow:
    """Make an account that may do nothing yet.

    Raises ValidationError with all reasons, AlreadyExistsError where the name is taken in whatever case.
    """
    with database.write(actor) as work:
        return new_account(work, kind, name, display_name, email)


def new_account(work: UnitOfWork, kind: Kind, name: str, display_name: str = "", email: str = "") -> AccountRow:
    """As `create_account`, in a transaction that does more than that."""
    _check(name_reasons(name), text_reasons(display_name, email))
    made = accounts.add(work, kind.value, name, name_key(name), display_name, email)
    record(work, "accounts:account:create", audited(made), after=_told(made))
    return made


def change_account(
    database: Database,
    actor: Actor,
    account_id: int,
    *,
    name: str | None = None,
    display_name: str | None = None,
    email: str | None = None,
) -> AccountRow:
    """Change what is given. Raises NotFoundError, ConflictError for one that was erased, and as `create_account`."""
    with database.write(actor) as work:
        return revise_account(work, account_id, name=name, display_name=display_name, email=email)


def revise_account(
    work: UnitOfWork,
    account_id: int,
    *,
    name: str | None = None,
    display_name: str | None = None,
    email: str | None = None,
) -> AccountRow:
    """As `change_account`, in a transaction that does more than that. A change to what it is leaves no event."""
    held = _not_erased(work, account_id)
    asked = {"name": name, "display_name": display_name, "email": email}
    values = {key: value for key, value in asked.items() if value is not None and value != getattr(held, key)}
    if not values:
        return held
    _check(name_reasons(values.get("name", held.name)), text_reasons(display_name or "", email or ""))
    if "name" in values:
        values["name_key"] = name_key(values["name"])
    accounts.change(work, account_id, values)
    changed = existing_account(work.connection, account_id)
    record(work, "accounts:account:update", audited(changed), before=_told(held), after=_told(changed))
    return changed


def disable_account(database: Database, actor: Actor, account_id: int) -> AccountRow:
    """Let an account do nothing any more; its sessions end. Raises as `change_account`, ConflictError for the last
    administrator of the system."""
    with database.write(actor) as work:
        keep_an_administrator(work, account_id)
        held = _not_erased(work, account_id)
        if held.state == State.DISABLED:
            return held
        sessions.revoke_all(work, account_id)
        return _set_state(work, held, State.DISABLED, "accounts:account:disable")


def enable_account(database: Database, actor: Actor, account_id: int) -> AccountRow:
    """Let a disabled account do again what it was granted. Raises as `change_account`."""
    with database.write(actor) as work:
        held = _not_erased(work, account_id)
        if held.state == State.ACTIVE:
            return held
        return _set_state(work, held, State.ACTIVE, "accounts:account:enable")


def erase_account(database: Database, actor: Actor, account_id: int) -> AccountRow:
    """Remove what is personal: name, mail address, credentials, sessions, grants; tokens end.

    The number stays, since the audit names people by it; what it says of this one can't be read any more. Raises as
    `disable_account`.
    """
    with database.write(actor) as work:
        keep_an_administrator(work, account_id)
        held = _not_erased(work, account_id)
        credentials.remove_all(work, account_id)
        sessions.remove_all(work, account_id)
        grants.remove_all(work, account_id)
        _end_tokens(work, account_id)
        name = erased_name(account_id)
        values = {"name": name, "name_key": name, "display_name": "", "email": "", "state": State.ERASED.value}
        accounts.change(work, account_id, values)
        if held.kind == Kind.PERSON:
            with contextlib.suppress(NotFoundError):  # the audit has been pruned since
                erase_subject(work, audited(held))
        # A number tells nobody anything, so this event is not one about the person.
        record(work, "accounts:account:erase", f"account:{account_id}")
        return existing_account(work.connection, account_id)


def find_account(database: Database, account_id: int) -> AccountRow:
    """An account by its number. Raises NotFoundError."""
    with database.read() as connection:
        return existing_account(connection, account_id)


def find_account_named(database: Database, name: str) -> AccountRow:
    """An account by its name, in whatever case. Raises NotFoundError."""
    with database.read() as connection:
        found = accounts.by_name(connection, name_key(name))
    if found is None:
        raise NotFoundError(f"there is no account {name!r}")
    return found


def list_accounts(
    database: Database, *, kind: str | None = None, state: str | None = None, after_id: int = 0, size: int
) -> list[AccountRow]:
    """Up to `size` accounts with numbers after `after_id`."""
    with database.read() as connection:
        return accounts.page(connection, after_id, size, kind=kind, state=state)


def existing_account(connection: Connection, account_id: int) -> AccountRow:
    """An account in a transaction. Raises NotFoundError."""
    found = accounts.by_id(connection, account_id)
    if found is None:
        raise NotFoundError(f"there is no account with the number {account_id}")
    return found


def active_account(work: UnitOfWork, account_id: int) -> AccountRow:
    """An account that is active, and stays so for this transaction. Raises NotFoundError, ConflictError."""
    held = _not_erased(work, account_id)
    if held.state != State.ACTIVE:
        raise ConflictError(f"the account {held.name} is {held.state}")
    return held


def audited(row: AccountRow) -> str:
    """What the audit calls an account."""
    return audit_name(row.kind, row.id, row.name)


def _set_state(work: UnitOfWork, held: AccountRow, state: State, tag: str) -> AccountRow:
    accounts.change(work, held.id, {"state": state.value})
    record(work, tag, audited(held), before={"state": held.state}, after={"state": state.value})
    return existing_account(work.connection, held.id)


def _end_tokens(work: UnitOfWork, account_id: int) -> None:
    after_id = 0
    while found := tokens.page(work.connection, after_id, _EVERY, account_id=account_id):
        for row in found:
            after_id = row.id
            if row.revoked_at is None:
                tokens.revoke(work, row.id)
            tokens.rename(work, row.id, erased_name(row.id))  # people give their tokens names that tell of them


def _not_erased(work: UnitOfWork, account_id: int) -> AccountRow:
    held = accounts.lock(work, account_id)
    if held is None:
        raise NotFoundError(f"there is no account with the number {account_id}")
    if held.state == State.ERASED:
        raise ConflictError(f"the account with the number {account_id} was erased")
    return held


def _check(*found: Any) -> None:
    if reasons := [reason for several in found for reason in several]:
        raise ValidationError(reasons)


def _told(row: AccountRow) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "display_name": row.display_name, "email": row.email}
