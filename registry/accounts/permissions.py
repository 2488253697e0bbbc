# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one table, and decisions that say why.

A grant gives an account a role (viewer, editor, admin) at a level: the whole system, a domain, a group of participants,
or one participant. It counts for everything below. An action needs a role at some level at least. Pure: no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from registry.errors import UnauthorizedError


class Role(StrEnum):
    """In rising order: who may more, may what those before may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """0 is the least."""
        return _RANKS[self]


class Level(StrEnum):
    """From the widest to the narrowest."""

    SYSTEM = "system"
    DOMAIN = "domain"
    GROUP = "group"
    PARTICIPANT = "participant"

    @property
    def rank(self) -> int:
        """0 is the widest."""
        return _RANKS[self]


# Looked up at every decision, of which a request may need many.
_RANKS: Mapping[StrEnum, int] = {item: rank for items in (Role, Level) for rank, item in enumerate(items)}


class Action(Enum):
    """What can be done: its name, the least role for it, and the narrowest level at which that role is enough."""

    DOMAIN_READ = "domain:read", Role.VIEWER, Level.DOMAIN
    DOMAIN_CREATE = "domain:create", Role.ADMIN, Level.SYSTEM
    DOMAIN_CHANGE = "domain:change", Role.ADMIN, Level.DOMAIN
    ZONE_READ = "zone:read", Role.VIEWER, Level.DOMAIN
    ZONE_WRITE = "zone:write", Role.ADMIN, Level.DOMAIN
    GROUP_READ = "group:read", Role.VIEWER, Level.GROUP
    GROUP_WRITE = "group:write", Role.ADMIN, Level.DOMAIN
    PARTICIPANT_LIST = "participant:list", Role.VIEWER, Level.GROUP
    PARTICIPANT_READ = "participant:read", Role.VIEWER, Level.PARTICIPANT
    PARTICIPANT_CREATE = "participant:create", Role.EDITOR, Level.GROUP
    PARTICIPANT_MOVE = "participant:move", Role.EDITOR, Level.DOMAIN
    PARTICIPANT_DELETE = "participant:delete", Role.EDITOR, Level.GROUP
    PLAN_READ = "plan:read", Role.VIEWER, Level.DOMAIN
    PLAN_WRITE = "plan:write", Role.EDITOR, Level.DOMAIN
    PLAN_APPROVE = "plan:approve", Role.EDITOR, Level.DOMAIN
    CAMPAIGN_READ = "campaign:read", Role.VIEWER, Level.DOMAIN
    CAMPAIGN_WRITE = "campaign:write", Role.ADMIN, Level.DOMAIN
    SERVICE_READ = "service:read", Role.VIEWER, Level.PARTICIPANT
    SERVICE_WRITE = "service:write", Role.EDITOR, Level.PARTICIPANT
    ACCESS_POINT_READ = "access-point:read", Role.VIEWER, Level.DOMAIN
    ACCESS_POINT_WRITE = "access-point:write", Role.EDITOR, Level.DOMAIN
    PUBLISHER_READ = "publisher:read", Role.VIEWER, Level.DOMAIN
    PUBLISHER_WRITE = "publisher:write", Role.ADMIN, Level.DOMAIN
    REGISTRATION_READ = "registration:read", Role.VIEWER, Level.PARTICIPANT
    REGISTRATION_LIST = "registration:list", Role.VIEWER, Level.DOMAIN
    REGISTRATION_WRITE = "registration:write", Role.EDITOR, Level.DOMAIN
    INTERVENTION_READ = "intervention:read", Role.ADMIN, Level.DOMAIN
    INTERVENTION_ASK = "intervention:ask", Role.ADMIN, Level.DOMAIN
    INTERVENTION_APPROVE = "intervention:approve", Role.ADMIN, Level.DOMAIN
    CONSISTENCY_CHECK = "consistency:check", Role.EDITOR, Level.DOMAIN
    CONSISTENCY_REPAIR = "consistency:repair", Role.ADMIN, Level.DOMAIN
    CERTIFICATE_READ = "certificate:read", Role.VIEWER, Level.DOMAIN
    DIRECTORY_READ = "directory:read", Role.VIEWER, Level.DOMAIN
    DIRECTORY_WRITE = "directory:write", Role.EDITOR, Level.DOMAIN
    PROBLEM_READ = "problem:read", Role.VIEWER, Level.DOMAIN
    PROBLEM_ACKNOWLEDGE = "problem:acknowledge", Role.EDITOR, Level.DOMAIN
    ALERT_READ = "alert:read", Role.ADMIN, Level.SYSTEM
    ALERT_WRITE = "alert:write", Role.ADMIN, Level.SYSTEM
    SETTING_READ = "setting:read", Role.ADMIN, Level.SYSTEM
    JOB_READ = "job:read", Role.VIEWER, Level.DOMAIN
    JOB_CANCEL = "job:cancel", Role.EDITOR, Level.DOMAIN
    AUDIT_READ = "audit:read", Role.ADMIN, Level.DOMAIN
    AUDIT_ERASE = "audit:erase", Role.ADMIN, Level.SYSTEM
    GRANT_READ = "grant:read", Role.ADMIN, Level.GROUP
    GRANT_WRITE = "grant:write", Role.ADMIN, Level.GROUP
    ACCOUNT_READ = "account:read", Role.ADMIN, Level.SYSTEM
    ACCOUNT_WRITE = "account:write", Role.ADMIN, Level.SYSTEM
    SYSTEM_READ = "system:read", Role.VIEWER, Level.SYSTEM

    def __init__(self, title: str, role: Role, level: Level) -> None:
        self.title = title
        self.role = role
        self.level = level


@dataclass(frozen=True, slots=True)
class Scope:
    """A place at which something is done or granted: the whole system, or what is named of the rest.

    A participant is in a domain, by scheme and value as they compare, and perhaps in a group.
    """

    domain_id: int | None = None
    group_id: int | None = None
    participant: tuple[str, str] | None = None

    @property
    def level(self) -> Level:
        """The narrowest level that is named."""
        if self.participant is not None:
            return Level.PARTICIPANT
        if self.group_id is not None:
            return Level.GROUP
        return Level.SYSTEM if self.domain_id is None else Level.DOMAIN

    def covers(self, other: "Scope") -> bool:
        """Whether `other` is this place or inside of it."""
        if self.domain_id is not None and self.domain_id != other.domain_id:
            return False
        if self.participant is not None:
            return self.participant == other.participant
        return self.group_id is None or self.group_id == other.group_id


SYSTEM = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a place."""

    role: Role
    scope: Scope = SYSTEM


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, however they proved it.

    `limit` is what the credential allows at most (a token may be for less than its account); None: all of the grants.
    `actor` is what the audit calls them. `account_id` is None for a token that was made before there were accounts.
    """

    actor: str
    name: str
    kind: str
    method: str
    account_id: int | None = None
    grants: tuple[Grant, ...] = ()
    limit: Grant | None = None
    management: str = "native"
    session_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and every grant that was looked at, with what it gave, in words."""

    allowed: bool
    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.allowed


