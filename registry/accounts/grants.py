# SPDX-License-Identifier: Apache-2.0
"""Who has which role where: given, taken, and kept in step with the groups of an OIDC provider."""

from collections.abc import Iterable
from typing import Any

from registry.accounts.names import audit_name
from registry.accounts.permissions import SYSTEM, Action, Grant, Level, Principal, Role, Scope, require
from registry.accounts.scopes import check_scope, grant_of, place_of
from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError, UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts, grants, service_groups
from registry.storage.queries.accounts import AccountRow
from registry.storage.queries.grants import GrantRow
from registry.storage.unit_of_work import UnitOfWork

LOCAL = "local"
OIDC = "oidc"
MAX_GRANTS = 1_000
"""Of an account: all of them are read at every request. Whoever looks after more participants has a group."""


def give_grant(
    database: Database, actor: Actor, account_id: int, role: Role, scope: Scope, *, by: Principal | None = None
) -> GrantRow:
    """Give an account a role at a place, instead of the one that it may have there.

    `by` is who asks: they need `grant:write` there, and can't give more than they have; None is whoever runs the
    installation. Raises UnauthorizedError; NotFoundError for an account or place that there is not; ConflictError for
    an erased account, and where the system would have no administrator; ValidationError for too many grants.
    """
    with database.write(actor) as work:
        place = check_scope(work.connection, scope)
        _may_give(by, role, place)
        if scope == SYSTEM and role is not Role.ADMIN:
            keep_an_administrator(work, account_id)
        account = _account(work, account_id)
        if account.state == "erased":
            raise ConflictError(f"the account with the number {account_id} was erased")
        row = _put(work, account, Grant(role, place), LOCAL)
        if grants.count(work.connection, account_id) > MAX_GRANTS:
            message = f"an account has at most {MAX_GRANTS} grants; give one for a group of participants"
            raise ValidationError.of("GRANT-MANY", message)
        return row


def take_grant(database: Database, actor: Actor, grant_id: int, *, by: Principal | None = None) -> None:
    """Take a grant away. Raises as `give_grant`; ConflictError also where it follows an OIDC provider's groups."""
    with database.write(actor) as work:
        held = grants.by_id(work.connection, grant_id)
        if held is None:
            raise NotFoundError(f"there is no grant with the number {grant_id}")
        given = grant_of(held.role, held.place)
        _may_give(by, given.role, _scope_now(work, given.scope))
        if held.source != LOCAL:
            raise ConflictError("this grant follows the groups of the OIDC provider; change it there")
        if given == Grant(Role.ADMIN):
            keep_an_administrator(work, held.account_id)
        _remove(work, _account(work, held.account_id), held)


def sync_oidc_grants(work: UnitOfWork, account_id: int, wanted: Iterable[Grant]) -> None:
    """Make an account's grants from the provider these, at its login; local ones stay.

    Takes the last administrator of the system away, too: what the provider says counts, and whoever runs the
    installation can make another one. Raises NotFoundError for an account that there is not.
    """
    account = _account(work, account_id)
    # Of several at one place the strongest counts.
    best = {grant.scope: grant for grant in sorted(wanted, key=lambda grant: grant.role.rank)}
    for held in grants.of_account(work.connection, account_id):
        if held.source == OIDC and grant_of(held.role, held.place).scope not in best:
            _remove(work, account, held)
    for grant in best.values():
        _put(work, account, grant, OIDC)


def list_grants(
    database: Database, *, account_id: int | None = None, domain_id: int | None = None, after_id: int = 0, size: int
) -> list[GrantRow]:
    """Up to `size` grants with numbers after `after_id`; those of an account are all given at once."""
    with database.read() as connection:
        if account_id is not None:
            return grants.of_account(connection, account_id)
        return grants.page(connection, after_id, size, domain_id=domain_id)


def drop_group_grants(work: UnitOfWork, owner_group_id: int) -> None:
    """Take away every grant for a group that goes."""
    for held in grants.of_group(work.connection, owner_group_id):
        _remove(work, _account(work, held.account_id), held)


