# SPDX-License-Identifier: Apache-2.0
"""A request that is sent again, since its first answer never came: done once, answered twice.

Two ways to know it. By a key that the caller gave it (`Idempotency-Key`): then the same operation under the same key is
the same request for a day, and another one under it is refused. Or, for `sml.repeat_window_s` of the domain, by being
equal: then it is answered as the first one only while what that did still stands, since the callers that are in the
field know by "already exist" that nothing is left to do. Either way the caller is whoever shows the same certificate,
and has to be let in again. What was refused leaves nothing.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from cryptography import x509

from registry.errors import ConflictError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.authorization import AuthorizedCaller
from registry.sml.calls import Calls
from registry.sml.errors import SmlError, bad_request
from registry.sml.model import Caller, Publisher
from registry.sml.publishers import publisher_of
from registry.storage.domain_directory import DomainDirectory
from registry.storage.kept_answers import HEADER, KeptAnswer, OtherRequestError, once
from registry.storage.queries import idempotent_answers, publishers, registrations
from registry.storage.unit_of_work import UnitOfWork

_P = ParamSpec("_P")
Stands = Callable[[UnitOfWork, AuthorizedCaller], bool]


class Operations(Protocol):
    """Whose operations can be repeated."""

    calls: Calls
    directory: DomainDirectory


_O = TypeVar("_O", bound=Operations)
Operation = Callable[Concatenate[_O, Caller, _P], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an operation brings about: for which SMP, where it is about one, and how to see that it still stands."""

    smp_id: str | None
    stands: Stands | None = None
    """None where the operation is the same however often it is carried out."""


def keyed(caller_of: Callable[[Any, str], Caller]) -> Callable[[Any, str], Caller]:
    """The caller of an ASGI scope, with the key that its request has in the header `Idempotency-Key`."""

    def caller(scope: Any, request_id: str) -> Caller:
        key = next((value for name, value in scope["headers"] if name == HEADER.encode()), b"")
        return replace(caller_of(scope, request_id), idempotency_key=key.decode("latin-1"))

    return caller


def once_for(
    work: UnitOfWork, authorized: AuthorizedCaller, caller: Caller, request: bytes, carry_out: Callable[[], bytes]
) -> bytes:
    """What `carry_out` answers, or answered the last time under the caller's key.

    Raises SmlError (ERR-106) for a key that is none, or belongs to another request.
    """
    try:
        return once(work, _name(authorized), caller.idempotency_key, request, lambda: KeptAnswer(carry_out())).body
    except OtherRequestError as error:
        raise bad_request("The Idempotency-Key belongs to another request", ConflictError(str(error))) from error
    except ValidationError as error:
        raise bad_request(str(error), error) from error