def decide(principal: Principal, action: Action, scope: Scope) -> Decision:
    """Whether `principal` may do `action` at `scope`."""
    if principal.limit is not None and (refusal := _refusal(principal.limit, action, scope)):
        return Decision(allowed=False, reasons=(f"the {principal.method} is for less: {refusal}",))
    reasons: list[str] = []
    for grant in principal.grants:
        refusal = _refusal(grant, action, scope)
        if refusal is None:
            return Decision(allowed=True, reasons=(*reasons, f"{_words(grant)} is enough for {action.title}"))
        reasons.append(refusal)
    return Decision(allowed=False, reasons=(*reasons, f"no grant of {principal.name} allows {action.title} here"))


def require(principal: Principal, action: Action, scope: Scope) -> None:
    """Raises UnauthorizedError, with the reasons, where `decide` says no."""
    decision = decide(principal, action, scope)
    if not decision:
        raise UnauthorizedError(decision.reasons[-1])


def visible(principal: Principal, action: Action, domain_id: int) -> Scope | tuple[Scope, ...]:
    """The part of a domain in which `principal` may do `action`: the domain as one scope, or the narrower ones."""
    whole = Scope(domain_id)
    if decide(principal, action, whole):
        return whole
    return tuple(
        grant.scope
        for grant in principal.grants
        if whole.covers(grant.scope) and decide(principal, action, grant.scope)
    )


def _refusal(grant: Grant, action: Action, scope: Scope) -> str | None:
    """Why a grant is not enough; None where it is."""
    if not grant.scope.covers(scope):
        return f"{_words(grant)} is for another place"
    if grant.role.rank < action.role.rank:
        return f"{_words(grant)} is not {action.role}, which {action.title} needs"
    if grant.scope.level.rank > action.level.rank:
        return f"{_words(grant)} is too narrow: {action.title} needs it for the {action.level} at least"
    return None


def _words(grant: Grant) -> str:
    level = grant.scope.level
    return f"{grant.role} of {'the system' if level is Level.SYSTEM else f'a {level}'}"


ACTIONS: Mapping[str, Action] = {action.title: action for action in Action}
