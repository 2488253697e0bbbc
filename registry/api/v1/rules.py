# SPDX-License-Identifier: Apache-2.0
"""The rule of a route: who may call it. Each route has one, and a test walks all of them.

A place that the caller sees nothing of answers as one that doesn't exist (404); at one that they see, but where their
role is too small, it is 403. So nobody learns what there is besides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.accounts.permissions import SYSTEM, Action, Level, Principal, Scope, decide, visible
from registry.accounts.scopes import scope_of_participant
from registry.api.v1.context import ApiContext, no_domain
from registry.errors import NotFoundError, UnauthorizedError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.storage.domain_directory import StoredDomain

Place = Callable[[ApiContext, Mapping[str, str]], Scope]
"""The scope that the parameters of a path name (decoded). Raises NotFoundError."""


@dataclass(frozen=True, slots=True)
class Open:
    """For everybody, also without a credential."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """For everybody who is known: about themselves."""

    before_password_change: bool = False
    """Also for those whose password has to be changed first."""


@dataclass(frozen=True, slots=True)
class Needs:
    """For those who may do `action` at the place that the path names."""

    action: Action
    at: Place


@dataclass(frozen=True, slots=True)
class Within:
    """For those who may do `action` in some part of the place; the handler must narrow it down.

    It does so with `Call.require`, `Call.visible` or `Call.may`; the kernel refuses to answer where it hasn't.
    """

    action: Action
    at: Place


Rule = Open | Authenticated | Needs | Within


def system(_context: ApiContext, _path: Mapping[str, str]) -> Scope:
    """The whole installation."""
    return SYSTEM


def domain(context: ApiContext, path: Mapping[str, str]) -> Scope:
    """The domain that the path names as `{domain}`."""
    return Scope(context.domain(path["domain"]).id)


def participant(context: ApiContext, path: Mapping[str, str]) -> Scope:
    """The participant that the path names as `{domain}` and `{participant}`, in its group; whether or not it exists.

    Raises ValidationError for what is no identifier.
    """
    stored = context.domain(path["domain"])
    return scope_of(context, stored, parsed_participant(stored, path["participant"]))


def scope_of(context: ApiContext, stored: StoredDomain, identifier: ParticipantIdentifier) -> Scope:
    """The scope of a participant."""
    key = stored.domain.identifiers.participant_key(identifier)
    with context.database.read() as connection:
        return scope_of_participant(connection, stored.id, identifier.scheme, key)


def parsed_participant(stored: StoredDomain, text: str) -> ParticipantIdentifier:
    """An identifier as a domain writes it. Raises ValidationError."""
    return ParticipantIdentifier.parse(text, scheme_optional=stored.domain.identifiers.participant.allow_no_scheme)


def admit(context: ApiContext, rule: Rule, principal: Principal, path: Mapping[str, str]) -> None:
    """Raises UnauthorizedError or NotFoundError where the rule does not let the caller in."""
    in_domain = isinstance(rule, Needs | Within) and "domain" in path
    # First of all: what follows may tell something of the inside of the domain.
    if in_domain and not sees(principal, Scope(context.domain(path["domain"]).id)):
        raise no_domain(path["domain"])
    match rule:
        case Needs(action, at):
            require(principal, action, at(context, path), missing_at(path))
        case Within(action, at):
            scope = at(context, path)
            if scope.domain_id is None or visible(principal, action, scope.domain_id):
                return  # of the whole installation everybody sees their part, if only nothing
            require(principal, action, scope, missing_at(path))
        case _:
            return


def require(principal: Principal, action: Action, scope: Scope, missing: Callable[[], NotFoundError]) -> None:
    """Raises UnauthorizedError where the role is too small, and what `missing` makes where the place isn't seen."""
    decision = decide(principal, action, scope)
    if decision:
        return
    if not sees(principal, scope):
        raise missing()
    raise UnauthorizedError(decision.reasons[-1])


def sees(principal: Principal, scope: Scope) -> bool:
    """Whether a caller knows of a place, since they have a grant for it, for a part of it, or for what it is in.

    That there is a system, everybody knows.
    """
    if scope == SYSTEM:
        return True

    def touches(granted: Scope) -> bool:
        return granted.covers(scope) or scope.covers(granted)

    if principal.limit is not None and not touches(principal.limit.scope):
        return False
    return any(touches(grant.scope) for grant in principal.grants)


def missing_at(path: Mapping[str, str]) -> Callable[[], NotFoundError]:
    """What is said of a place that a path names where there is nothing, or nothing to be seen."""
    if "participant" in path:
        return lambda: no_participant(path["participant"])
    return lambda: no_domain(path.get("domain", ""))


def no_participant(text: str) -> NotFoundError:
    """The same for one that there isn't and one that the caller must not know of."""
    return NotFoundError(f"{shorten(text)} is not published here")


def level_of(rule: Rule) -> Level | None:
    """The level at which the rule's role is enough; None where it asks for no role."""
    return rule.action.level if isinstance(rule, Needs | Within) else None
