# SPDX-License-Identifier: Apache-2.0
"""Takes the users of an old SMP in: for each an account without credentials, and a group for what is theirs.

Both are named after the login, and the account may edit the group. Nobody can log in until somebody gives the account
a password or a token: what the old system stored of those is not carried. An account that has credentials, or may do
something else as well, isn't the move's own: it is left as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from registry.accounts.accounts import (
    Kind as AccountKind,
)
from registry.accounts.accounts import (
    State,
    disable_account,
    enable_account,
    erase_account,
    new_account,
    revise_account,
)
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group, delete_group
from registry.accounts.names import name_key
from registry.accounts.permissions import Role, Scope
from registry.errors import Reason, ValidationError
from registry.move_in.attempts import attempt
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts, credentials, grants, owner_groups, tokens
from registry.storage.queries.accounts import AccountRow
from registry.storage.unit_of_work import Connection, UnitOfWork

_FIELDS = {"login": str, "name": str, "email": str, "enabled": bool}


@dataclass(frozen=True, slots=True)
class _Owner:
    """A user as the source has them."""

    login: str
    name: str
    email: str
    enabled: bool


class Owners:
    """Implements `registry.move_in.model.Receiver` for one domain."""

    kind = Kind.OWNER

    def __init__(self, database: Database, domain_id: int) -> None:
        self._database = database
        self._domain_id = domain_id

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`."""
        return [
            *(attempt(self._database, work, each.key, partial(self._take, record=each)) for each in records),
            *(attempt(self._database, work, key, partial(self._remove, login=key)) for key in gone),
        ]

    def _take(self, work: UnitOfWork, record: SourceRecord) -> Result:
        owner = _read(record)
        actor, login, notes = Actor(work.actor, work.request_id), owner.login, list[str]()
        group = owner_groups.by_name(work.connection, self._domain_id, login)
        verdict = Verdict.CREATED if group is None else Verdict.UPDATED
        if group is None:
            group = create_group(self._database, actor, self._domain_id, login, f"What was {login}'s before the move")
        held = accounts.by_name(work.connection, name_key(login))
        if held is None:
            held = new_account(work, AccountKind.PERSON, login, owner.name, owner.email)
        elif self._is_ours(work.connection, held, group.id):
            held = revise_account(work, held.id, display_name=owner.name, email=owner.email)
        else:
            notes.append("there is an account of this name already, which stays as it is and may now edit the group")
        give_grant(self._database, actor, held.id, Role.EDITOR, Scope(self._domain_id, group.id))
        if self._is_ours(work.connection, held, group.id):
            wanted = State.ACTIVE if owner.enabled else State.DISABLED
            if held.state != wanted:
                (enable_account if owner.enabled else disable_account)(self._database, actor, held.id)
        return Result(record.key, verdict, notes=tuple(notes))

    def _remove(self, work: UnitOfWork, login: str) -> Result:
        actor = Actor(work.actor, work.request_id)
        group = owner_groups.by_name(work.connection, self._domain_id, login)
        held = accounts.by_name(work.connection, name_key(login))
        if held is not None and group is not None and self._is_ours(work.connection, held, group.id):
            erase_account(self._database, actor, held.id)
        if group is not None:
            delete_group(self._database, actor, group.id)
        return Result(login, Verdict.REMOVED)

    def _is_ours(self, connection: Connection, account: AccountRow, group_id: int) -> bool:
        """Whether an account has nothing that somebody else has given it."""
        elsewhere = (
            grant
            for grant in grants.of_account(connection, account.id)
            if (grant.place.domain_id, grant.place.owner_group_id) != (self._domain_id, group_id)
        )
        return (
            account.state != State.ERASED
            and not credentials.of_account(connection, account.id)
            and not tokens.page(connection, 0, 1, account_id=account.id)
            and not any(elsewhere)
        )


def _read(record: SourceRecord) -> _Owner:
    """What a record says. Raises ValidationError."""
    said = json.loads(record.body)
    wrong = [name for name, kind in _FIELDS.items() if type(said.get(name)) is not kind]
    if wrong:
        raise ValidationError([Reason("MOVE-IN-OWNER", f"the user has no {name}") for name in wrong])
    return _Owner(**{name: said[name] for name in _FIELDS})