def drop_participant_grants(work: UnitOfWork, domain_id: int, scheme: str, value_key: str) -> None:
    """Take away every grant for a participant that goes: whoever publishes it again is somebody else."""
    place = place_of(Scope(domain_id, None, (scheme, value_key)))
    for held in grants.at_place(work.connection, place):
        _remove(work, _account(work, held.account_id), held)


def keep_an_administrator(work: UnitOfWork, account_id: int) -> None:
    """Raises ConflictError where an account is the only active administrator of the system."""
    if grants.lock_system_admins(work) == {account_id}:
        raise ConflictError("this is the last administrator of the system; make another one first")


def _may_give(by: Principal | None, role: Role, scope: Scope) -> None:
    if by is None:
        return
    require(by, Action.GRANT_WRITE, scope)
    own = max((grant.role.rank for grant in by.grants if grant.scope.covers(scope)), default=-1)
    if by.limit is not None:
        own = min(own, by.limit.role.rank)
    if role.rank > own:
        raise UnauthorizedError(f"nobody gives more than they have: {role}")


def _scope_now(work: UnitOfWork, scope: Scope) -> Scope:
    """Of a participant with the group that it is in now, if it is still there."""
    try:
        return check_scope(work.connection, scope)
    except NotFoundError:
        return scope


def _put(work: UnitOfWork, account: AccountRow, grant: Grant, source: str) -> GrantRow:
    place = place_of(grant.scope)
    same_place = (row for row in grants.of_account(work.connection, account.id) if row.place == place)
    held = next((row for row in same_place if row.source == source), None)
    if held is not None and held.role == grant.role:
        return held
    grant_id = grants.put(work, account.id, grant.role.value, place, source)
    row = grants.by_id(work.connection, grant_id)
    assert row is not None  # noqa: S101  # it was just written
    _record(work, account, before=held, after=row)
    return row


def _remove(work: UnitOfWork, account: AccountRow, held: GrantRow) -> None:
    grants.remove(work, held.id)
    _record(work, account, before=held)


def _account(work: UnitOfWork, account_id: int) -> AccountRow:
    found = accounts.lock(work, account_id)
    if found is None:
        raise NotFoundError(f"there is no account with the number {account_id}")
    return found


def _record(
    work: UnitOfWork, account: AccountRow, *, before: GrantRow | None = None, after: GrantRow | None = None
) -> None:
    row = after or before
    assert row is not None  # noqa: S101  # there is always one of them
    who = audit_name(account.kind, account.id, account.name)
    told = [None if item is None else _told(item) for item in (before, after)]
    if before is None:
        tags = ("accounts:grant:create", "smp:service-group:grant-create")
    elif after is None:
        tags = ("accounts:grant:delete", "smp:service-group:grant-delete")
    else:
        tags = ("accounts:grant:update", "smp:service-group:grant-update")
    record(work, tags[0], who, domain_id=row.place.domain_id, before=told[0], after=told[1])
    if row.place.level == Level.PARTICIPANT:
        _record_participant(work, tags[1], who, row, before, after)


def _record_participant(
    work: UnitOfWork, tag: str, who: str, row: GrantRow, before: GrantRow | None, after: GrantRow | None
) -> None:
    """Which participant is told by an event about the participant: it may be a person, and erased one day."""
    place = row.place
    assert place.domain_id is not None  # noqa: S101  # participants are in domains
    found = service_groups.find(work.connection, place.domain_id, place.scheme or "", place.value_key or "")
    subject = f"{place.scheme}::{place.value_key}" if found is None else str(found.participant)
    roles = [None if item is None else {"account": who, "role": item.role} for item in (before, after)]
    record(work, tag, subject, domain_id=place.domain_id, before=roles[0], after=roles[1])


def _told(row: GrantRow) -> dict[str, Any]:
    place = row.place
    told = {"id": row.id, "role": row.role, "level": place.level, "source": row.source}
    return told if place.owner_group_id is None else told | {"group": place.owner_group_id}