def repeatable(effect_of: Callable[_P, Effect]) -> Callable[[Operation[_O, _P]], Operation[_O, _P]]:
    """An operation without an answer that may be repeated; `effect_of` takes what it takes behind the caller."""

    def decorate(operation: Operation[_O, _P]) -> Operation[_O, _P]:
        @functools.wraps(operation)
        def repeated(self: _O, caller: Caller, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
            effect = effect_of(*args, **kwargs)

            def carry_out() -> bytes:
                operation(self, caller, *args, **kwargs)
                return b""

            windows = [stored.domain.sml.repeat_window_s for stored in self.directory.with_sml()]
            if not caller.idempotency_key and not (effect.stands and any(windows)):
                carry_out()
                return
            request = repr((operation.__name__, args, sorted(kwargs.items()))).encode()
            with self.calls.open(caller, effect.smp_id) as (work, authorized):
                if caller.idempotency_key:
                    once_for(work, authorized, caller, request, carry_out)
                elif not (effect.stands and _was_done(work, authorized, request, effect.stands)):
                    carry_out()

        return repeated

    return decorate


def _was_done(work: UnitOfWork, authorized: AuthorizedCaller, request: bytes, stands: Stands) -> bool:
    """Whether an equal request was carried out within the window, and nobody has changed that since.

    If not, the window begins with this one, once it is carried out.
    """
    window = timedelta(seconds=max(stored.domain.sml.repeat_window_s for stored in authorized.domains))
    if not window:
        return False
    who = hashlib.sha256(_name(authorized).encode()).hexdigest()
    asked = hashlib.sha256(request).hexdigest()
    # No key that a caller gives has this hash for its own: it would have to hold what isn't visible ASCII.
    key = hashlib.sha256(b"\0" + request).hexdigest()
    if idempotent_answers.claim(work, who, key, asked, work.now - window) is None:
        return False
    if stands(work, authorized):
        return True
    idempotent_answers.renew(work, who, key)
    return False


def _name(authorized: AuthorizedCaller) -> str:
    return f"certificate:{authorized.sha256}"


def created(publisher: Publisher) -> Effect:
    """The SMP exists, with these addresses."""

    def stands(work: UnitOfWork, authorized: AuthorizedCaller) -> bool:
        row = _own(work, authorized, publisher.smp_id)
        return row is not None and publisher_of(row) == publisher

    return Effect(publisher.smp_id, stands)


def changed(publisher: Publisher) -> Effect:
    """The SMP has these addresses, however often it is given them."""
    return Effect(publisher.smp_id)


def removed(smp_id: str) -> Effect:
    """The SMP doesn't exist."""

    def stands(work: UnitOfWork, authorized: AuthorizedCaller) -> bool:
        return not publishers.find(work.connection, authorized.domain_ids, smp_id)

    return Effect(smp_id, stands)


def registered(smp_id: str, participants: Sequence[ParticipantIdentifier], service: str | None = None) -> Effect:  # noqa: ARG001
    """The SMP has the participants; their services are what they were asked to be, or more."""

    def stands(work: UnitOfWork, authorized: AuthorizedCaller) -> bool:
        row = _own(work, authorized, smp_id)
        if row is None:
            return False
        held = _registrations(work, authorized, row.domain_id, participants)
        return len(held) == len(participants) and all(each.publisher_id == row.id for each in held)

    return Effect(smp_id, stands)


def unregistered(smp_id: str | None, participants: Sequence[ParticipantIdentifier]) -> Effect:
    """Nobody has the participants."""

    def stands(work: UnitOfWork, authorized: AuthorizedCaller) -> bool:
        return not any(_registrations(work, authorized, each, participants) for each in authorized.domain_ids)

    return Effect(smp_id, stands)


def migrated(smp_id: str, participant: ParticipantIdentifier, key: str) -> Effect:  # noqa: ARG001
    """The SMP has the participant."""
    return registered(smp_id, [participant])


def prepared(smp_id: str, participant: ParticipantIdentifier, key: str) -> Effect:  # noqa: ARG001
    """The migration is open under this key, however often it is prepared."""
    return Effect(smp_id)


def succeeding(new_certificate: x509.Certificate | str, migration_date: date | None) -> Effect:  # noqa: ARG001
    """The certificate is known as the next one of the caller's SMPs, however often it is told."""
    return Effect(None)


def _own(work: UnitOfWork, authorized: AuthorizedCaller, smp_id: str) -> publishers.PublisherRow | None:
    """The caller's SMP; None where the caller may not speak for it now."""
    try:
        return authorized.own_publisher(work, smp_id)
    except SmlError:
        return None


def _registrations(
    work: UnitOfWork, authorized: AuthorizedCaller, domain_id: int, participants: Sequence[ParticipantIdentifier]
) -> list[registrations.RegistrationRow]:
    rules = next(stored.domain.identifiers for stored in authorized.domains if stored.id == domain_id)
    keys = [(participant.scheme, rules.participant_key(participant)) for participant in participants]
    return registrations.find(work.connection, domain_id, keys)
