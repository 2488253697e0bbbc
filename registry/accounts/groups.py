# SPDX-License-Identifier: Apache-2.0
"""Groups of participants of a domain, for whom somebody else may be responsible than for the rest."""

from registry.accounts.grants import drop_group_grants
from registry.accounts.permissions import Action, Principal, Scope, decide
from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError, Reason, UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import owner_groups, service_groups
from registry.storage.queries.owner_groups import OwnerGroupRow
from registry.storage.unit_of_work import Connection, UnitOfWork

_MAX_NAME = 64
_MAX_DESCRIPTION = 1_000
_EVERY = 1_000


def create_group(database: Database, actor: Actor, domain_id: int, name: str, description: str = "") -> OwnerGroupRow:
    """Make an empty group. Raises ValidationError, AlreadyExistsError where the domain has one of that name."""
    _check(name, description)
    with database.write(actor) as work:
        made = owner_groups.add(work, domain_id, name, description)
        record(work, "accounts:owner-group:create", _subject(name), domain_id=domain_id, after=_told(made))
        return made


def change_group(
    database: Database, actor: Actor, group_id: int, *, name: str | None = None, description: str | None = None
) -> OwnerGroupRow:
    """Change what is given. Raises NotFoundError, and as `create_group`."""
    with database.write(actor) as work:
        held = _held(work, group_id)
        asked = {"name": name, "description": description}
        values = {key: value for key, value in asked.items() if value is not None and value != getattr(held, key)}
        if not values:
            return held
        _check(values.get("name", held.name), values.get("description", held.description))
        owner_groups.change(work, group_id, values)
        changed = _held(work, group_id)
        tag = "accounts:owner-group:update"
        record(work, tag, _subject(changed.name), domain_id=held.domain_id, before=_told(held), after=_told(changed))
        return changed


def delete_group(database: Database, actor: Actor, group_id: int) -> None:
    """Remove an empty group with the grants for it. Raises NotFoundError, ConflictError while it isn't empty."""
    with database.write(actor) as work:
        held = _held(work, group_id)
        if inside := owner_groups.participants(work.connection, group_id):
            raise ConflictError(f"{inside} participants are in the group {held.name}; move them first")
        drop_group_grants(work, group_id)
        owner_groups.remove(work, group_id)
        record(work, "accounts:owner-group:delete", _subject(held.name), domain_id=held.domain_id, before=_told(held))


def move_participant(
    database: Database, actor: Actor, domain_id: int, scheme: str, value_key: str, group_id: int | None
) -> None:
    """Put a participant into a group of its domain, or (None) into none.

    Raises NotFoundError where the domain has no such participant, or no such group.
    """
    with database.write(actor) as work:
        service_groups.lock_participant(work, domain_id, scheme, value_key)
        exists, held = owner_groups.of_participant(work.connection, domain_id, scheme, value_key)
        if not exists:
            raise NotFoundError("the domain has no such participant")
        if held != group_id:
            place_participant(work, domain_id, scheme, value_key, group_id)


def place_participant(work: UnitOfWork, domain_id: int, scheme: str, value_key: str, group_id: int | None) -> None:
    """As `move_participant`, for a participant that is there, in a transaction that does more than that."""
    _, before = owner_groups.of_participant(work.connection, domain_id, scheme, value_key)
    names = [None if number is None else _held(work, number) for number in (before, group_id)]
    if names[1] is not None and names[1].domain_id != domain_id:
        raise NotFoundError("the domain has no such group")
    owner_groups.place(work, domain_id, scheme, value_key, group_id)
    found = service_groups.find(work.connection, domain_id, scheme, value_key)
    assert found is not None  # noqa: S101  # it is there
    told = [{"group": row and row.name} for row in names]
    # About the participant, which may be a person: sealed with what else is said of it.
    tag = "smp:service-group:move"
    record(work, tag, str(found.participant), domain_id=domain_id, before=told[0], after=told[1])


def group_for_new(connection: Connection, principal: Principal, domain_id: int, wanted: str = "") -> int | None:
    """The group that a participant gets into which `principal` publishes for the first time; None for none.

    That is the group that is asked for by its name, or else the only one in which they may. Whoever may in the whole
    domain needs none. Raises UnauthorizedError where they may nowhere, ValidationError where it can't be told which
    group is meant, NotFoundError for one that there is not.
    """
    action = Action.PARTICIPANT_CREATE
    if wanted:
        group = owner_groups.by_name(connection, domain_id, wanted)
        if group is None:
            raise NotFoundError(f"the domain has no group {wanted!r}")
        candidates = {group.id}
    else:
        whole = decide(principal, action, Scope(domain_id))
        if whole:
            return None
        granted = (grant.scope for grant in principal.grants if grant.scope.domain_id == domain_id)
        candidates = {scope.group_id for scope in granted if scope.group_id is not None}
    allowed = sorted(number for number in candidates if decide(principal, action, Scope(domain_id, number)))
    if not allowed:
        raise UnauthorizedError(f"no grant of {principal.name} allows {action.title} here")
    if len(allowed) > 1:
        message = f"{principal.name} edits in several groups; say which one the new participant belongs to (?group=)"
        raise ValidationError.of("GROUP-AMBIGUOUS", message)
    return allowed[0]


def find_group(database: Database, domain_id: int, name: str) -> OwnerGroupRow:
    """A domain's group by its name. Raises NotFoundError."""
    with database.read() as connection:
        found = owner_groups.by_name(connection, domain_id, name)
    if found is None:
        raise NotFoundError(f"the domain has no group {name!r}")
    return found


def group_name(database: Database, group_id: int) -> str:
    """What a group is called. Raises NotFoundError."""
    with database.read() as connection:
        found = owner_groups.by_id(connection, group_id)
    if found is None:
        raise NotFoundError(f"there is no group with the number {group_id}")
    return found.name


def list_groups(
    database: Database, domain_id: int | None = None, *, after_id: int = 0, size: int
) -> list[OwnerGroupRow]:
    """Up to `size` groups with numbers after `after_id`, of one domain or of all."""
    with database.read() as connection:
        return owner_groups.page(connection, domain_id, after_id, size)


def _held(work: UnitOfWork, group_id: int) -> OwnerGroupRow:
    held = owner_groups.lock(work, group_id)
    if held is None:
        raise NotFoundError(f"there is no group with the number {group_id}")
    return held


def _check(name: str, description: str) -> None:
    reasons = []
    if not name.strip() or name != name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        message = f"a group's name has 1 to {_MAX_NAME} printable characters, no space around"
        reasons.append(Reason("GROUP-NAME", message))
    if len(description) > _MAX_DESCRIPTION:
        reasons.append(Reason("GROUP-DESCRIPTION", f"a description has at most {_MAX_DESCRIPTION} characters"))
    if reasons:
        raise ValidationError(reasons)


def _subject(name: str) -> str:
    return f"owner-group:{name}"


def _told(row: OwnerGroupRow) -> dict[str, str | int]:
    return {"id": row.id, "name": row.name, "description": row.description}
